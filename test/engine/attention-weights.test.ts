import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { attention, dispose, key, normal, split } from 'roentgen-lab/engine';
import { attentionWeights } from '#engine/ops/attention';
import { assertClose, noLeaks } from '../support';

test(
  'attention is its weights times the values, masked or not',
  noLeaks(() => {
    const [a, b, c, d] = split(key(4), 4);
    const heads = 2;
    const [q, k, v] = [normal(a!, [2, 5, 6]), normal(b!, [2, 3, 6]), normal(c!, [2, 3, 6])] as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const mask = normal(d!, [2, 1, 1, 3]);
    for (const options of [{ heads }, { heads, mask }, { heads, scale: 0.3 }]) {
      tf.tidy(() => {
        const weights = attentionWeights(q, k, options);
        assert.deepEqual(weights.shape, [2, heads, 5, 3]);
        const values = tf.transpose(tf.reshape(v, [2, 3, heads, 3]), [0, 2, 1, 3]);
        const joined = tf.reshape(tf.transpose(tf.matMul(weights, values), [0, 2, 1, 3]), [2, 5, 6]);
        assertClose(joined, attention(q, k, v, options), 1e-6);
      });
    }
    dispose(q, k, v, mask);
  }),
);
