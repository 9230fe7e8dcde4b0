// Our side of a speed row: answers the driver (run.mjs) over standard input and output.
// node bench/speed/ours.mjs FOLDER CASE MODE

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, startEngine } from 'roentgen-lab/engine';
import { memoryUse } from '#engine/internal';
import { readSafetensors } from 'roentgen-lab/files';
import { compileTrainStep, initTrainState, stepScalars } from '#training/internal';
import { loadUNet, unet } from 'roentgen-lab/unet';
import { decode, encode, loadVae, samplePosterior } from 'roentgen-lab/vae';
import { klDivergence } from '#vae/internal';

const [folder, name, mode] = process.argv.slice(2);
const { kind } = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'))[name];
const place = join(folder, name);
const engine = await startEngine();

/** The inputs that both sides take, images with their channels last. */
const inputs = {};
for (const [key, { data, shape }] of Object.entries(await readSafetensors(join(place, 'inputs.safetensors'))))
  inputs[key] = tf.tidy(() => (shape.length === 4 ? tf.transpose(tf.tensor(data, shape), [0, 2, 3, 1]) : tf.tensor(data, shape)));

const squaredError = (a, b) => tf.mean(tf.squaredDifference(a, b));
const losses = {
  unet: (config) => (params, { x, timesteps, context, target }) => squaredError(unet(config, params, x, timesteps, context), target),
  vae: (config) => (params, { x, noise }) => {
    const posterior = encode(config, params, x);
    const reconstruction = decode(config, params, samplePosterior(posterior, noise));
    return tf.add(squaredError(reconstruction, x), tf.mul(tf.mean(klDivergence(posterior)), 1e-6));
  },
};

/** @returns a call that gives the first values of the output */
function forward({ config, params }) {
  const network = compileNetwork((weights, x, t, context) => unet(config, weights, x, t, context));
  return () => {
    const output = network(params, inputs.x, inputs.timesteps, inputs.context);
    const values = output.dataSync().slice(0, 64);
    output.dispose();
    return [...values];
  };
}

/** @returns a call that takes a step of AdamW and gives the loss before it */
function training({ config, params }) {
  const optimisation = {
    steps: 1e6,
    batch_size: inputs.x.shape[0],
    learning_rate: { peak: 1e-4, schedule: 'constant', warmup: 0, floor: 1e-4 },
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weight_decay: 1e-2,
    clip_norm: 1e9, // the reference does not clip
  };
  const state = initTrainState(params, optimisation);
  const step = compileTrainStep(state, {}, losses[kind](config), optimisation);
  dispose(state, params);
  let t = 0;
  return () => {
    t += 1;
    const scalars = stepScalars(t, optimisation, true);
    const outputs = step.run(inputs, scalars);
    const [loss] = outputs.loss.dataSync();
    dispose(outputs, scalars);
    return [loss];
  };
}

const model = await (kind === 'unet' ? loadUNet : loadVae)(join(place, 'model'));
const run = mode === 'train' ? training(model) : forward(model);
const timed = () => {
  const start = performance.now();
  const output = run();
  return { ms: performance.now() - start, output };
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const first = timed();
say({ first: first.ms, output: first.output, versions: { engine: engine.library, node: process.versions.node }, threads: engine.threads });
for await (const line of createInterface({ input: process.stdin })) {
  const repeats = Number(line);
  if (repeats === 0) {
    say({ peak: memoryUse().peakRssMiB });
    process.exit(0);
  }
  say({ ms: Array.from({ length: repeats }, () => timed().ms) });
}
