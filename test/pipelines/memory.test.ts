import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal } from 'roentgen-lab/engine';
import { decodeLatents, encodeImages, type GeneratedImage, imageToImage, textToImage } from 'roentgen-lab/pipelines';
import { colourLatents, fitLatentColours } from '#pipelines/latent-colours';
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
    // What is left is orthogonal to the channels, and to a constant: the normal equations of least squares.
    const latents = normal<tf.Rank.R4>(key(9), [4, 6, 6, 4]);
    const own = fitLatentColours(m, latents);
    const largest = tf.tidy(() => {
      const left = tf.sub(tf.avgPool(decodeLatents(m, latents), 2, 2, 'valid'), colourLatents(own, latents));
      const inputs = tf.concat([latents, tf.ones([4, 6, 6, 1])], 3);
      return tf.max(tf.abs(tf.mean(tf.mul(left, inputs), [0, 1, 2]))).dataSync()[0]!;
    });
    assert.ok(largest < 1e-5, String(largest));
    assert.ok(own.flat().some((weight, i) => i < 4 && Math.abs(weight) > 1e-4));
    latents.dispose();
  }),
);
