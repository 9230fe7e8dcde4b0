// One step of joint training at Stable Diffusion 1.4's true size, with random weights: node bench/training/true-size.mjs [steps]
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { initClipText } from 'roentgen-lab/encoders';
import { countParameters, dispose, key, split, startEngine } from 'roentgen-lab/engine';
import { normalArray } from '#engine/internal';
import { noiseTables } from 'roentgen-lab/schedulers';
import { diffusionBatch, diffusionLoss, train } from 'roentgen-lab/training';
import { initUNet } from 'roentgen-lab/unet';
import { scheduler, textEncoder, unet } from './stable-diffusion.mjs';

const steps = Number(process.argv[2] ?? 1);
const peak = (name = 'VmHWM') => (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 2 ** 20).toFixed(2);
const say = (what) => console.log(`${(performance.now() / 1000).toFixed(0)} s: ${what}; now ${peak('VmRSS')} GiB, peak ${peak()} GiB`);

await startEngine();
const [a, b, c] = split(key(1), 3);
const params = { unet: initUNet(unet, a), textEncoder: initClipText(textEncoder, b) };
say(`${(countParameters(params) / 1e6).toFixed(1)} M parameters`);
const tables = noiseTables(scheduler);
const configs = { unet, textEncoder, predictionType: tables.predictionType, checkpointing: true };
const result = await train({
  params,
  handOver: true,
  loss: (now, batch) => diffusionLoss(configs, now, batch),
  batch: (i) =>
    diffusionBatch(tables, {}, {
      x0: normalArray(split(c, 8)[i % 8], 32 * 32 * 4),
      shape: [1, 32, 32, 4],
      timesteps: [500],
      texts: { ids: tf.tensor2d(Array.from({ length: 77 }, (_, k) => (k === 0 ? 49406 : k < 20 ? 1000 + k : 49407)), [1, 77], 'int32') },
      noise: key(7),
    }),
  optimisation: {
    steps,
    batch_size: 1,
    learning_rate: { peak: 5e-5, schedule: 'constant', warmup: 0, floor: 0 },
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weight_decay: 0.01,
    clip_norm: 1,
  },
  onStep: ({ step, loss, gradientNorm }) => say(`step ${step}: loss ${loss}, gradient norm ${gradientNorm}`),
});
dispose(result.params);
say('done');
