import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { lineFigure, notForDiagnosis } from '../display';
import { lossPlot, type NotebookCell, notebookHtml } from '../display/internal';
import { readObject } from '../files';
import { writeFileAtomic } from '../files/internal';
import { tailLoss } from '../training';
import { tailMean } from '../training/internal';
import { type RunConfig, type RunLine, readRunLog } from './run-folder';

/** A run as listed. */
export interface RunSummary {
  readonly name: string;
  readonly folder: string;
  readonly recipe: string;
  readonly seed: number;
  readonly step: number;
  readonly steps: number;
  /** Of the last tenth of its steps. */
  readonly loss: number | null;
  readonly imagesPerSecond: number | null;
}

/** What a run's folder says of it. */
export async function describeRun(folder: string): Promise<RunSummary> {
  const { recipe, seed } = await readObject<RunConfig & { recipe: { name: string } }>(join(folder, 'config.json'), (config) => {
    if (typeof config.recipe?.name !== 'string' || typeof config.seed !== 'number')
      throw new RangeError('is not the config.json of a run: expected a recipe with its name, and a seed');
  });
  const log = await readRunLog(folder);
  const last = log.at(-1);
  return {
    name: basename(folder),
    folder,
    recipe: recipe.name,
    seed,
    step: last?.step ?? 0,
    steps: last?.steps ?? 0,
    loss: last ? tailLoss(log) : null,
    imagesPerSecond: last ? tailMean(log, ({ imagesPerSecond }) => imagesPerSecond) : null,
  };
}

/** The folders directly below `folder` that hold a run, by name. */
export function runsBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map(({ name }) => join(folder, name))
    .filter((path) => existsSync(join(path, 'config.json')))
    .sort();
}

const output = (data: object): NotebookCell => ({
  cell_type: 'code',
  source: '',
  outputs: [{ output_type: 'display_data', data: data as Record<string, unknown> }],
});
const text = (source: string): NotebookCell => ({ cell_type: 'markdown', source });

async function write(out: string, title: string, cells: readonly NotebookCell[], folder: string): Promise<void> {
  const { html } = notebookHtml({ nbformat: 4, cells: [text(`# ${title}`), ...cells] }, { name: title, folder, date: new Date() });
  await writeFileAtomic(out, html);
}

/** Losses of several runs in one plot, as a page that opens offline. */
export async function compareRuns(folders: readonly string[], out: string): Promise<void> {
  const runs = await Promise.all(folders.map(async (folder) => ({ name: basename(folder), log: await readRunLog(folder) })));
  const curve = (of: (line: RunLine) => number) => runs.map(({ name, log }) => ({ name, x: log.map(({ step }) => step), y: log.map(of) }));
  const rates = lineFigure({
    series: curve(({ learningRate }) => learningRate),
    xTitle: 'step',
    yTitle: 'learning rate',
    title: 'Learning rate',
  });
  const cells = [
    output(
      lossPlot(
        curve(({ loss }) => loss),
        { title: 'Loss' },
      ).bundle(),
    ),
    output(rates.bundle()),
  ];
  await write(out, runs.map(({ name }) => name).join(' and '), cells, '.');
}

/** Writes a run's `report.html`: settings, curves, and the sample images. */
export async function reportRun(folder: string): Promise<string> {
  const log = await readRunLog(folder);
  const config = await readObject<RunConfig>(join(folder, 'config.json'));
  const x = log.map(({ step }) => step);
  const curve = (name: string, of: (line: RunLine) => number) => ({ name, x, y: log.map(of) });
  const line = (title: string, of: (line: RunLine) => number, logY = false) =>
    output(lineFigure({ series: [curve(title, of)], xTitle: 'step', yTitle: title, title, logY }).bundle());
  const cells: NotebookCell[] = [
    text(`Pictures are ${notForDiagnosis}.`),
    ...(config.notes?.length ? [output({ 'text/plain': config.notes.join('\n') })] : []),
    output(lossPlot([curve('loss', ({ loss }) => loss)], { title: 'Loss' }).bundle()),
    line('learning rate', ({ learningRate }) => learningRate),
    line('gradient norm', ({ gradientNorm }) => gradientNorm, true),
    line('images per second', ({ imagesPerSecond }) => imagesPerSecond),
  ];
  const samples = join(folder, 'samples');
  const steps = existsSync(samples)
    ? readdirSync(samples)
        .filter((name) => name.startsWith('step-'))
        .sort()
    : [];
  if (steps.length > 0) cells.push(text('## Pictures of the same prompts as training went on'));
  for (const step of steps) {
    cells.push(text(`After ${Number(step.slice('step-'.length))} steps`));
    for (const name of readdirSync(join(samples, step))
      .filter((file) => file.endsWith('.png'))
      .sort())
      cells.push(
        output({ 'image/png': (await readFile(join(samples, step, name))).toString('base64'), 'text/plain': '[synthetic picture]' }),
      );
  }
  cells.push(text('## Settings'), output({ 'text/plain': JSON.stringify(config, null, 2) }));
  const out = join(folder, 'report.html');
  await write(out, `Run ${basename(folder)}`, cells, folder);
  return out;
}
