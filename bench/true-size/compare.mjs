// What our loaders and networks make of a folder of make.py, beside what diffusers computed: errors, seconds, and the largest memory.
//
// node bench/true-size/compare.mjs FOLDER [unet|vae|text|load ...]   (each in a process of its own, so that each has a peak of its own)
// node bench/true-size/compare.mjs FOLDER picture [--size 512] [--steps 2]

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { clipContext, loadClipText } from '#encoders/internal';
import { compileNetwork, dispose, startEngine } from 'roentgen-lab/engine';
import { memoryUse } from '#engine/internal';
import { readSafetensors } from 'roentgen-lab/files';
import { disposeModel, loadModel, textToImage } from 'roentgen-lab/pipelines';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { loadUNet, unet } from 'roentgen-lab/unet';
import { decode, encode, loadVae } from 'roentgen-lab/vae';

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '512' }, steps: { type: 'string', default: '2' }, child: { type: 'boolean', default: false } },
});
const [folder, ...asked] = positionals;
if (!folder) {
  process.stderr.write('usage: node bench/true-size/compare.mjs FOLDER [unet|vae|text|load|picture ...]\n');
  process.exit(2);
}
const model = join(folder, 'model');

const seconds = async (run) => {
  const start = performance.now();
  const value = await run();
  return [value, (performance.now() - start) / 1000];
};

const bytesOf = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0)
    : path.endsWith('.safetensors')
      ? statSync(path).size
      : 0;

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const wanted = async () => {
  const all = await readSafetensors(join(folder, 'wanted.safetensors'));
  const tensor = (key) => tf.tensor(all[key].data, all[key].shape);
  return { tensor, image: (key) => tf.tidy(() => tf.transpose(tensor(key), [0, 2, 3, 1])) };
};

/** max|got - want| / max|want| */
const relative = (got, want) =>
  tf.tidy(() => tf.div(tf.max(tf.abs(tf.sub(got, want))), tf.max(tf.abs(want))).dataSync()[0].toExponential(1));

function say(part, figures) {
  process.stdout.write(`${part.padEnd(9)}${Object.entries(figures).map(([name, value]) => `${name} ${value}`).join(', ')}\n`);
}

async function network(part, load, args, fn, compare) {
  const before = memoryUse().peakRssMiB;
  const bytes = bytesOf(join(model, part === 'text' ? 'text_encoder' : part));
  const [{ config, params }, loading] = await seconds(load);
  const loaded = memoryUse().peakRssMiB;
  const run = compileNetwork((weights, ...inputs) => fn(config, weights, ...inputs));
  const [first, recording] = await seconds(() => run(params, ...args));
  dispose(first);
  const times = [];
  for (let i = 0; i < 3; i++) {
    const [out, time] = await seconds(() => run(params, ...args));
    times.push(time);
    if (i === 0) for (const [name, value] of Object.entries(compare(out))) say(part, { [name]: `largest relative error ${value}` });
    dispose(out);
  }
  say(part, {
    files: mib(bytes),
    'load s': loading.toFixed(1),
    'peak after loading': `${loaded.toFixed(0)} MiB (${before.toFixed(0)} before; ${((loaded * 2 ** 20) / bytes).toFixed(2)} of the files)`,
    'first call s': recording.toFixed(1),
    'call s': Math.min(...times).toFixed(2),
    'peak at the end': `${memoryUse().peakRssMiB.toFixed(0)} MiB`,
  });
}

const parts = {
  async unet() {
    const { tensor, image } = await wanted();
    await network('unet', () => loadUNet(join(model, 'unet')), [image('unet.x'), tensor('unet.t'), tensor('unet.context')], unet, (out) => ({
      prediction: relative(out, image('unet.out')),
    }));
  },
  async vae() {
    const { image } = await wanted();
    const both = (config, params, z, x) => ({ decoded: decode(config, params, z), ...encode(config, params, x) });
    await network('vae', () => loadVae(join(model, 'vae')), [image('vae.z'), image('vae.image')], both, (out) =>
      Object.fromEntries(['decoded', 'mean', 'logvar'].map((name) => [name, relative(out[name], image(`vae.${name}`))])),
    );
  },
  async text() {
    const { tensor } = await wanted();
    const ids = tf.cast(tensor('text.ids'), 'int32');
    await network('text', () => loadClipText(join(model, 'text_encoder')), [ids], clipContext, (out) => ({
      context: relative(out, tensor('text.context')),
    }));
  },
  async load() {
    const bytes = bytesOf(model);
    const [loaded, time] = await seconds(() => loadModel(model));
    const peak = memoryUse().peakRssMiB;
    say('load', { files: mib(bytes), s: time.toFixed(1), peak: `${peak.toFixed(0)} MiB (${((peak * 2 ** 20) / bytes).toFixed(2)} of the files)` });
    disposeModel(loaded);
  },
  async picture() {
    const [loaded, loading] = await seconds(() => loadModel(model));
    loaded.tokenizer = trainBpe(['large right pleural effusion', 'no acute findings'], { vocabularySize: 540, maxLength: 77 });
    const size = Number(flags.size);
    const marks = [performance.now()];
    const onStep = () => void marks.push(performance.now());
    const request = { prompts: ['large right pleural effusion'], size, steps: Number(flags.steps), guidance: 4, seed: 1, scheduler: 'ddim', onStep };
    const [[picture], time] = await seconds(() => textToImage(loaded, request));
    const steps = marks.slice(1).map((mark, i) => ((mark - marks[i]) / 1000).toFixed(1));
    say('picture', {
      size: `${picture.width} x ${picture.height}`,
      'load s': loading.toFixed(1),
      'picture s': time.toFixed(1),
      'steps s (the first records)': steps.join(' '),
      peak: `${memoryUse().peakRssMiB.toFixed(0)} MiB`,
    });
    disposeModel(loaded);
  },
};

if (flags.child) {
  await startEngine();
  await parts[asked[0]]();
} else {
  for (const part of asked.length > 0 ? asked : Object.keys(parts)) {
    const own = [process.argv[1], '--child', '--size', flags.size, '--steps', flags.steps, folder, part];
    const { status } = spawnSync(process.execPath, own, { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}
