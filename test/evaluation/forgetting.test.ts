/** What is forgotten: denoising, drift, accuracy, and the evaluation as a whole. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { key } from 'roentgen-lab/engine';
import { evaluateForgetting } from 'roentgen-lab/evaluation';
import { rowsOf } from 'roentgen-lab/files';
import { disposeModel } from 'roentgen-lab/pipelines';
import { denoising, noisedSet } from '#evaluation/denoising';
import { meanAuroc, namedFirst } from '#evaluation/forgetting/domain';
import { driftOf, type Weights } from '#evaluation/forgetting/drift';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { saveTiny, tinyBench } from './adapting';

test('drift is the length of the movement over the length before, by layer', () => {
  const weights = (a: number, b: number, c: number): Weights => ({
    'text encoder': { 'text_model.encoder.layers.0.mlp.fc1.weight': Float32Array.of(3, 4) },
    'U-Net': { 'down_blocks.0.a': Float32Array.of(a), 'down_blocks.0.b': Float32Array.of(b), 'conv_in.weight': Float32Array.of(c) },
  });
  const drift = driftOf(weights(3, 4, 2), weights(3, 9, 2));
  const of = (layer: string): number => drift.find((one) => one.part === 'U-Net' && one.layer === layer)!.relative;
  assert.deepEqual([of('down_blocks.0'), of('conv_in')], [1, 0]);
  assert.ok(Math.abs(of('all') - 5 / Math.sqrt(29)) < 1e-12);
  assert.deepEqual(
    drift.filter(({ part }) => part === 'text encoder').map(({ layer, relative }) => [layer, relative]),
    [
      ['all', 0],
      ['encoder.layers.0', 0],
    ],
  );
  assert.throws(() => driftOf(weights(1, 1, 1), { 'text encoder': {}, 'U-Net': {} }), /layers\.0.*expected 2 weights, got none/);
});

test('accuracy: the named labels among as many of the most probable ones, and AUROC over labels with both classes', () => {
  const config = { size: 8, channels: [4, 4, 4] as const, hidden: 4, findings: ['disc', 'square', 'star'], sided: [] };
  const classifier = { config, params: {} as never };
  const seen = {
    features: { values: new Float32Array(3), rows: 3, columns: 1 },
    presence: Float32Array.of(0.9, 0.2, 0.1, 0.6, 0.5, 0.1, 0.2, 0.3, 0.1),
    right: new Float32Array(0),
  };
  const record = (labels: Record<string, 0 | 1>) => ({
    id: '',
    patient: '',
    text: '',
    labels: { disc: 0 as const, square: 0 as const, star: 0 as const, ...labels },
    sides: {},
  });
  const records = [record({ disc: 1 }), record({ disc: 1, star: 1 }), record({ square: 1 })];
  const rows = Int32Array.of(0, 1, 2);
  assert.equal(namedFirst(classifier, seen, records, rows), 3 / 4);
  // disc: 0.9 and 0.6 above 0.2; square: 0.3 between 0.2 and 0.5; star: 0.1, 0.1 and 0.1 are equal.
  assert.ok(Math.abs(meanAuroc(classifier, seen, records, rows) - (1 + 0.5 + 0.5) / 3) < 1e-12);
  assert.ok(Number.isNaN(namedFirst(classifier, seen, [record({}), ...records], Int32Array.of(0))));
});

test(
  'denoising: the same for the same model, other for other weights, and a network that says 0 has the error of the noise',
  noLeaks(async () => {
    const model = tinyModel();
    const area = 16 * 16;
    const records = Array.from({ length: 20 }, (_, i) => ({ id: '', patient: '', text: i % 2 ? 'left' : 'right', labels: {}, sides: {} }));
    const pixels = rowsOf(
      Float32Array.from({ length: 20 * area }, (_, i) => (i % 7) / 7),
      area,
    );
    const set = await noisedSet(model, pixels, records, 16, key(3));
    assert.equal(set.texts.length, 16, 'whole batches');
    const measure = denoising(model);
    const first = measure.losses(model, set);
    assert.deepEqual(measure.losses(model, set), first);
    const out = model.unet.params.conv_out;
    const zeros = { weight: tf.zerosLike(out.weight), bias: tf.zerosLike(out.bias!) } as typeof out;
    const silent = { ...model, unet: { ...model.unet, params: { ...model.unet.params, conv_out: zeros } } };
    const noise = measure.losses(silent, set); // of ε, standard normal: its mean square over 8 × 8 × 4 values
    const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
    assert.ok(Math.abs(mean - 1) < 0.1, `${mean}`);
    assert.notDeepEqual(noise, first);
    measure.dispose();
    zeros.weight.dispose();
    zeros.bias!.dispose();
    await assert.rejects(noisedSet(model, pixels, records.slice(0, 3), 16, key(3)), /at least 16 images, got 3/);
    disposeModel(model);
  }),
);

test(
  'recipes are measured in both domains, from the base on, and beside each other',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const bench = await tinyBench(await saveTiny(folder), join(folder, 'out'), { quick: true });
    const options = { recipes: ['joint', 'unet-only', 'ewc'], steps: 2, every: 1, pictures: 6 };
    const result = await evaluateForgetting(bench, options);
    const { rows, remedies, drift, pictures } = result;
    assert.deepEqual(
      rows.filter(({ domain }) => domain === 'old').map(({ recipe, step, fid }) => [recipe, step, fid !== undefined]),
      [
        ['base', 0, true],
        ['joint', 1, true],
        ['joint', 2, true],
        ['unet-only', 1, false],
        ['unet-only', 2, true],
        ['ewc', 1, false],
        ['ewc', 2, true],
      ],
    );
    assert.ok(rows.every(({ loss }) => loss.low <= loss.value && loss.value <= loss.high && loss.value > 0));
    assert.deepEqual(
      remedies.map(({ recipe }) => recipe),
      options.recipes,
    );
    const [joint, frozen] = remedies;
    assert.deepEqual(joint!.againstFirst, { value: 0, low: 0, high: 0 });
    assert.ok(joint!.encoderDrift > 0 && frozen!.encoderDrift === 0 && frozen!.unetDrift > 0);
    assert.ok(drift.some(({ layer, recipe }) => recipe === 'joint' && layer === 'encoder.layers.0'));
    assert.equal(pictures.length, 6 * 5);
    assert.ok(pictures.every(({ pixels, size }) => pixels.length === size ** 2));
    assert.deepEqual(
      result.findings!.map(({ finding }) => finding),
      ['General prompts are forgotten (joint)', 'Forgetting is faster when the text encoder trains too', 'ewc forgets less than joint'],
    );
    assert.ok(result.figures.some(({ name }) => name === 'pictures-steps'));

    const trained: string[] = [];
    const again = await evaluateForgetting(
      await tinyBench(bench.models[0]!.folder, join(folder, 'out'), { quick: true, onProgress: (what) => void trained.push(what) }),
      options,
    );
    assert.deepEqual(again.rows, rows);
    assert.ok(!trained.some((what) => /: training, loss|images of (joint|ewc)/.test(what)), [...new Set(trained)].join());
    await assert.rejects(evaluateForgetting(bench, { recipes: [] }), /recipes: expected one at least/);
  }),
);
