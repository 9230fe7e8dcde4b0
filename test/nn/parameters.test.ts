import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key } from 'roentgen-lab/engine';
import type { LinearParams } from 'roentgen-lab/nn';
import { convSpec, embeddingSpec, linearSpec, normSpec } from '#nn/layers';
import { initialise, specShapes } from '#nn/parameters';
import { noLeaks } from '../support';

const statistics = (x: tf.Tensor): { mean: number; std: number; largest: number } => {
  const values = [...x.dataSync()];
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, std: Math.sqrt(variance), largest: Math.max(...values.map(Math.abs)) };
};

test(
  "layers start as PyTorch's: weights and biases uniform within 1/sqrt(fan in), norms 1 and 0, embeddings standard normal",
  noLeaks(() => {
    const spec = { linear: linearSpec(64, 400), conv: convSpec(16, 200, 3), norm: normSpec(8), table: embeddingSpec(500, 40) };
    const p = initialise<{ [K in keyof typeof spec]: { weight: tf.Tensor; bias: tf.Tensor } }>(spec as never, key(1));
    for (const [layer, fanIn] of [
      [p.linear, 64],
      [p.conv, 9 * 16],
    ] as const) {
      const bound = 1 / Math.sqrt(fanIn);
      for (const leaf of [layer.weight, layer.bias]) {
        const { mean, std, largest } = statistics(leaf);
        assert.ok(largest <= bound && largest > 0.95 * bound, `largest ${largest}, bound ${bound}`);
        assert.ok(Math.abs(mean) < 0.1 * bound && Math.abs(std - bound / Math.sqrt(3)) < 0.05 * bound, `mean ${mean}, deviation ${std}`);
      }
    }
    assert.deepEqual([...p.norm.weight.dataSync(), ...p.norm.bias.dataSync()], [...new Array(8).fill(1), ...new Array(8).fill(0)]);
    const { mean, std } = statistics(p.table.weight);
    assert.ok(Math.abs(mean) < 0.02 && Math.abs(std - 1) < 0.02, `mean ${mean}, deviation ${std}`);
    dispose(p);
  }),
);

test(
  'a parameter starts from the same numbers whatever else is in the network, and no two from the same',
  noLeaks(() => {
    const small = initialise<{ b: LinearParams }>({ b: linearSpec(3, 3) }, key(5));
    const large = initialise<{ a: LinearParams; b: LinearParams }>({ a: linearSpec(3, 3), b: linearSpec(3, 3) }, key(5));
    const other = initialise<{ b: LinearParams }>({ b: linearSpec(3, 3) }, key(6));
    assert.deepEqual(large.b.weight.dataSync(), small.b.weight.dataSync());
    assert.notDeepEqual(large.a.weight.dataSync(), large.b.weight.dataSync());
    assert.notDeepEqual(other.b.weight.dataSync(), small.b.weight.dataSync());
    dispose(small, large, other);
  }),
);

test('shapes are listed by dotted path, arrays by index, gaps left out', () => {
  const spec = { net: [{ proj: linearSpec(2, 6) }, undefined, linearSpec(3, 2, { noBias: true })], conv: convSpec(1, 4, 3) };
  assert.deepEqual(specShapes(spec), {
    'net.0.proj.weight': [2, 6],
    'net.0.proj.bias': [6],
    'net.2.weight': [3, 2],
    'conv.weight': [3, 3, 1, 4],
    'conv.bias': [4],
  });
  assert.equal(tf.memory().numTensors, 0);
});
