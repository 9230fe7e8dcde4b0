import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { scope, startEngine } from 'roentgen-lab/engine';
import { noLeaks } from '../support';

test(
  'a scope hands on the tensors and the numbers of its result, inside of another too, and frees all other tensors',
  noLeaks(async () => {
    await startEngine();
    const numbers = scope(() => tf.mul(tf.ones([3]), 2).dataSync());
    assert.deepEqual([...numbers], [2, 2, 2]);
    assert.equal(scope(() => new Float32Array(0)).length, 0);
    const outer = scope(() => {
      const inner = scope(() => tf.add(tf.ones([2]), 1).dataSync());
      return { kept: tf.tensor1d(inner), what: 'text' };
    });
    assert.deepEqual([[...outer.kept.dataSync()], outer.what], [[2, 2], 'text']);
    outer.kept.dispose();
    assert.equal(
      scope(() => undefined),
      undefined,
    );
  }),
);
