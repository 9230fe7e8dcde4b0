/** A U-Net that masks the padding of texts: how long the window is makes no difference to it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import {
  attentionMaps,
  disposeModel,
  type GeneratedImage,
  imageToImage,
  inpaint,
  interpolate,
  loadModel,
  type Model,
  saveModel,
  textToImage,
} from 'roentgen-lab/pipelines';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { noLeaks, tempDir } from '../support';
import { assertSame, differ, effusion, steps, tinyModel } from './tiny-model';

const pneumothorax = 'right pneumothorax';

/** The tiny model with texts of 18 or 24 tokens; the same weights, and the same ids for the same words. */
function masking(window: 18 | 24, masks = true): Model {
  const model = tinyModel();
  const words = ['left pleural effusion', 'right pneumothorax', 'no acute process'];
  model.tokenizer = trainBpe(words, { vocabularySize: 540, maxLength: window });
  model.unet = { ...model.unet, config: { ...model.unet.config, mask_padding: masks } };
  return model;
}

/** What each pipeline makes of a prompt. */
const pipelines: Readonly<Record<string, (model: Model) => Promise<GeneratedImage[]>>> = {
  'text to image': (model) => textToImage(model, { prompts: [effusion, ''], steps, guidance: 3 }),
  'text to image, unguided': (model) => textToImage(model, { prompts: [effusion], steps, guidance: 1 }),
  'image to image': (model) => imageToImage(model, { prompts: [effusion], images: [grey], steps, guidance: 3 }),
  inpainting: (model) => inpaint(model, { prompts: [effusion], images: [grey], masks: [grey], steps, guidance: 3 }),
  interpolation: (model) => {
    const [from, to] = [
      { prompt: effusion, seed: 3 },
      { prompt: pneumothorax, seed: 8 },
    ] as const;
    return interpolate(model, { from, to, fractions: [0, 0.5, 1], steps, guidance: 3 });
  },
};

const grey = { pixels: new Float32Array(16 * 16).fill(0.5), width: 16, height: 16, channels: 1 } as const;

for (const [name, make] of Object.entries(pipelines))
  test(
    `${name}: images are the same whatever the window, where padding is masked`,
    noLeaks(async () => {
      for (const masks of [true, false]) {
        const [short, long] = [masking(18, masks), masking(24, masks)];
        const [a, b] = [await make(short), await make(long)];
        if (masks) for (const [i, image] of a.entries()) assertSame(image, b[i]!, 1e-4);
        else assert.ok(differ(a[0]!, b[0]!) > 1e-3, 'and differ where it is not');
        for (const model of [short, long]) disposeModel(model);
      }
    }),
  );

test(
  'the ends of an interpolation are the ordinary images, though the texts are of unequal length',
  noLeaks(async () => {
    const model = masking(24);
    const [from, to] = [
      { prompt: '', seed: 3 },
      { prompt: effusion, seed: 3 },
    ] as const;
    const [first, near, last] = await interpolate(model, { from, to, fractions: [0, 1e-4, 1], steps, guidance: 3 });
    const [a, b] = await textToImage(model, { prompts: [from.prompt, to.prompt], seed: 3, steps, guidance: 3 });
    const [c] = await textToImage(model, { prompts: [to.prompt], seed: 3, steps, guidance: 3 });
    assertSame(first!, a!, 1e-4);
    assertSame(last!, c!, 1e-4);
    assertSame(near!, first!, 1e-2); // no jump beside the ends
    assert.ok(differ(a!, b!) > 1e-3);
    disposeModel(model);
  }),
);

test(
  "attention goes to the text's tokens alone",
  noLeaks(async () => {
    const model = masking(24);
    const input = tf.zeros<tf.Rank.R4>([1, 8, 8, 4]);
    const { maps } = await attentionMaps(model, { prompt: effusion, input, timestep: 5 });
    for (let place = 0; place < 64; place++) {
      const sum = maps.reduce((total, map) => total + map[place]!, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5, `place ${place}: ${sum}`);
    }
    input.dispose();
    disposeModel(model);
  }),
);

test(
  'a folder keeps that its U-Net masks',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const model = masking(24);
    await saveModel(model, folder, { title: 'Masked' });
    assert.match(readFileSync(join(folder, 'README.md'), 'utf8'), /encoder_attention_mask=mask/);
    const [before] = await textToImage(model, { prompts: [effusion], steps });
    disposeModel(model);
    const loaded = await loadModel(folder);
    assert.equal(loaded.unet.config.mask_padding, true);
    const [after] = await textToImage(loaded, { prompts: [effusion], steps });
    assert.deepEqual(after!.pixels, before!.pixels);
    disposeModel(loaded);
  }),
);
