// A folder saved here opens in diffusers and makes the same pictures from the same latents; a folder saved by diffusers does here. Prints largest errors.
//
// node bench/interoperability/run.mjs [--python PYTHON] [--model FOLDER | --recipe NAME]   (a model of a recipe's shape, the quickstart's by default, with random weights where none is given)
// The Python needs torch, diffusers 0.42.1 and transformers.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { key, normal, startEngine } from 'roentgen-lab/engine';
import { readSafetensors, writeSafetensors } from 'roentgen-lab/files';
import { decodeLatents, encodePrompts, loadModel, saveModel, textToImage } from 'roentgen-lab/pipelines';
import { latentFactor } from '#pipelines/internal';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { initModel, loadRecipe } from 'roentgen-lab/experiments';

const { values: flags } = parseArgs({ options: { python: { type: 'string', default: 'python3' }, model: { type: 'string' }, recipe: { type: 'string', default: 'quickstart' } } });
const { key: root } = await startEngine();
const prompts = ['PA chest radiograph. Large right pleural effusion.', 'No acute findings.'];
const folder = mkdtempSync(join(tmpdir(), 'roentgen-interoperability-'));
const request = { prompts, steps: 10, guidance: 4, scheduler: 'ddim' };

/** Pictures from given latents, and a decoding in tiles, [n, C, H, W] as diffusers has them. */
async function ours(model, latents, tile) {
  const pictures = await textToImage(model, { ...request, latents });
  const { height, width, channels } = pictures[0];
  const images = tf.concat(pictures.map(({ pixels }) => tf.tensor4d(pixels, [1, height, width, channels])));
  const large = tf.tile(latents.slice([0, 0, 0, 0], [1, -1, -1, -1]), [1, 2, 2, 1]);
  const tiled = decodeLatents(model, large, { vaeTiling: tile });
  const { context } = encodePrompts(model, prompts);
  return { images: tf.transpose(images, [0, 3, 1, 2]), tiled: tf.transpose(tiled, [0, 3, 1, 2]), context };
}

const packed = (tensors) => Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, { shape: x.shape, data: x.dataSync() }]));
const tensorsOf = async (path) => Object.fromEntries(Object.entries(await readSafetensors(path)).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]));
const largest = (a, b) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0].toExponential(1);

try {
  const recipe = await loadRecipe(flags.recipe);
  const model = flags.model
    ? await loadModel(flags.model)
    : initModel(recipe, trainBpe(prompts, { vocabularySize: recipe.tokenizer.vocabulary_size, maxLength: recipe.tokenizer.max_length }), root);
  const side = model.unet.config.sample_size;
  const tile = side * latentFactor(model);
  const latents = normal(key(1), [prompts.length, side, side, model.unet.config.in_channels ?? 4]);
  await saveModel(model, join(folder, 'ours'));
  const own = await ours(model, latents, tile);
  await writeSafetensors(join(folder, 'latents.safetensors'), packed({ latents: tf.transpose(latents, [0, 3, 1, 2]) }));
  const script = fileURLToPath(new URL('diffusers_side.py', import.meta.url));
  const { status } = spawnSync(flags.python, [script, folder, String(tile), JSON.stringify(request)], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`diffusers_side.py ended with ${status}`);
  const theirs = await tensorsOf(join(folder, 'theirs.safetensors'));
  const reloaded = await ours(await loadModel(join(folder, 'theirs')), latents, tile);
  for (const name of ['context', 'images', 'tiled']) {
    const size = `[${own[name].shape}]`;
    process.stdout.write(
      `${name.padEnd(8)} ${size.padEnd(16)} saved here, run by diffusers: largest error ${largest(own[name], theirs[name])}; ` +
        `saved by diffusers, run here: ${largest(reloaded[name], theirs[name])}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
