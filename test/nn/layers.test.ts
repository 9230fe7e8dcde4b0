import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, split } from 'roentgen-lab/engine';
import type { ResampleParams, Transformer2DParams } from 'roentgen-lab/nn';
import { perBlock } from '#nn/config';
import { initialise } from '#nn/parameters';
import { resampleSpec, upsample } from '#nn/resample';
import { sequence } from '#nn/sequence';
import { timestepEmbedding } from '#nn/timestep';
import { contextKeys2d, transformer2d, transformer2dSpec } from '#nn/transformer';
import { assertClose, noLeaks } from '../support';

test(
  'a timestep is a point on circles: frequencies fall from 1 to 1/10000, fractions lie between',
  noLeaks(() => {
    const size = 8;
    const t = tf.tensor1d([0, 2.5, 900]);
    const got = timestepEmbedding(t, size, { cosFirst: true, frequencyShift: 1 });
    const want = [0, 2.5, 900].flatMap((time) => {
      const angles = [0, 1, 2, 3].map((i) => time * 10000 ** (-i / 3));
      return [...angles.map(Math.cos), ...angles.map(Math.sin)];
    });
    assertClose(got, want, 1e-4); // float32 cosine of 900 radians
    const sinFirst = timestepEmbedding(t, size, { cosFirst: false, frequencyShift: 1 });
    assertClose(
      tf.tidy(() => tf.reverse(tf.reshape(sinFirst, [3, 2, 4]), 1).dataSync()),
      got.dataSync(),
      0,
    );
    const odd = timestepEmbedding(t, 5, { cosFirst: true, frequencyShift: 0 });
    assert.deepEqual(odd.shape, [3, 5]);
    assert.equal(odd.dataSync()[4], 0);
    dispose(t, got, sinFirst, odd);
  }),
);

test(
  'a projection stored as a 1x1 convolution and one stored as a matrix give the same numbers',
  noLeaks(() => {
    const shape = { channels: 8, heads: 2, context: 6, layers: 2, linearProjection: false };
    const conv = initialise<Transformer2DParams>(transformer2dSpec(shape), key(1));
    const matrix = (weight: tf.Tensor): tf.Tensor2D => tf.reshape(weight, [8, 8]);
    const linear = {
      ...conv,
      proj_in: { ...conv.proj_in, weight: matrix(conv.proj_in.weight) },
      proj_out: { ...conv.proj_out, weight: matrix(conv.proj_out.weight) },
    };
    const [x, text] = [normal<tf.Rank.R4>(key(2), [2, 3, 5, 8]), normal<tf.Rank.R3>(key(3), [2, 4, 6])];
    const options = { heads: 2, groups: 4 };
    const keys = contextKeys2d(conv, text);
    const [a, b] = [transformer2d(conv, x, keys, options), transformer2d(linear, x, keys, options)];
    assert.deepEqual(a.shape, x.shape);
    assert.deepEqual(a.dataSync(), b.dataSync());
    dispose(conv, linear.proj_in.weight, linear.proj_out.weight, x, text, keys, a, b);
  }),
);

test(
  'upsampling to an odd size is the doubled map without its last row and column',
  noLeaks(() => {
    const conv = tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]); // passes its middle on
    const x = tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 3, 1]);
    const odd = upsample({ conv: { weight: conv } }, x, [3, 5]);
    assert.deepEqual([...odd.dataSync()], [1, 1, 2, 2, 3, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6]);
    const params = initialise<ResampleParams>(resampleSpec(1), key(1));
    const even = upsample(params, x);
    assert.deepEqual(even.shape, [1, 4, 6, 1]);
    dispose(conv, x, odd, params, even);
  }),
);

test(
  'a sequence frees what lies between its layers and leaves its input alone',
  noLeaks(() => {
    const [k] = split(key(1));
    const x = normal(k!, [4]);
    let most = 0;
    const add = (h: tf.Tensor): tf.Tensor => {
      most = Math.max(most, tf.memory().numTensors);
      return tf.add(h, x);
    };
    const y = sequence(x, [add, add, add]);
    assertClose(
      y,
      [...x.dataSync()].map((value) => 4 * value),
      1e-6,
    );
    assert.ok(most <= 2, `${most} tensors at once`);
    assert.throws(() => sequence(x, []), /expected at least one layer/);
    dispose(x, y);
  }),
);

test('a value for all blocks or one for each', () => {
  assert.deepEqual(perBlock('heads', 8, 3), [8, 8, 8]);
  assert.deepEqual(perBlock('heads', [1, 2, 3], 3), [1, 2, 3]);
  assert.throws(() => perBlock('heads', [1, 2], 3), /heads: expected one value for each of 3 blocks, got \[1,2\]/);
});
