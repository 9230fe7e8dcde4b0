/** What a compiled step makes of its gradient, against the same step op by op. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key, normal, scope, type Tree } from 'roentgen-lab/engine';
import type { Optimisation } from '#training/optimiser/optimisation';
import { compileTrainStep, initTrainState, stepScalars, type TrainStep } from '#training/train-step';
import { noLeaks } from '../support';

type Params = { body: { weight: tf.Tensor2D; bias: tf.Tensor1D; gain: tf.Scalar }; head: { weight: tf.Tensor2D } };
type Batch = { x: tf.Tensor2D };

const initial = (): Params => ({
  body: { weight: normal(key(1), [37, 450]) as tf.Tensor2D, bias: normal(key(2), [450]) as tf.Tensor1D, gain: tf.scalar(0.5) },
  head: { weight: normal(key(3), [450, 3]) as tf.Tensor2D },
});

const loss = ({ body, head }: Params, { x }: Batch): tf.Scalar =>
  scope(() => {
    const h = tf.mul(tf.tanh(tf.add(tf.matMul(x, body.weight), body.bias)), body.gain);
    return tf.mean(tf.square(tf.matMul(h, head.weight)));
  });

const optimisation = (more: Partial<Optimisation>): Optimisation => ({
  steps: 20,
  batch_size: 4,
  learning_rate: { peak: 1e-2, schedule: 'constant', warmup: 0, floor: 0, peaks: { head: 1e-3 } },
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weight_decay: 1e-2,
  clip_norm: 1,
  ...more,
});

/** The step as a graph, and op by op. */
function both(options: Optimisation): TrainStep<Params, Batch, Record<string, never>>[] {
  return [undefined, '1'].map((eager) => {
    const params = initial();
    const state = initTrainState(params, options);
    const before = process.env.ROENTGEN_EAGER;
    if (eager) process.env.ROENTGEN_EAGER = eager;
    const step = compileTrainStep<Params, Batch, Record<string, never>>(state, {}, loss, options);
    if (before === undefined) delete process.env.ROENTGEN_EAGER;
    dispose(params, state);
    return step;
  });
}

function assertSame(got: Tree, want: Tree, tolerance: number, what: string): void {
  const [a, b] = [flatten(got), flatten(want)];
  assert.deepEqual(Object.keys(a), Object.keys(b));
  for (const [path, x] of Object.entries(a)) {
    const [values, wanted] = [Array.from(x.dataSync()), Array.from(b[path]!.dataSync())];
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - wanted[i]!) <= tolerance * largest, `${what}: ${path}[${i}]: ${value}, expected ${wanted[i]}`);
    });
  }
}

for (const [name, more] of [
  ['with a moving average', { ema_decay: 0.9 }],
  ['without decay and average', { weight_decay: 0 }],
  ['with gradients of two batches', { accumulation: 2, ema_decay: 0.9 }],
] as const) {
  test(
    `a compiled step ${name} changes parameters, moments and average as the plain operations do, and nothing where a value is not finite`,
    noLeaks(() => {
      const options = optimisation(more);
      const [graph, plain] = both(options) as [ReturnType<typeof both>[0], ReturnType<typeof both>[0]];
      const run = (t: number, x: tf.Tensor2D, last: boolean): void => {
        const scalars = stepScalars(t, options, last);
        const [got, want] = [graph.run({ x }, scalars), plain.run({ x }, scalars)];
        const { finite } = got;
        if (finite.dataSync()[0] === 1) assertSame(got, want, 2e-5, `outputs of step ${t}`);
        else assertSame([got.parameterSquares], [want.parameterSquares], 2e-5, `norms of step ${t}`);
        dispose(scalars, got, want);
      };
      for (let t = 1; t <= 4; t++) {
        for (const last of options.accumulation === 2 ? [false, true] : [true]) {
          const x = normal(key(100 + t), [4, 37]) as tf.Tensor2D;
          run(t, x, last);
          x.dispose();
        }
        const [got, want] = [graph.read(), plain.read()];
        assertSame(got, want, 2e-5, `state after step ${t}`);
        dispose(got, want);
      }
      const before = graph.read();
      const bad = tf.fill([4, 37], Number.NaN) as tf.Tensor2D;
      run(5, bad, true);
      const after = graph.read();
      for (const [path, x] of Object.entries(flatten(before)))
        if (!path.includes('.gradient.')) assert.deepEqual(flatten(after)[path]!.dataSync(), x.dataSync(), path);
      dispose(before, after, bad);
      graph.dispose();
      plain.dispose();
    }),
  );
}
