import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, key, normal, scope, startEngine } from 'roentgen-lab/engine';
import { assertClose, noLeaks } from '../support';

type Weights = { layers: { weight: tf.Tensor2D; bias: tf.Tensor1D }[] };

const weights = (seed: number): Weights => ({
  layers: [0, 1].map((i) => ({
    weight: normal<tf.Rank.R2>(key(seed + i), [5, 5]),
    bias: normal<tf.Rank.R1>(key(seed + 10 + i), [5]),
  })),
});

const forward = (w: Weights, x: tf.Tensor2D): tf.Tensor2D =>
  scope(() => {
    let h = x;
    for (const { weight, bias } of w.layers) h = tf.tanh(tf.add(tf.matMul(h, weight), bias)) as tf.Tensor2D;
    return h;
  });

test(
  'a network follows every exchange of its weights',
  noLeaks(() => {
    const [a, b] = [weights(1), weights(100)];
    const x = normal<tf.Rank.R2>(key(7), [3, 5]);
    const network = compileNetwork(forward);
    const check = (w: Weights, what: string): void => {
      for (let call = 0; call < 2; call++) {
        const [got, want] = [network(w, x), forward(w, x)];
        assertClose(got, want, 1e-6, `${what}, call ${call}`);
        dispose(got, want);
      }
    };
    check(a, 'first weights');
    check(b, 'another tree');
    const old = a.layers[1]!.bias;
    a.layers[1]!.bias = tf.fill([5], 3);
    check(a, 'one leaf exchanged');
    old.dispose();
    const twice = normal<tf.Rank.R2>(key(8), [6, 5]); // another shape: another graph on the same weights
    dispose(network(a, twice));
    check(a, 'after another shape');
    const [only] = a.layers;
    check({ layers: [only!] }, 'a tree with fewer leaves');
    check(b, 'and with more again');
    network.dispose();
    dispose(a, b, x, twice);
  }),
);

test('a network whose weights lie in the tree holds no second copy of them', async () => {
  const { backend } = await startEngine();
  if (backend !== 'tensorflow') return;
  const mib = 128;
  const params = { table: tf.fill([mib, 512, 512], 0.5) as tf.Tensor3D };
  const grown = (run: () => void): number => {
    const before = process.memoryUsage.rss();
    run();
    return (process.memoryUsage.rss() - before) / 2 ** 20;
  };
  const x = tf.scalar(2);
  const network = compileNetwork((w: typeof params, factor: tf.Scalar) => scope(() => tf.mul(factor, tf.sum(tf.slice(w.table, 0, 1)))));
  const used = grown(() => {
    for (let call = 0; call < 3; call++) network(params, x).dispose();
  });
  assert.ok(used < mib / 2, `memory grew by ${used.toFixed(0)} MiB for weights of ${mib} MiB`);
  let copy: tf.Tensor | undefined;
  const copied = grown(() => {
    copy = tf.add(params.table, 1);
  });
  assert.ok(copied > mib / 2, `the measure sees a copy (${copied.toFixed(0)} MiB)`);
  dispose(copy, x);
  network.dispose();
  dispose(params);
});
