/** Remedies against forgetting: what they add to the loss, and what that does to the weights. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, foldIn, key, uniformArray } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import { disposeModel } from 'roentgen-lab/pipelines';
import { noiseTables } from 'roentgen-lab/schedulers';
import { type DiffusionParams, diffusionBatch, diffusionLoss } from 'roentgen-lab/training';
import { fisherImportance } from '#training/consolidation';
import { strategyOf } from '#training/strategies/index';
import { followedBy } from '#training/strategies/old-domain';
import { tinyModel } from '../pipelines/tiny-model';
import { assertClose, noLeaks } from '../support';
import { bytesOf, changed, fit, SIZE } from './strategy-cases';

/** |θ - θ₀|² of all weights. */
function moved(before: Record<string, Float32Array>, after: Record<string, Float32Array>): number {
  return Object.keys(before).reduce(
    (sum, path) => sum + before[path]!.reduce((own, value, i) => own + (value - after[path]![i]!) ** 2, 0),
    0,
  );
}

test(
  'consolidation costs nothing where nothing has moved, and holds weights back the more the larger λ is',
  noLeaks(async () => {
    const distances: number[] = [];
    for (const lambda of [0, 1, 1e4]) {
      const penalties: number[] = [];
      const { model, before } = await fit({ name: 'ewc', records: 3, lambda }, 3, {
        onStep: ({ aux }) => void penalties.push(aux.consolidation!),
      });
      assert.equal(penalties[0], 0);
      if (lambda > 0) assert.ok(penalties[1]! > 0, `${penalties}`);
      distances.push(moved(before, bytesOf(model)));
      disposeModel(model);
    }
    assert.ok(distances[2]! < distances[0]!, `${distances}`);
  }),
);

test(
  'without a price, consolidation is plain joint training',
  noLeaks(async () => {
    const [free, joint] = [await fit({ name: 'ewc', records: 3, lambda: 0 }), await fit({ name: 'joint' })];
    assert.deepEqual(free.losses, joint.losses);
    for (const { model } of [free, joint]) disposeModel(model);
  }),
);

test(
  'the Fisher information is 1 on average, of what trains alone, and 0 for an embedding that no text of the domain has',
  noLeaks(async () => {
    const model = tinyModel();
    const preparation = {
      model,
      data: { pixels: rowsOf(new Float32Array(SIZE * SIZE), SIZE * SIZE), texts: ['left'] },
      size: SIZE,
      key: key(3),
      sampling: { steps: 2, guidance: 1 },
    };
    const old = { pixels: uniformArray(key(9), 2 * SIZE * SIZE), texts: ['left pleural effusion', 'left'] };
    const path = 'textEncoder.text_model.embeddings.token_embedding.weight';
    const importance = await fisherImportance(preparation, old, (name) => name.startsWith('unet.') || name === path);
    const all = Object.values(importance).flatMap(({ values }) => Array.from(values));
    assertClose([all.reduce((a, b) => a + b, 0) / all.length], [1], 1e-3);
    assert.ok(all.every((value) => value >= 0));
    assert.ok(Object.keys(importance).every((name) => name.startsWith('unet.') || name === path));
    const width = 16;
    const [unused] = model
      .tokenizer!.ids('pneumothorax')
      .filter((id) => !old.texts.some((text) => [...model.tokenizer!.ids(text)].includes(id)));
    const rowOf = (id: number): number[] => Array.from(importance[path]!.values.subarray(id * width, (id + 1) * width));
    assert.ok(rowOf(unused!).every((value) => value === 0));
    const [used] = [...model.tokenizer!.ids('left')].slice(1);
    assert.ok(rowOf(used!).some((value) => value > 0));
    disposeModel(model);
  }),
);

