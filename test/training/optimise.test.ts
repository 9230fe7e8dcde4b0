import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key } from 'roentgen-lab/engine';
import { adamW, adamWSchedule, initMoments, minSnrWeights } from 'roentgen-lab/training';
import { dataOrder } from '#training/data-order';
import { clipScale, scaleGradients, squaredNorms } from '#training/optimiser/clip';
import { emaDecay } from '#training/optimiser/ema';
import { learningRateAt, learningRatesAt } from '#training/optimiser/learning-rate';
import { assertClose, noLeaks } from '../support';

const learningRate = { peak: 0.1, schedule: 'constant', warmup: 0, floor: 0, peaks: { slow: 0.01 } } as const;

test(
  'the first AdamW step moves by the learning rate of its group against the sign, and decays weights apart from it',
  noLeaks(() => {
    const params = { w: tf.tensor1d([1, -2, 3]), slow: { w: tf.tensor1d([1]) } };
    const grads = { w: tf.tensor1d([0.5, -4, 1e-3]), slow: { w: tf.tensor1d([2]) } };
    const moments = initMoments(params);
    const options = { betas: [0.9, 0.999], epsilon: 1e-12, weight_decay: 0.01, learning_rate: learningRate } as const;
    const scalars = adamWSchedule(1, learningRatesAt(learningRate, 0, 10), options);
    const next = adamW(params, grads, moments, scalars, options);
    assertClose(next.params.w, [1 * 0.999 - 0.1, -2 * 0.999 + 0.1, 3 * 0.999 - 0.1], 1e-6);
    assertClose(next.params.slow.w, [0.9999 - 0.01], 1e-6);
    dispose(params, grads, moments, scalars, next);
  }),
);

test(
  'clipping leaves small gradients alone and scales large ones to the norm; a scale of 0 makes zeros of anything',
  noLeaks(() => {
    const grads = { a: tf.tensor1d([3]), b: tf.tensor1d([4]) };
    const squares = squaredNorms(grads);
    assertClose(squares, [9, 16], 1e-6);
    const norm = tf.scalar(5);
    const [small, large] = [clipScale(norm, 10), clipScale(norm, 1)];
    assertClose(small, [1], 1e-6);
    const scaled = scaleGradients(grads, large);
    assertClose(scaled.a, [0.6], 1e-5);
    assertClose(scaled.b, [0.8], 1e-5);
    const [bad, zero] = [{ a: tf.tensor1d([Number.NaN, Number.POSITIVE_INFINITY]) }, tf.scalar(0)];
    const none = scaleGradients(bad, zero);
    assert.deepEqual([...none.a.dataSync()], [0, 0]);
    dispose(grads, squares, norm, small, large, scaled, bad, zero, none);
  }),
);

test('min-SNR weights are those of the paper for each prediction', () => {
  const snr = [0.5, 5, 20];
  assertClose(minSnrWeights(snr, 5, 'epsilon'), [1, 1, 0.25], 1e-6);
  assertClose(minSnrWeights(snr, 5, 'v_prediction'), [0.5 / 1.5, 5 / 6, 5 / 21], 1e-6);
  assertClose(minSnrWeights(snr, 5, 'sample'), [0.5, 5, 5], 1e-6);
});

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
