/** An autoencoder that trains on parts of images. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, foldIn, key, uniformArray } from 'roentgen-lab/engine';
import { estimateMemory, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { rowsOf } from 'roentgen-lab/files';
import { disposeModel } from 'roentgen-lab/pipelines';
import { cutCrops, drawCrops } from '#training/crops';
import { type TrainVaeOptions, trainVae } from '#training/train-vae';
import { initVae } from '#vae/internal';
import { assertSameTree } from '../networks';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { config, SIZE } from './tiny-autoencoder';

const optimisation = {
  steps: 4,
  batch_size: 3,
  learning_rate: { peak: 1e-3, schedule: 'constant', warmup: 0, floor: 0 },
  betas: [0.5, 0.9],
  epsilon: 1e-8,
  weight_decay: 0,
  clip_norm: 1,
} as const;

test('a crop is a square of its image, mirrored with it, and every place is drawn', () => {
  const options = { size: 5, side: 3, flip: 0.5 };
  const images = Float32Array.from({ length: 400 * 25 }, (_, i) => (i % 25) / 24); // each pixel's value is its place
  const crops = drawCrops(foldIn(key(4), 1), 400, options);
  const cut = cutCrops(images, crops, options);
  crops.forEach(({ top, left, mirrored }, b) => {
    for (const [y, x] of [
      [0, 0],
      [2, 1],
    ] as const) {
      const place = (top + y) * 5 + (mirrored ? 4 - left - x : left + x);
      assert.ok(Math.abs(cut[b * 9 + y * 3 + x]! - (2 * place) / 24 + 1) < 1e-6);
    }
  });
  for (const end of ['top', 'left'] as const) assert.deepEqual([...new Set(crops.map((crop) => crop[end]))].sort(), [0, 1, 2]);
  const mirrored = crops.filter((crop) => crop.mirrored).length;
  assert.ok(mirrored > 150 && mirrored < 250, `${mirrored} mirrored`);
  assert.deepEqual(drawCrops(foldIn(key(4), 1), 400, options), crops);
  assert.notDeepEqual(drawCrops(foldIn(key(4), 2), 400, options), crops);
});

test(
  'the whole image as a crop gives the bytes of no crop; smaller ones give others, and the same in two sittings',
  noLeaks(async (t) => {
    const pixels = rowsOf(uniformArray(key(9), 6 * SIZE * SIZE), SIZE * SIZE);
    const params = initVae(config, key(1));
    const weights = { reconstruction: 'l1', gradient: 0.5, kl: 1e-6, adversarial: { weight: 0.5, from: 2 } } as const;
    const train = (extra: Partial<TrainVaeOptions>) =>
      trainVae({ config, params, pixels, size: SIZE, weights, optimisation, key: key(12), ...extra });
    const [bare, whole, parts] = [await train({}), await train({ crop: SIZE }), await train({ crop: 16 })];
    assertSameTree(whole.params as never, bare.params as never);
    assert.deepEqual(whole.log, bare.log);
    assert.notEqual(parts.log[0]!.loss, bare.log[0]!.loss);
    const checkpoints = { folder: join(tempDir(t), 'checkpoints'), identity: 'crops', resume: 'always' } as const;
    const stop = new AbortController();
    const first = await train({
      crop: 16,
      checkpoints,
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 2) stop.abort();
      },
    });
    const second = await train({ crop: 16, checkpoints });
    assert.deepEqual([first.interrupted, second.log.length], [true, 4]);
    assertSameTree(second.params as never, parts.params as never);
    await assert.rejects(train({ crop: 15 }), /trainVae: crop: expected a multiple of 2/);
    await assert.rejects(train({ crop: 64 }), /up to the images' 32 pixels, got 64/);
    dispose(params, bare.params, whole.params, parts.params, first.params, second.params);
  }),
);

test(
  'a smaller crop needs less memory, and is among what is advised',
  noLeaks(async () => {
    const model = tinyModel();
    const large = overrideRecipe(await loadRecipe('smoke'), {
      'vae.optimisation.batch_size': 512,
      'diffusion.optimisation.batch_size': 1,
    });
    const estimate = (crop: Record<string, number>) => estimateMemory(overrideRecipe(large, crop), model, { withVae: true });
    const [whole, part] = [estimate({}), estimate({ 'vae.crop': 16 })];
    assert.ok(part.MiB < whole.MiB / 2, `${part.MiB} of ${whole.MiB}`);
    assert.ok(whole.advice.includes('vae.crop=32'));
    disposeModel(model);
  }),
);
