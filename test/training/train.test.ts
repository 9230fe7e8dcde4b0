import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, key, normalArray, scope } from 'roentgen-lab/engine';
import { type StepLog, type TrainOptions, train } from 'roentgen-lab/training';
import { noLeaks, tempDir } from '../support';

type Params = { w: tf.Tensor2D };
type Batch = { x: tf.Tensor2D };

const target = [1, -2, 0.5];

/** Least squares with noisy inputs: enough to see whether two runs are the same. */
function problem(params: Params, steps: number, extra: Partial<TrainOptions<Params, Batch>> = {}): TrainOptions<Params, Batch> {
  return {
    params,
    loss: ({ w }, { x }) =>
      scope(() => {
        const y = tf.matMul(x, tf.tensor2d(target, [3, 1]));
        const loss = tf.mean(tf.squaredDifference(tf.matMul(x, w), y)) as tf.Scalar;
        return { loss, aux: { size: tf.sum(tf.abs(w)) as tf.Scalar } };
      }),
    batch: (step) => ({ x: tf.tensor2d(normalArray(foldIn(key(9), step), 12), [4, 3]) }),
    optimisation: {
      steps,
      batchSize: 4,
      learningRate: { peak: 0.1, schedule: 'cosine', warmup: 2, floor: 0 },
      betas: [0.9, 0.99],
      epsilon: 1e-8,
      weightDecay: 0,
      clipNorm: 1,
      emaDecay: 0.5,
    },
    ...extra,
  };
}

test(
  'it learns, logs every step, and the same run gives the same bytes',
  noLeaks(async () => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const [a, b] = [await train(problem(params, 120)), await train(problem(params, 120))];
    assert.deepEqual(a.params.w.dataSync(), b.params.w.dataSync());
    assert.deepEqual(a.log, b.log);
    assert.equal(a.log.length, 120);
    assert.ok(a.log[119]!.loss < 0.01 * a.log[0]!.loss, `loss ${a.log[0]!.loss} to ${a.log[119]!.loss}`);
    assert.ok(a.log[50]!.aux.size! > 0);
    dispose(params, a.params, b.params);
  }),
);

test(
  'a run that is stopped and resumed ends with the bytes of one that was not',
  noLeaks(async (t) => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const whole = await train(problem(params, 30));
    const folder = join(tempDir(t), 'checkpoint');
    const stop = new AbortController();
    const onStep = ({ step }: StepLog): void => {
      if (step === 13) stop.abort();
    };
    const part = await train(problem(params, 30, { checkpoint: folder, signal: stop.signal, onStep }));
    assert.equal(part.interrupted, true);
    assert.equal(part.log.length, 13, 'it ended within the step');
    const resumed = await train(problem(params, 30, { checkpoint: folder }));
    assert.equal(resumed.interrupted, false);
    assert.deepEqual(resumed.params.w.dataSync(), whole.params.w.dataSync());
    assert.deepEqual(resumed.log, whole.log);
    dispose(params, whole.params, part.params, resumed.params);
  }),
);

test(
  'a loss that is not finite ends the run in that step, by its number, without a checkpoint',
  noLeaks(async (t) => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const folder = join(tempDir(t), 'checkpoint');
    const batch = (step: number): Batch => ({ x: tf.fill([4, 3], step === 3 ? Number.NaN : 1) as tf.Tensor2D });
    await assert.rejects(
      train(problem(params, 10, { batch, checkpoint: folder })),
      /train: step 4: loss NaN, .* no checkpoint was written/,
    );
    const again = await train(problem(params, 2, { checkpoint: folder }));
    assert.equal(again.log.length, 2, 'nothing to resume from');
    dispose(params, again.params);
  }),
);

test(
  'the checkpoint of another model is refused',
  noLeaks(async (t) => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const folder = join(tempDir(t), 'checkpoint');
    dispose((await train(problem(params, 1, { checkpoint: folder }))).params);
    const other = problem(params, 1, { checkpoint: folder });
    const { emaDecay: _, ...without } = other.optimisation;
    await assert.rejects(train({ ...other, optimisation: without }), /checkpoint\.safetensors.*another model or optimiser/);
    dispose(params);
  }),
);

test(
  'a checkpoint is taken up only by the run that wrote it, and only where that had not ended',
  noLeaks(async (t) => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const folder = join(tempDir(t), 'checkpoint');
    const stop = new AbortController();
    const onStep = ({ step }: StepLog): void => {
      if (step === 4) stop.abort();
    };
    const run = (identity: string, extra: Partial<TrainOptions<Params, Batch>> = {}): ReturnType<typeof train<Params, Batch>> =>
      train(problem(params, 9, { checkpoint: folder, identity, ...extra }));
    const part = await run('one', { signal: stop.signal, onStep });
    const steps: number[] = [];
    const count = { onStep: ({ step }: StepLog): void => void steps.push(step) };
    const other = await run('another', count);
    assert.deepEqual(steps.splice(0), [1, 2, 3, 4, 5, 6, 7, 8, 9], 'another run starts at the beginning');
    const again = await run('another', count);
    assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8, 9], 'a run that had ended is not gone on with');
    assert.deepEqual(again.params.w.dataSync(), other.params.w.dataSync());
    dispose(params, part.params, other.params, again.params);
  }),
);
