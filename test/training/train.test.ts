import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, key, scope } from 'roentgen-lab/engine';
import { type CheckpointOptions, type StepLog, type TrainOptions, train } from 'roentgen-lab/training';
import { normalArray } from '#engine/internal';
import { noLeaks, tempDir } from '../support';

type Params = { w: tf.Tensor2D };
type Batch = { x: tf.Tensor2D };

const target = [1, -2, 0.5];

const keep = (folder: string, identity = 'one'): CheckpointOptions => ({ folder, identity, resume: 'unfinished' });

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
      batch_size: 4,
      learning_rate: { peak: 0.1, schedule: 'cosine', warmup: 2, floor: 0 },
      betas: [0.9, 0.99],
      epsilon: 1e-8,
      weight_decay: 0,
      clip_norm: 1,
      ema_decay: 0.5,
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
    const part = await train(problem(params, 30, { checkpoints: keep(folder), signal: stop.signal, onStep }));
    assert.equal(part.interrupted, true);
    assert.equal(part.log.length, 13, 'it ended within the step');
    const resumed = await train(problem(params, 30, { checkpoints: keep(folder) }));
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
      train(problem(params, 10, { batch, checkpoints: keep(folder) })),
      /train: step 4: batch\.x holds NaN .* no checkpoint was written/,
    );
    const again = await train(problem(params, 2, { checkpoints: keep(folder) }));
    assert.equal(again.log.length, 2, 'nothing to resume from');
    dispose(params, again.params);
  }),
);

test(
  'the checkpoint of another model is refused',
  noLeaks(async (t) => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const folder = join(tempDir(t), 'checkpoint');
    dispose((await train(problem(params, 1, { checkpoints: keep(folder) }))).params);
    const other = problem(params, 1, { checkpoints: keep(folder) });
    const { ema_decay: _, ...without } = other.optimisation;
    const again = { ...other, checkpoints: { ...keep(folder), resume: 'always' as const }, optimisation: without };
    await assert.rejects(train(again), /step-0+1: is the checkpoint of another model or optimiser/);
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
      train(problem(params, 9, { checkpoints: keep(folder, identity), ...extra }));
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

test(
  'batches that are added up give the update of one large batch',
  noLeaks(async () => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const whole = problem(params, 6);
    const large = await train(whole);
    const parts = await train({
      ...whole,
      batch: async (index) => {
        const { x } = await whole.batch(Math.floor(index / 2));
        const half = tf.slice(x, [2 * (index % 2), 0], [2, 3]) as tf.Tensor2D;
        x.dispose();
        return { x: half };
      },
      optimisation: { ...whole.optimisation, batch_size: 2, accumulation: 2 },
    });
    assert.deepEqual(parts.log.length, 6);
    parts.log.forEach(({ loss, gradientNorm }, i) => {
      assert.ok(Math.abs(loss - large.log[i]!.loss) < 1e-5);
      assert.ok(Math.abs(gradientNorm - large.log[i]!.gradientNorm) < 1e-4);
    });
    assert.ok(Math.max(...tf.tidy(() => tf.abs(tf.sub(parts.params.w, large.params.w)).dataSync())) < 1e-5);
    dispose(params, large.params, parts.params);
  }),
);

test(
  'NaN in weights, in a gradient alone, and an overflowing update are found in their step, by the path of the tensor',
  noLeaks(async () => {
    const bad = { w: tf.tensor2d([1, Number.NaN, 0], [3, 1]) };
    await assert.rejects(train(problem(bad, 3)), /train: step 1: params\.w holds NaN/);
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const given = problem(params, 3);
    const root = (p: Params): tf.Scalar => scope(() => tf.sqrt(tf.sum(tf.square(p.w))) as tf.Scalar); // finite at 0, its gradient is not
    await assert.rejects(train({ ...given, loss: root }), /train: step 1: gradient of w is not finite/);
    const fast = { ...given.optimisation, learning_rate: { ...given.optimisation.learning_rate, peak: 3e38, warmup: 0 } };
    await assert.rejects(train({ ...given, optimisation: fast }), /train: step [12]: (w overflows|gradient of w|loss)/);
    dispose(bad, params);
  }),
);

test(
  'frozen parameters take part, stay as they are, and are given back; parameters that are handed over are freed',
  noLeaks(async () => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const frozen = { shift: tf.scalar(2) };
    const { batch, optimisation } = problem(params, 5);
    const result = await train<Params, Batch, typeof frozen>({
      params,
      batch,
      optimisation,
      frozen,
      handOver: true,
      loss: ({ w }, { x }, { shift }) => scope(() => tf.mean(tf.square(tf.sub(tf.matMul(x, w), shift))) as tf.Scalar),
    });
    assert.ok(params.w.isDisposed && frozen.shift.isDisposed);
    assert.deepEqual([...result.frozen.shift.dataSync()], [2]);
    assert.ok(result.params.w.dataSync().some((x) => x !== 0));
    dispose(result.params, result.frozen);
  }),
);

test(
  'checkpoints that are not due stay only until the next one is whole, and only some are kept',
  noLeaks(async (t) => {
    const params = { w: tf.zeros([3, 1]) as tf.Tensor2D };
    const folder = join(tempDir(t), 'checkpoints');
    const checkpoints = { ...keep(folder), every: 5, keep: 2 };
    const stop = new AbortController();
    const onStep = ({ step }: StepLog): void => {
      if (step === 7) stop.abort();
    };
    const names = (): string[] =>
      readdirSync(folder)
        .filter((name) => name !== 'lock')
        .sort();
    const part = await train(problem(params, 18, { checkpoints, signal: stop.signal, onStep }));
    assert.deepEqual(names(), ['last', 'step-00000005', 'step-00000007']);
    const rest = await train(problem(params, 18, { checkpoints }));
    assert.deepEqual(names(), ['last', 'step-00000015', 'step-00000018']);
    assert.equal(readFileSync(join(folder, 'last'), 'utf8'), 'step-00000018\n');
    dispose(params, part.params, rest.params);
  }),
);
