import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key } from 'roentgen-lab/engine';
import { adamW, adamWSchedule, clipByGlobalNorm, dataOrder, emaDecay, initMoments, learningRateAt } from 'roentgen-lab/training';
import { assertClose, noLeaks } from '../support';

test(
  'the first AdamW step moves by the learning rate against the sign, and decays weights apart from it',
  noLeaks(() => {
    const params = { w: tf.tensor1d([1, -2, 3]) };
    const grads = { w: tf.tensor1d([0.5, -4, 1e-3]) };
    const moments = initMoments(params);
    const scalars = adamWSchedule(1, 0.1, [0.9, 0.999]);
    const next = adamW(params, grads, moments, scalars, { betas: [0.9, 0.999], epsilon: 1e-12, weightDecay: 0.01 });
    assertClose(next.params.w, [1 * 0.999 - 0.1, -2 * 0.999 + 0.1, 3 * 0.999 - 0.1], 1e-6);
    dispose(params, grads, moments, { ...scalars }, next);
  }),
);

test(
  'clipping leaves small gradients alone and scales large ones to the norm',
  noLeaks(() => {
    const grads = { a: tf.tensor1d([3]), b: tf.tensor1d([4]) };
    const [small, large] = [clipByGlobalNorm(grads, 10), clipByGlobalNorm(grads, 1)];
    assertClose(small.norm, [5], 1e-6);
    assertClose(small.grads.a, [3], 1e-6);
    assertClose(large.grads.a, [0.6], 1e-5);
    assertClose(large.grads.b, [0.8], 1e-5);
    dispose(grads, small, large);
  }),
);

test('learning rates rise linearly, then follow their schedule to the floor', () => {
  const rate = { peak: 2, warmup: 10, floor: 0.1 } as const;
  assert.equal(learningRateAt({ ...rate, schedule: 'cosine' }, 5, 110), 1);
  assert.equal(learningRateAt({ ...rate, schedule: 'cosine' }, 10, 110), 2);
  assert.ok(Math.abs(learningRateAt({ ...rate, schedule: 'cosine' }, 110, 110) - 0.2) < 1e-12);
  assert.ok(Math.abs(learningRateAt({ ...rate, floor: 0, schedule: 'linear' }, 60, 110) - 1) < 1e-12);
  assert.equal(learningRateAt({ ...rate, schedule: 'constant' }, 100, 110), 2);
});

test('the average copies first, then warms up to its decay', () => {
  assert.deepEqual(
    [1, 2, 11].map((t) => emaDecay(t, 0.995)),
    [0, 2 / 11, 11 / 20],
  );
  assert.equal(emaDecay(100_000, 0.995), 0.995);
});

test('every epoch holds each record once, and a step knows its batch without those before', () => {
  const order = dataOrder(key(1), 10, 4);
  const seen = Array.from({ length: 5 }, (_, step) => [...order(step)]).flat(); // two epochs
  assert.deepEqual(
    seen.slice(0, 10).sort((a, b) => a - b),
    [...Array(10).keys()],
  );
  assert.deepEqual(
    seen.slice(10).sort((a, b) => a - b),
    [...Array(10).keys()],
  );
  assert.deepEqual([...dataOrder(key(1), 10, 4)(3)], seen.slice(12, 16));
  assert.throws(() => dataOrder(key(1), 0, 4), /no records to train on/);
});