test(
  "of the old model's part the target is its own prediction: the loss is 0 for the same weights, and the given one before it",
  noLeaks(() => {
    const [model, other] = [tinyModel(), tinyModel()];
    const tables = noiseTables(model.schedulerConfig);
    const params = (one: typeof model): DiffusionParams => ({ unet: one.unet.params, textEncoder: one.textEncoder.params });
    const { ids } = model.tokenizer!.encodeBatch(['left', 'right', 'no acute process']);
    const batch = (texts = [0, 1, 2]) => {
      const L = model.tokenizer!.maxLength;
      return diffusionBatch(
        tables,
        {},
        {
          x0: Float32Array.from(texts.flatMap((i) => Array.from(uniformArray(foldIn(key(4), i), 8 * 8 * 4)))),
          shape: [texts.length, 8, 8, 4],
          timesteps: texts.map((i) => 100 + 300 * i),
          texts: {
            ids: tf.tensor2d(
              texts.flatMap((i) => Array.from(ids.subarray(i * L, (i + 1) * L))),
              [texts.length, L],
              'int32',
            ),
          },
          noise: Float32Array.from(texts.flatMap((i) => Array.from(uniformArray(foldIn(key(5), i), 8 * 8 * 4)))),
        },
      );
    };
    const configs = { unet: model.unet.config, textEncoder: model.textEncoder.config, predictionType: tables.predictionType };
    const lossOf = (inputs: ReturnType<typeof batch>, teacher?: { params: DiffusionParams; from: number }): number => {
      const loss = diffusionLoss({ ...configs, ...(teacher && { teacher }) }, params(model), inputs);
      const [value] = loss.dataSync();
      dispose(inputs, loss);
      return value!;
    };
    assertClose([lossOf(batch(), { params: params(model), from: 0 })], [0], 1e-7);
    // A third of the batch has its own target, two thirds the same model's prediction.
    assertClose([lossOf(batch(), { params: params(model), from: 1 })], [lossOf(batch([0])) / 3], 1e-5);
    const bias = flatten(other.unet.params)['conv_out.bias']!;
    const shifted: DiffusionParams = {
      ...params(other),
      unet: { ...other.unet.params, conv_out: { ...other.unet.params.conv_out, bias: tf.add(bias, 0.5) as tf.Tensor1D } },
    };
    assertClose([lossOf(batch(), { params: shifted, from: 0 })], [0.25], 1e-4, 'another old model, half a unit away');
    dispose(shifted.unet.conv_out.bias!);
    disposeModel(model);
    disposeModel(other);
  }),
);

test(
  'with all weight on the old prompts, distillation begins with no loss at all; with none, they do not count',
  noLeaks(async () => {
    const own = await fit({ name: 'distillation', records: 4, made: false, share: 0.5, weight: 0 }, 1);
    const both = await fit({ name: 'distillation', records: 4, made: false, share: 0.5, weight: 5 }, 1);
    assertClose(both.losses, own.losses, 1e-5, 'the old model predicts what the old model predicts');
    const replayed = await fit({ name: 'replay', records: 4, share: 0.5, weight: 5 }, 1);
    assert.ok(replayed.losses[0]! > own.losses[0]!, 'its own noise is no target that is met');
    const after = await fit({ name: 'distillation', records: 4, made: false, share: 0.5, weight: 5 }, 2);
    assert.ok(changed(bytesOf(both.model), bytesOf(after.model)).length > 0);
    for (const { model } of [own, both, replayed, after]) disposeModel(model);
  }),
);

test('images of both domains are read by their numbers, in any order', async () => {
  const first = rowsOf(Float32Array.of(0, 1, 2, 3), 2);
  const both = followedBy({ pixels: first, texts: ['a', 'b'] }, { pixels: Float32Array.of(4, 5), texts: ['c'] });
  assert.deepEqual(both.texts, ['a', 'b', 'c']);
  assert.deepEqual(Array.from(await both.pixels.read(Int32Array.of(2, 0, 1, 2))), [4, 5, 0, 1, 2, 3, 4, 5]);
  await assert.rejects(async () => both.pixels.read(Int32Array.of(3)), RangeError);
});

test('settings out of range are named', () => {
  assert.throws(() => strategyOf({ name: 'replay', share: 1 }), /replay: share: expected a number between 0 and 1, got 1/);
  assert.throws(() => strategyOf({ name: 'replay', records: 0 }), /replay: records: expected a whole number from 1, got 0/);
  assert.throws(() => strategyOf({ name: 'ewc', lambda: -1 }), /ewc: lambda: expected a number from 0, got -1/);
  assert.throws(() => strategyOf({ name: 'distillation', weight: -1 }), /distillation: weight: expected a number from 0/);
});
