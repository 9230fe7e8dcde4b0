import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset, PhantomDataset } from 'roentgen-lab/datasets';
import { type Bench, evaluateDetail, openBench, writeImageTable } from 'roentgen-lab/evaluation';
import { overrideRecipe } from 'roentgen-lab/experiments';
import { tempDir } from '../../support';
import { tinyBench } from '../tiny-bench';

/** As radiographs without labels are: what is drawn is not known. */
function undrawn(dataset: Dataset): Dataset {
  const { study: _, prior: __, population: ___, ...plain } = dataset as PhantomDataset;
  return { ...plain, findings: [], record: (i) => ({ ...dataset.record(i), labels: {} }) };
}

test('an untrained autoencoder loses what was there and adds grain; stages come in their order, with their pictures', async (t) => {
  const folder = tempDir(t);
  const bench = await tinyBench(folder);
  const { name } = bench.models[0]!;
  const result = await evaluateDetail(bench, { networkSteps: 20 });
  const stages = (rows: readonly { model?: string; stage: string }[]): string[] =>
    rows.map(({ model = 'real', stage }) => `${model}/${stage}`);
  const all = ['real/real', `${name}/autoencoder`, `${name}/generated`, `${name}/diffusion`];
  assert.deepEqual(stages(result.told), all);
  assert.deepEqual(stages(result.spectra), all);
  assert.deepEqual(stages(result.pairs), all.slice(0, 2));
  assert.deepEqual(stages(result.sets.filter(({ space }) => space === 'chest')), all);
  assert.deepEqual(stages(result.devices), all.slice(0, 3));
  assert.deepEqual(
    result.parts.filter(({ part }) => part === 'ribs').map(({ stage, images }) => `${stage} ${images}`),
    ['real drawn', 'real left out', 'autoencoder drawn', 'autoencoder left out', 'generated asked for'],
  );
  assert.ok(result.pairs[1]!.psnr.value < 25 && result.pairs[1]!.mae.value > 0.02);
  const [real, through] = result.spectra;
  assert.equal(real!.rings.length, bench.size / 2);
  assert.ok(through!.bands.at(-1)!.low > real!.bands.at(-1)!.high); // random weights make grain
  assert.equal(result.verdicts.find(({ measure }) => measure === 'power of the finest band')!.autoencoder, through!.bands.at(-1)!);
  assert.match(result.notes[0]!, new RegExp(`^${name}, by two-sample accuracy: `));
  assert.deepEqual(
    result.tables.map(({ name: table }) => table).filter((table) => !['devices', 'copies'].includes(table)),
    ['verdicts', 'two-sample', 'power', 'pairs', 'distances', 'parts', 'spectrum'],
  );
  const figures = result.figures.map(({ name: figure }) => figure);
  assert.deepEqual(figures.slice(0, 2), ['stages', 'grid']);
  const views = [...new Set(bench.records.map(({ view }) => view!))].sort();
  assert.deepEqual(figures.slice(2, 2 + views.length), views.length > 1 ? views.map((view) => `grid-${view.toLowerCase()}`) : []);
  for (const wanted of ['power-spectrum', 'two-sample', 'seen-ribs']) assert.ok(figures.includes(wanted), figures.join());

  await t.test('where nothing is known of images, ribs and devices are not looked for, and it is said', async () => {
    const plain: Bench = { ...bench, data: 'folder', train: undrawn(bench.train), test: undrawn(bench.test) };
    const { parts, devices, notes } = await evaluateDetail(plain, { networkSteps: 2 });
    assert.deepEqual([parts, devices], [[], []]);
    assert.ok(notes.some((note) => /Ribs, tubes and lines are not looked for/.test(note)));
    assert.ok(notes.some((note) => /Devices are not looked for/.test(note)));
  });

  await t.test('a table of images has no autoencoder', async () => {
    const table = await writeImageTable(bench, bench.models[0]!, `${folder}/table`);
    const recipe = overrideRecipe(bench.recipe, { size: bench.size });
    const options = { data: { data: 'phantom' }, out: `${folder}/out`, recipe, prompts: 24, quick: true };
    const alone = await openBench({ models: [], images: [table], ...options });
    const { told, verdicts, pairs } = await evaluateDetail(alone, { networkSteps: 2 });
    assert.deepEqual(
      told.map(({ stage }) => stage),
      ['real', 'generated'],
    );
    assert.deepEqual([verdicts, pairs.length], [[], 1]);
  });

  await t.test('too few images are an error', async () => {
    const few = { ...bench, records: bench.records.slice(0, 12) };
    await assert.rejects(() => evaluateDetail(few), /detail: 12 images are too few: expected 16 at least/);
  });
});
