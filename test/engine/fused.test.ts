/** The fused operations against their plain compositions, on shapes that fill no vector and no block. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, dispose, key, normal, scope, startEngine } from 'roentgen-lab/engine';
import { isFused } from '#engine/fused';
import { plain } from '#engine/ops/plain';
import { noLeaks } from '../support';
import { both, type Case, cases, inputsOf, ops } from './fused-cases';

/** Below this a gradient is rounding: what it should be is 0. */
const NOTHING = 1e-4;

/** The largest difference, over the largest value of what is wanted. */
function differenceOf(got: tf.Tensor, want: tf.Tensor): number {
  assert.deepEqual(got.shape, want.shape);
  const [a, b] = [got.dataSync(), want.dataSync()];
  let [worst, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return largest < NOTHING && worst < NOTHING ? 0 : worst / largest;
}

const check = (name: string, body: () => void): void => {
  test(
    name,
    noLeaks((t) => (isFused() ? body() : t.skip('no fused operations here'))),
  );
};

for (const one of cases) {
  check(`${one.name}: the plain composition's result and gradients, eagerly and in a graph, the same bytes each time`, () => {
    const inputs = inputsOf(one);
    const [got, want] = [both(one, ops, inputs), both(one, plain, inputs)];
    got.forEach((x, i) => {
      const difference = differenceOf(x, want[i]!);
      assert.ok(difference <= 5e-6, `${i === 0 ? 'result' : `gradient of input ${i - 1}`}: ${difference}`);
    });
    const compiled = compile((inputs: tf.Tensor[]) => both(one, ops, inputs));
    for (let call = 0; call < 3; call++) {
      const again = compiled(inputs);
      again.slice(0, 4).forEach((x, i) => {
        assert.deepEqual(x.dataSync(), got[i]!.dataSync(), `call ${call}, result ${i}`);
      });
      dispose(again);
    }
    compiled.dispose();
    dispose([got, want, inputs]);
  });
}

check('groupNorm has its digits where the mean is large beside the spread, and its gradient too', () => {
  const x = scope(() => tf.add(normal(key(1), [2, 8, 8, 32]), 1000)) as tf.Tensor4D;
  const [weight, bias] = [normal(key(2), [32]), normal(key(3), [32])] as [tf.Tensor1D, tf.Tensor1D];
  const options = { groups: 2, eps: 1e-5 };
  // The composition on the same values near zero: exact differences, since float32 holds the values' own.
  const near = scope(() => tf.sub(x, 1000)) as tf.Tensor4D;
  const run =
    (x: tf.Tensor4D) =>
    (ops: typeof plain): tf.Tensor[] =>
      both({ name: '', shapes: [], run: (ops, [x, w, b]) => ops.groupNorm(x!, w as tf.Tensor1D, b as tf.Tensor1D, options) }, ops, [
        x,
        weight,
        bias,
      ]);
  const [got, want] = [run(x)(ops), run(near)(plain)];
  got.forEach((y, i) => {
    assert.ok(differenceOf(y, want[i]!) <= 5e-6, `result ${i}: ${differenceOf(y, want[i]!)}`);
  });
  dispose([x, near, weight, bias, got, want]);
});

check('attention of a row whose keys are all masked, and NaN, are as in the composition', () => {
  const [q, k, v] = [1, 2, 3].map((seed) => normal(key(seed), [1, 20, 10])) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const columns = tf.range(0, 20);
  for (const hidden of [-1e9, Number.NEGATIVE_INFINITY]) {
    const mask = scope(() => tf.where(tf.less(columns, 17), tf.fill([20], hidden), tf.zeros([20])));
    const [got, want] = [ops.attention(q, k, v, { heads: 2, mask }), plain.attention(q, k, v, { heads: 2, mask })];
    assert.ok(differenceOf(got, want) <= 5e-6, `${hidden}`);
    dispose([mask, got, want]);
  }
  const mask = tf.fill([20], -1e9); // equal for all: the softmax sees differences alone, as far as float32 keeps them
  const one: Case = {
    name: '',
    shapes: [],
    run: (ops, [q, k, v]) => ops.attention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, { heads: 2, mask }),
  };
  const [got, want] = [both(one, ops, [q, k, v]), both(one, plain, [q, k, v])];
  [0, 3].forEach((i) => {
    assert.ok(differenceOf(got[i]!, want[i]!) <= 5e-6, `all masked, result ${i}`);
  });
  const broken = scope(() => tf.div(q, tf.zerosLike(q))) as tf.Tensor3D;
  const spoilt = ops.attention(broken, k, v, { heads: 2 });
  assert.ok(spoilt.dataSync().every(Number.isNaN));
  dispose([q, k, v, columns, mask, got, want, broken, spoilt]);
});

check('NaN and infinity of an input reach the result', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const x = scope(() => tf.concat([normal(key(1), [1, 3, 40]), tf.fill([1, 1, 40], bad)], 1)) as tf.Tensor3D;
    const [weight, bias] = [tf.ones([40]), tf.zeros([40])] as [tf.Tensor1D, tf.Tensor1D];
    const results = [
      ops.groupNorm(x, weight, bias, { groups: 4, eps: 1e-5, silu: true }),
      ops.layerNorm(x, weight, bias, 1e-5),
      ops.geglu(x),
    ];
    for (const y of results) assert.ok(!y.dataSync().every(Number.isFinite));
    dispose([x, weight, bias, results]);
  }
});

/** Bytes of all results and gradients, in a process of its own. */
const digest = `
const { startEngine } = require('roentgen-lab/engine');
startEngine().then(() => console.log(require(${JSON.stringify(join(__dirname, 'fused-cases'))}).digestOfAll()));
`;

test('the same bytes with one thread and with two, and the compositions with ROENTGEN_FUSED=0', async (t) => {
  await startEngine();
  if (!isFused()) return t.skip('no fused operations here');
  const run = (env: Record<string, string>): string => {
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', digest], { env: { ...process.env, ...env }, encoding: 'utf8' });
    const found = /(true|false) [0-9a-f]{64}/.exec(stdout);
    assert.ok(found, stdout + stderr);
    return found[0];
  };
  const [one, two, off] = [run({ TF_NUM_INTRAOP_THREADS: '1' }), run({ TF_NUM_INTRAOP_THREADS: '2' }), run({ ROENTGEN_FUSED: '0' })];
  assert.match(one, /^true/);
  assert.equal(two, one);
  assert.match(off, /^false/);
  assert.notEqual(off.slice(6), one.slice(5));
});
