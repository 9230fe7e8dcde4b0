/** A training in a process of its own, for tests that stop or kill it: node process.js FOLDER STEPS [stopAt] [logEvery]. Prints a hash of the state. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, key, linear, normal, scope, startEngine } from 'roentgen-lab/engine';
import { train } from 'roentgen-lab/training';
import { normalArray } from '#engine/internal';

type Params = { layers: { w: tf.Tensor2D; b: tf.Tensor1D }[] };
type Batch = { x: tf.Tensor2D };

async function run(folder: string, steps: number, stopAt: number, lookEvery: number): Promise<void> {
  await startEngine();
  const layer = (i: number): Params['layers'][number] => ({ w: normal<tf.Rank.R2>(foldIn(key(3), i), [64, 64]), b: tf.zeros([64]) });
  const params: Params = { layers: [layer(0), layer(1)] };
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  const result = await train<Params, Batch>({
    params,
    batch: (i) => ({ x: tf.tensor2d(normalArray(foldIn(key(4), i), 8 * 64), [8, 64]) }),
    loss: ({ layers }, { x }) =>
      scope(() => {
        const y = layers.reduce((h, { w, b }) => tf.tanh(linear(h, w, b)) as tf.Tensor2D, x);
        return tf.mean(tf.squaredDifference(y, tf.reverse(x, 1))) as tf.Scalar;
      }),
    optimisation: {
      steps,
      batch_size: 8,
      accumulation: 2,
      learning_rate: { peak: 1e-2, schedule: 'cosine', warmup: 3, floor: 0 },
      betas: [0.9, 0.999],
      epsilon: 1e-8,
      weight_decay: 0.01,
      clip_norm: 1,
      ema_decay: 0.9,
    },
    signal: stop.signal,
    onStep: ({ step }, live) => {
      if (step === stopAt) stop.abort();
      if (lookEvery > 0 && step % lookEvery === 0) {
        const { params: now, frozen } = live.averaged();
        dispose(now, frozen);
      }
      process.stdout.write(`${step}\n`);
    },
    checkpoints: { folder, identity: 'test', every: 1, keep: 2, resume: 'always' },
  });
  dispose(params, result.params);
  const name = readFileSync(join(folder, 'last'), 'utf8').trim();
  const manifest = readFileSync(join(folder, name, 'manifest.json'));
  process.stdout.write(`${name} ${createHash('sha256').update(manifest).digest('hex')}\n`);
}

const [folder, steps, stopAt = '0', lookEvery = '0'] = process.argv.slice(2);
void run(folder!, Number(steps), Number(stopAt), Number(lookEvery));
