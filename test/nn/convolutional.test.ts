import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, scope, valueAndGrad } from 'roentgen-lab/engine';
import type { BatchNormParams } from 'roentgen-lab/nn';
import { batchNormLayer, batchNormSpec, withBatchStatistics } from '#nn/batch-norm';
import { groupedConvLayer } from '#nn/grouped-conv';
import { initialise } from '#nn/parameters';
import { averageAround, averagePool, maxPool } from '#nn/pooling';
import { assertClose, noLeaks } from '../support';

test(
  'batch norm: in training the batch has mean 0 and deviation 1, and running statistics move towards it; else they are used',
  noLeaks(() => {
    const layer = initialise<BatchNormParams>(batchNormSpec(3), key(1));
    const x = scope(() => tf.add(tf.mul(normal<tf.Rank.R4>(key(2), [4, 5, 6, 3]), [1, 2, 3]), [0, 10, -5]) as tf.Tensor4D);
    const { out, params } = withBatchStatistics({ first: layer }, 0.1, (statistics) => batchNormLayer(layer, x, { eps: 0, statistics }));
    const { mean, variance } = tf.moments(out, [0, 1, 2]);
    assertClose(mean, [0, 0, 0], 1e-5);
    assertClose(variance, [1, 1, 1], 1e-5);
    const batch = tf.moments(x, [0, 1, 2]);
    assertClose(
      params.first.running_mean,
      Float32Array.from(batch.mean.dataSync(), (value) => 0.1 * value),
      1e-6,
    );
    const unbiased = 120 / 119;
    assertClose(
      params.first.running_var,
      Float32Array.from(batch.variance.dataSync(), (value) => 0.9 + 0.1 * unbiased * value),
      1e-6,
    );
    assert.equal(params.first.weight, layer.weight);
    const evaluated = batchNormLayer(layer, x, { eps: 0 });
    assertClose(evaluated, x, 1e-6);
    const one = tf.ones([1, 1, 1, 3]) as tf.Tensor4D;
    assert.throws(
      () => withBatchStatistics({ layer }, 0.1, (statistics) => batchNormLayer(layer, one, { eps: 0, statistics })),
      /more than one value/,
    );
    dispose(layer, x, out, params.first.running_mean, params.first.running_var, mean, variance, batch.mean, batch.variance, evaluated, one);
  }),
);

test(
  'a convolution in groups is one whose weight is zero between groups, also in its gradient',
  noLeaks(() => {
    const x = normal<tf.Rank.R4>(key(3), [2, 6, 5, 4]);
    for (const groups of [1, 2, 4]) {
      const each = 4 / groups;
      const weight = normal<tf.Rank.R4>(key(4), [3, 3, each, 4]);
      const whole = scope(() => {
        const blocks = (tf.split(weight, groups, 3) as tf.Tensor4D[]).map((block, g) =>
          tf.pad(block, [
            [0, 0],
            [0, 0],
            [g * each, 4 - (g + 1) * each],
            [0, 0],
          ]),
        );
        return tf.concat(blocks, 3) as tf.Tensor4D;
      });
      const options = { stride: 2, padding: [1, 0, 0, 2] as const };
      const loss = (g: number) => (p: { x: tf.Tensor4D; weight: tf.Tensor4D }) =>
        tf.sum(tf.square(groupedConvLayer({ weight: p.weight }, p.x, { ...options, groups: g }))) as tf.Scalar;
      const [a, b] = [valueAndGrad(loss(groups))({ x, weight }), valueAndGrad(loss(1))({ x, weight: whole })];
      assertClose(a.value, b.value, 1e-5);
      assertClose(a.grads.x, b.grads.x, 1e-5);
      dispose(weight, whole, a.value, a.grads, b.value, b.grads);
    }
    x.dispose();
  }),
);

test(
  'pooling: borders never win a maximum, count as zeros in a mean, and are left out of the mean around a place',
  noLeaks(() => {
    const x = tf.tensor4d([-4, -2, -3, -1], [1, 2, 2, 1]);
    const got = [maxPool(x, { size: 3, stride: 2, padding: 1 }), averagePool(x, { size: 3, stride: 2, padding: 1 }), averageAround(x, 3)];
    assertClose(got[0]!, [-1], 0);
    assertClose(got[1]!, [-10 / 9], 1e-6);
    assertClose(got[2]!, [-2.5, -2.5, -2.5, -2.5], 1e-6);
    dispose(x, got);
  }),
);
