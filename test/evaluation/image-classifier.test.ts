import assert from 'node:assert/strict';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, flatten, key, uniformArray } from 'roentgen-lab/engine';
import { type Bench, evaluateClassification, evaluateGroundTruth, openBench } from 'roentgen-lab/evaluation';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { rowsOf } from 'roentgen-lab/files';
import { initConvNet, loadDenseNet, xrvResize } from 'roentgen-lab/vision';
import { classifierScale, divideByPatient, loadHeads, pixelsAt, readAnswers, saveHeads } from '#evaluation/networks/image-classifier';
import { presenceHeads } from '#training/internal';
import { assertClose, noLeaks, tempDir } from '../support';
import { saveUntrained } from '../untrained-model';

test('patients are never divided, and both parts have one', () => {
  const records = Array.from({ length: 40 }, (_, i) => ({ patient: `p${i % 9}` }));
  const { training, validation } = divideByPatient(records, 0.3);
  const of = (rows: Int32Array): Set<string> => new Set(Array.from(rows, (i) => records[i]!.patient));
  assert.equal(training.length + validation.length, 40);
  assert.equal(of(validation).size, 3);
  for (const patient of of(validation)) assert.ok(!of(training).has(patient));
  assert.deepEqual(divideByPatient(records, 0.3), { training, validation });
  assert.equal(divideByPatient([{ patient: 'a' }, { patient: 'b' }], 0.01).validation.length, 1);
  assert.throws(() => divideByPatient([{ patient: 'a' }, { patient: 'a' }]), /1 patient; expected two/);
});

test('small images or a quick run train a small network, large ones DenseNet-121', () => {
  assert.equal(classifierScale({ size: 64, quick: false }).net(3).kind, 'resnet');
  assert.equal(classifierScale({ size: 512, quick: true }).size, 64);
  const full = classifierScale({ size: 512, quick: false });
  assert.deepEqual([full.size, full.net(3)], [224, { kind: 'densenet', config: { in_channels: 1, num_classes: 3 } }]);
});

/** A bench of an untrained model and few images. */
async function smallBench(out: string, data = 'phantom', chest?: string): Promise<Bench> {
  const folder = join(out, 'untrained', 'model');
  await saveUntrained(folder);
  const recipe = overrideRecipe(await loadRecipe('smoke'), { 'data.train': 48, 'data.test': 24, 'sampling.steps': 2 });
  return openBench({
    models: [folder],
    data: { data },
    out: join(out, 'out'),
    recipe,
    prompts: 24,
    quick: true,
    networks: { ...(chest && { chest }) },
  });
}

test('a given classifier measures real and generated images; other labels are an error, unknown outputs too', async (t) => {
  const out = tempDir(t);
  const chest = join(out, 'chest');
  await noLeaks(async () => {
    const net = {
      kind: 'densenet',
      config: { growth_rate: 4, block_config: [1, 1], num_init_features: 8, bn_size: 2, num_classes: 3, in_channels: 1 },
    } as const;
    const params = initConvNet(net, key(2));
    const network = { net, params, heads: presenceHeads(['Hernia', 'Edema', 'Pleural Effusion']) };
    await saveHeads(chest, network, 48);
    const again = await loadHeads(chest);
    assert.deepEqual(again.heads, network.heads);
    const dense = await loadDenseNet(chest); // the layout of published folders
    assert.deepEqual(Object.keys(flatten(dense.params)).sort(), Object.keys(flatten(params)).sort());

    const bench = await smallBench(out, 'phantom', chest);
    const result = await evaluateClassification(bench, { draws: 20, trainingPart: true });
    assert.deepEqual(result.labels, ['effusion', 'edema']);
    assert.deepEqual(
      result.sets.map(({ set, images }) => [set, images]),
      [
        ['real', 24],
        ['real training images', 24],
        ['untrained', 24],
      ],
    );
    assert.ok(result.notes.some((note) => /does not know .*pacemaker/.test(note)));
    assert.deepEqual(result.figures.map(({ name }) => name).sort(), ['auroc', 'reliability', 'samples']);
    for (const { labels } of result.sets)
      for (const { auroc } of labels) assert.ok(auroc === null || (auroc.low <= auroc.value && auroc.value <= auroc.high));
    assert.equal(result.tables.at(-1)!.name, 'paper-table-3');

    await writeFile(join(chest, 'heads.json'), JSON.stringify({ kind: 'densenet', size: 48, heads: presenceHeads(['a', 'b', 'c']) }));
    await assert.rejects(evaluateClassification(bench), /knows a, b, c; the data have effusion, .*: none in common/);
    await rename(join(chest, 'heads.json'), join(chest, 'no-heads.json'));
    await assert.rejects(evaluateClassification(bench), /has 3 outputs of 1 channels; expected TorchXRayVision's 18 of one/);
    dispose(params, again.params, dense.params);
  })(t);
});

test('images come to a network’s size once, by the way of TorchXRayVision; a value that is not finite is an error', async (t) => {
  const out = tempDir(t);
  await noLeaks(async () => {
    const bench = { out, progress: () => undefined, note: () => undefined } as unknown as Bench;
    const values = uniformArray(key(1), 3 * 40 * 40);
    const set = { name: 'real', pixels: rowsOf(values, 1600), size: 40, records: [] };
    const rows = await pixelsAt(bench, set, 32);
    assert.deepEqual([rows.length, rows.width], [3, 1024]);
    const want = xrvResize({ width: 40, height: 40, data: values.slice(1600, 3200) }, 32).data;
    assertClose(await rows.read([1]), want, 1e-4);
    assert.equal((await pixelsAt(bench, set, 40)).identity, set.pixels.identity);

    const net = {
      kind: 'resnet',
      config: { block: 'BasicBlock', layers: [1, 1, 1, 1], planes: [4, 4, 4, 4], stem: 4, num_classes: 1, in_channels: 1 },
    } as const;
    const params = initConvNet(net, key(1));
    const broken = {
      ...set,
      pixels: rowsOf(
        values.map((value, i) => (i === 1700 ? Number.NaN : value)),
        1600,
      ),
    };
    await assert.rejects(readAnswers(bench, { net, params, heads: presenceHeads(['a']) }, 40, broken), /image 1 of real gives NaN/);
    dispose(params);
  })(t);
});

test('attributes are read back from images of the phantom; the small world has none', async (t) => {
  const out = tempDir(t);
  await mkdir(out, { recursive: true });
  await noLeaks(async () => {
    await assert.rejects(evaluateGroundTruth(await smallBench(out, 'world')), /world: only of drawn images/);
    const result = await evaluateGroundTruth(await smallBench(out));
    const [attributes, ...confusions] = result.tables;
    assert.equal(attributes!.name, 'attributes');
    assert.deepEqual([...new Set(attributes!.rows.map(({ set }) => set))], ['real', 'untrained']);
    assert.deepEqual(new Set(confusions.map(({ name }) => name)), new Set(result.figures.map(({ name }) => name)));
    const presence = result.confusions.find(
      ({ set, attribute, finding }) => set === 'real' && attribute === 'finding' && finding === 'effusion',
    )!;
    assert.equal(
      presence.counts.flat().reduce((a, b) => a + b),
      24,
    );
  })(t);
});
