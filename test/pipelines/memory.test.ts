import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal } from 'roentgen-lab/engine';
import { colourLatents, decodeLatents, encodeImages, fitLatentColours, type GeneratedImage, imageToImage, textToImage } from 'roentgen-lab/pipelines';
import { assertClose } from '../support';
import { differ, effusion, steps, withModel } from './tiny-model';

test(
  'slicing changes nothing; tiling changes only what is larger than a tile, and not much',
  withModel(async (m) => {
    const latents = normal<tf.Rank.R4>(key(2), [3, 16, 12, 4]);
    const [whole, sliced, one, tiled] = [{}, { vaeSlicing: true }, { vaeTiling: 32 }, { vaeTiling: 16, vaeSlicing: true }].map((memory) =>
      decodeLatents(m, latents, memory),
    ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    assertClose(sliced, whole, 1e-6);
    assertClose(one, whole, 0);
    assert.deepEqual(tiled.shape, whole.shape);
    const mean = tf.tidy(() => tf.mean(tf.abs(tf.sub(tiled, whole))).dataSync()[0]!);
    assert.ok(mean > 0 && mean < 0.1, `tiles differ by ${mean} in the mean`);
    const [a, b] = [encodeImages(m, whole), encodeImages(m, whole, undefined, { vaeTiling: 16, vaeSlicing: true })];
    assert.deepEqual(a.shape, b.shape);
    assert.ok(tf.tidy(() => tf.mean(tf.abs(tf.sub(a, b))).dataSync()[0]! < 0.5 * tf.mean(tf.abs(a)).dataSync()[0]!));
    assert.throws(() => decodeLatents(m, latents, { vaeTiling: 10 }), /vaeTiling: expected a multiple of 8 pixels, got 10/);
    dispose(latents, whole, sliced, one, tiled, a, b);
  }),
);

test(
  'pipelines take the choice',
  withModel(async (m) => {
    const request = { prompts: [effusion, ''], steps, seed: 3, size: 24 };
    const [plain, sliced, tiled] = await Promise.all(
      [{}, { vaeSlicing: true }, { vaeTiling: 16 }].map(async (memory) => (await textToImage(m, { ...request, ...memory }))[0]!),
    );
    assertClose(sliced!.pixels, plain!.pixels, 1e-5);
    assert.ok(differ(tiled!, plain!) > 0);
    const again = { prompts: [effusion], steps, images: [plain!] };
    const [a] = await imageToImage(m, again);
    const [b] = await imageToImage(m, { ...again, vaeTiling: 16 });
    assert.ok(differ(a!, b!) > 0);
  }),
);

test(
  'quick previews are the best linear map of the latents, one pixel for each',
  withModel(async (m) => {
    const map = fitLatentColours(m);
    assert.equal(fitLatentColours(m), map, 'computed once');
    assert.deepEqual([map.length, map[0]!.length], [5, 1]);
    let last: GeneratedImage | undefined;
    const [picture] = await textToImage(m, {
      prompts: [effusion],
      steps,
      onStep: async ({ step, total, quickPreview }) => {
        if (step === total) [last] = await quickPreview();
      },
    });
    assert.deepEqual([last!.width, last!.height, last!.channels], [8, 8, 1]);
    assert.ok(last!.pixels.every((value) => value >= 0 && value <= 1));
    assert.equal(last!.prompt, picture!.prompt);
    // On latents like those of the fit, no constant colour comes nearer to the decoded pictures than the map.
    const latents = tf.tidy(() => tf.image.resizeBilinear(normal<tf.Rank.R4>(key(9), [4, 4, 4, 4]), [16, 16]));
    const [wanted, got] = tf.tidy(() => [tf.avgPool(decodeLatents(m, latents), 2, 2, 'valid'), colourLatents(map, latents)]);
    const error = (a: tf.Tensor, b: tf.Tensor): number => tf.tidy(() => tf.mean(tf.squaredDifference(a, b)).dataSync()[0]!);
    const spread = tf.tidy(() => error(wanted!, tf.mean(wanted!)));
    assert.ok(error(wanted!, got!) < 0.7 * spread, `${error(wanted!, got!)} of ${spread}`);
    dispose(latents, wanted, got);
  }),
);
