/** Every public call on a model that was disposed says so. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createTextEncoder } from 'roentgen-lab/encoders';
import { cloneTree, key } from 'roentgen-lab/engine';
import { fitDiffusion, fitVae, loadRecipe } from 'roentgen-lab/experiments';
import {
  attentionMaps,
  decodeLatents,
  disposeModel,
  editImage,
  encodeImages,
  encodePrompts,
  imageToImage,
  inpaint,
  loadLearnedEmbeds,
  loadLora,
  reconstruct,
  removeLora,
  saveLora,
  saveModel,
  swapTextEncoder,
  textEncoderOf,
  textToImage,
} from 'roentgen-lab/pipelines';
import { noLeaks, tempDir } from '../support';
import { tinyModel } from './tiny-model';

test(
  'every call on a disposed model names itself and says what to do',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const [model, other, editing] = [tinyModel(), tinyModel(), tinyModel({ inChannels: 8 })];
    const recipe = await loadRecipe('smoke');
    const prompts = ['right pneumothorax'];
    const image = { pixels: new Float32Array(256), width: 16, height: 16, channels: 1 } as const;
    const pixels = new Float32Array(256);
    const latents = tf.zeros([1, 8, 8, 4]) as tf.Tensor4D;
    const images = tf.zeros([1, 16, 16, 1]) as tf.Tensor4D;
    await textToImage(model, { prompts, steps: 1 }); // its networks are compiled, and hold weights
    const encoder = textEncoderOf(model);
    disposeModel(model);
    disposeModel(editing);
    const calls: Record<string, () => unknown> = {
      textToImage: () => textToImage(model, { prompts }),
      imageToImage: () => imageToImage(model, { prompts, images: [image] }),
      inpaint: () => inpaint(model, { prompts, images: [image], masks: [image] }),
      editImage: () => editImage(editing, { prompts, images: [image] }),
      attentionMaps: () => attentionMaps(model, { prompt: prompts[0]!, input: latents, timestep: 1 }),
      encodePrompts: () => encodePrompts(model, prompts),
      textEncoderOf: () => textEncoderOf(model),
      encodeImages: () => encodeImages(model, images),
      decodeLatents: () => decodeLatents(model, latents),
      reconstruct: () => reconstruct(model, pixels, 16),
      saveModel: () => saveModel(model, folder),
      saveLora: () => saveLora(model, join(folder, 'a.safetensors')),
      loadLora: () => loadLora(model, join(folder, 'a.safetensors')),
      removeLora: () => removeLora(model),
      loadLearnedEmbeds: () => loadLearnedEmbeds(model, join(folder, 'a.safetensors')),
      swapTextEncoder: () => swapTextEncoder(model, { ...other.textEncoder, tokenizer: other.tokenizer! }),
      fitVae: () => fitVae(model, recipe, pixels, { key: key(1) }),
      fitDiffusion: () => fitDiffusion(model, recipe, pixels, prompts, { key: key(1) }),
    };
    for (const [name, call] of Object.entries(calls))
      await assert.rejects(
        async () => await call(),
        { name: 'TypeError', message: `${name}: this model was disposed; load or train it again` },
        name,
      );
    const message = 'this text encoder was disposed; load or train it again';
    await assert.rejects(encoder.encode(prompts), { name: 'TypeError', message: `encode: ${message}` });
    const alone = createTextEncoder(
      { config: other.textEncoder.config, params: cloneTree(other.textEncoder.params as never) },
      other.tokenizer!,
    );
    tf.dispose({ ...(await alone.encode(prompts)), lostTokens: [] });
    alone.dispose();
    await assert.rejects(alone.encode(prompts), { name: 'TypeError', message: `encode: ${message}` });
    assert.throws(() => swapTextEncoder(other, alone), { message: `swapTextEncoder: ${message}` });
    tf.dispose([latents, images]);
    disposeModel(other);
  }),
);
