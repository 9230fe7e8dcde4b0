// Records the joint training step of Stable Diffusion 1.4 at 512 x 512 pixels without running it: seconds, and memory beside the weights.
// node bench/training/recording.mjs [batch]
import * as tf from '@tensorflow/tfjs-core';
import { initClipText } from 'roentgen-lab/encoders';
import { countParameters, flatten, key, split, startEngine, unflatten } from 'roentgen-lab/engine';
import { noiseTables } from 'roentgen-lab/schedulers';
import { diffusionBatch, diffusionLoss } from 'roentgen-lab/training';
import { initUNet } from 'roentgen-lab/unet';
import { memoryUse } from '#engine/internal';
import { formOf } from '#engine/tensorflow';
import { record } from '#engine/trace';
import { stepScalars, trainStep } from '#training/train-step';
import { scheduler, textEncoder, unet } from './stable-diffusion.mjs';

const batchSize = Number(process.argv[2] ?? 8);
const optimisation = {
  steps: 1,
  batch_size: batchSize,
  learning_rate: { peak: 5e-5, schedule: 'constant', warmup: 0, floor: 0 },
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weight_decay: 0.01,
  clip_norm: 1,
};

await startEngine();
const [a, b] = split(key(1), 2);
const params = { unet: initUNet(unet, a), textEncoder: initClipText(textEncoder, b) };
const tables = noiseTables(scheduler);
const batch = diffusionBatch(tables, {}, {
  x0: new Float32Array(batchSize * 64 * 64 * 4),
  shape: [batchSize, 64, 64, 4],
  timesteps: new Array(batchSize).fill(500),
  texts: { ids: tf.zeros([batchSize, 77], 'int32') },
  noise: key(7),
});
const state = { train: { params, moments: { m: params, v: params } }, frozen: {} }; // forms are all that counts
const [leaves, batchLeaves, scalars] = [flatten(state), flatten(batch), flatten(stepScalars(1, optimisation, true))];
const configs = { unet, textEncoder, predictionType: tables.predictionType, checkpointing: true };
const step = trainStep((now, given) => diffusionLoss(configs, now, given), optimisation);

const tree = (like, values) => unflatten(Object.fromEntries(Object.keys(like).map((path, i) => [path, values[i]])));
const before = memoryUse().peakRssMiB;
const start = performance.now();
const forms = (given) => Object.values(given).map(formOf);
const { outputs } = record(forms(leaves), [...forms(batchLeaves), ...forms(scalars)], (stateLeaves, inputs) => {
  const count = Object.keys(batchLeaves).length;
  const { state: next, out } = step(tree(leaves, stateLeaves), tree(batchLeaves, inputs.slice(0, count)), tree(scalars, inputs.slice(count)));
  return { outputs: Object.values(flatten(out)), nextState: Object.values(flatten(next)) };
});
const seconds = (performance.now() - start) / 1000;
console.log(
  `${(countParameters(params) / 1e6).toFixed(0)} M parameters, batch ${batchSize}: recorded in ${seconds.toFixed(1)} s, ` +
    `${(memoryUse().peakRssMiB - before).toFixed(0)} MiB beside the weights; ${outputs.length} results`,
);
