/** The folder that an evaluation leaves: JSON with definitions and versions, a CSV for each table, a PNG for each figure, and a page. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Papa from 'papaparse';
import { type Displayable, notForDiagnosis, table } from '../display';
import { type NotebookCell, notebookHtml } from '../display/internal';
import { writeJson } from '../files';
import { libraryVersion, writeFileAtomic } from '../files/internal';
import { type Bench, isDrawn } from './bench';
import type { EvaluationResult } from './result';
import { finiteCells, flatRows, showTable } from './shown';

/** What is told of how a result was made. */
export interface ResultFacts {
  readonly seconds: number;
  /** Library and device. */
  readonly engine: string;
}

/** Paths of what was written. */
export interface WrittenResult {
  readonly json: string;
  readonly page: string;
}

/** Writes `<out>/<evaluation>/`; what a former result left there is replaced. */
export async function writeResult(bench: Bench, result: EvaluationResult, facts: ResultFacts): Promise<WrittenResult> {
  const folder = join(bench.out, result.evaluation);
  await mkdir(folder, { recursive: true });
  const { evaluation, title, paper, tables, figures, definitions, notes, findings = [] } = result;
  const json = join(folder, 'result.json');
  await writeJson(json, {
    evaluation,
    title,
    paper,
    ...settingsOf(bench, facts),
    tables: tables.map((each) => ({ ...each, rows: each.rows.map(finiteCells) })),
    findings,
    definitions,
    notes,
    figures: figures.map(({ name, caption }) => ({ file: `${name}.png`, caption })),
  });
  for (const each of tables)
    await writeFileAtomic(join(folder, `${each.name}.csv`), `${Papa.unparse(flatRows(each), { newline: '\n' })}\n`);
  for (const { name, figure } of figures) {
    const png = figure.bundle()['image/png'];
    if (typeof png === 'string') await writeFileAtomic(join(folder, `${name}.png`), Buffer.from(png, 'base64'));
  }
  const page = join(folder, 'report.html');
  await writeFileAtomic(page, pageOf(bench, result, facts, folder));
  return { json, page };
}

function settingsOf(
  { models, data, train, test, records, size, seed, quick, recipe }: Bench,
  { seconds, engine }: ResultFacts,
): Record<string, unknown> {
  return {
    models: models.map(({ name, identity }) => ({ name, sha256: identity })),
    data: {
      name: test.name,
      credit: test.credit,
      train: train.length,
      test: test.length,
      built_in: isDrawn({ data }),
    },
    prompts: records.length,
    size,
    sampling: recipe.sampling,
    seed,
    quick,
    seconds: Math.round(seconds),
    engine,
    versions: { 'roentgen-lab': libraryVersion, node: process.versions.node },
    disclaimer: notForDiagnosis,
  };
}

const text = (source: string): NotebookCell => ({ cell_type: 'markdown', source });
const shown = (item: Displayable): NotebookCell => ({
  cell_type: 'code',
  source: '',
  outputs: [{ output_type: 'display_data', data: item.bundle() as Record<string, unknown> }],
});

function pageOf(bench: Bench, result: EvaluationResult, facts: ResultFacts, folder: string): string {
  const { title, paper, tables, figures, definitions, notes, findings = [] } = result;
  const { models, test, records, seed, quick, recipe } = bench;
  const about = [
    `RoentGen (arXiv:2211.12737): ${paper}. ${records.length} prompts of ${test.name}; ${models.length} ${models.length === 1 ? 'model' : 'models'}; ${recipe.sampling.steps} steps, guidance ${recipe.sampling.guidance}, seed ${seed}${quick ? '; the quick form' : ''}.`,
    test.credit,
    `All generated images are ${notForDiagnosis}.`,
  ].join('\n\n');
  const cells: NotebookCell[] = [
    text(`# ${title}`),
    text(about),
    ...(notes.length > 0 ? [text(`## Read this first\n\n${notes.map((note) => `- ${note}`).join('\n')}`)] : []),
    ...tables.flatMap((each) =>
      each.rows.length > 0 ? [shown(showTable(each)), ...(each.intervals ? [text(`*Intervals: ${each.intervals}.*`)] : [])] : [],
    ),
    ...(findings.length > 0
      ? [
          text("## The paper's findings"),
          shown(table(findings.map(({ finding, paper: there, here, verdict }) => ({ finding, 'the paper': there, here, verdict })))),
        ]
      : []),
    ...figures.flatMap(({ caption, figure }) => [shown(figure), text(caption)]),
    text('## Definitions'),
    shown(table(Object.entries(definitions).map(([measure, definition]) => ({ measure, definition })))),
    text(`${facts.engine}; ${Math.round(facts.seconds)} s; roentgen-lab ${libraryVersion}.`),
  ];
  return notebookHtml({ nbformat: 4, cells }, { name: result.evaluation, folder, date: new Date() }).html;
}
