/** Products in bfloat16: how near they are to float32, where they are had, and that nothing else changes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, compileNetwork, dispose, key, normal, scope, startEngine } from 'roentgen-lab/engine';
import { isFused } from '#engine/fused';
import { plain } from '#engine/ops/plain';
import { precision, withPrecision } from '#engine/precision';
import { noLeaks, root } from '../support';
import { both, type Case, cases, inputsOf, ops } from './fused-cases';

/** Of the largest value, as for all that is computed in bfloat16: a factor is rounded by at most 2^-9. */
const TOLERANCE = 1e-2;

/** Below this a gradient is rounding: what it should be is 0. */
const NOTHING = 1e-4;

function differenceOf(got: tf.Tensor, want: tf.Tensor): number {
  const [a, b] = [got.dataSync(), want.dataSync()];
  let [worst, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return largest < NOTHING ? 0 : worst / largest;
}

const check = (name: string, body: () => void): void => {
  test(
    name,
    noLeaks((t) => (isFused() ? body() : t.skip('no fused operations here'))),
  );
};

const rounds = ({ name }: Case): boolean => /^(linear|conv2d|attention)/.test(name);

for (const one of cases.filter(rounds)) {
  check(`${one.name}: in bfloat16 near the composition, gradients too, eagerly and in a graph, the same bytes each time`, () => {
    const inputs = inputsOf(one);
    const want = both(one, plain, inputs);
    const got = withPrecision('bfloat16', () => both(one, ops, inputs));
    const attends = one.name.startsWith('attention');
    const fits = attends || inputs[1]!.shape.slice(-2).every((width) => width % 16 === 0);
    got.forEach((x, i) => {
      const difference = differenceOf(x, want[i]!);
      assert.ok(difference <= TOLERANCE, `result ${i}: ${difference}`);
      if (fits && i < 3 && x.size > 100) assert.ok(difference >= 1e-5, `result ${i} is not rounded: ${difference}`);
      if (i === 3 && !attends) assert.ok(difference <= 5e-6, `the gradient of the bias is a sum, and not rounded: ${difference}`);
    });
    const compiled = compile((inputs: tf.Tensor[]) => both(one, ops, inputs));
    for (let call = 0; call < 2; call++) {
      const again = withPrecision('bfloat16', () => compiled(inputs));
      again.slice(0, 4).forEach((x, i) => {
        assert.deepEqual(x.dataSync(), got[i]!.dataSync(), `call ${call}, result ${i}`);
      });
      dispose(again);
    }
    compiled.dispose();
    dispose([got, want, inputs]);
  });
}

check('norms and all else are the same bytes as in float32', () => {
  for (const one of cases.filter((one) => !rounds(one))) {
    const inputs = inputsOf(one);
    const [exact, rounded] = [both(one, ops, inputs), withPrecision('bfloat16', () => both(one, ops, inputs))];
    exact.forEach((x, i) => {
      assert.deepEqual(rounded[i]!.dataSync(), x.dataSync(), `${one.name}, result ${i}`);
    });
    dispose([inputs, exact, rounded]);
  }
});

check('the function around a computation says its precision, also of what is compiled; after an error it is what it was', () => {
  const [x, weight] = [normal(key(1), [5, 16]), normal(key(2), [16, 32])] as [tf.Tensor2D, tf.Tensor2D];
  const compiled = compile((x: tf.Tensor2D) => ops.linear(x, weight));
  const network = compileNetwork((weight: tf.Tensor2D, x: tf.Tensor2D) => ops.linear(x, weight));
  const [exact, rounded] = [ops.linear(x, weight), withPrecision('bfloat16', () => ops.linear(x, weight))];
  assert.notDeepEqual(rounded.dataSync(), exact.dataSync());
  for (const call of [() => compiled(x), () => network(weight, x)])
    for (const [wanted, want] of [
      ['float32', exact],
      ['bfloat16', rounded],
      ['float32', exact],
    ] as const) {
      const got = withPrecision(wanted, call);
      assert.deepEqual(got.dataSync(), want.dataSync());
      dispose(got);
    }
  assert.throws(() => withPrecision('bfloat16', () => assert.fail('inside')), /inside/);
  assert.equal(precision(), 'float32');
  compiled.dispose();
  network.dispose();
  dispose([x, weight, exact, rounded]);
});

check('rounding is to the nearest, to even between two, and NaN stays NaN', () => {
  const values = [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -16, -(1 + 2 ** -8), 3.3e38, Number.NaN, Number.POSITIVE_INFINITY, 0];
  const wanted = [1, 1 + 2 ** -6, 1 + 2 ** -7, -1, 3.3e38, Number.NaN, Number.POSITIVE_INFINITY, 0];
  const x = scope(() =>
    tf.pad(tf.tensor(values, [values.length, 1]), [
      [0, 0],
      [0, 15],
    ]),
  ) as tf.Tensor2D;
  const one = scope(() =>
    tf.pad(tf.tensor([1], [1, 1]), [
      [0, 15],
      [0, 15],
    ]),
  ) as tf.Tensor2D;
  const y = withPrecision('bfloat16', () => ops.linear(x, one));
  const got = y.dataSync();
  wanted.forEach((value, i) => {
    if (Number.isFinite(value))
      assert.ok(Math.abs(got[16 * i]! - value) <= 2 ** -9 * Math.abs(value) * (i === 4 ? 1 : 0), `${values[i]}: ${got[16 * i]}`);
    else assert.ok(!Number.isFinite(got[16 * i]!), `${values[i]}: ${got[16 * i]}`);
  });
  dispose([x, one, y]);
});

const program = `
const { startEngine } = require('roentgen-lab/engine');
const options = JSON.parse(process.argv[1]);
startEngine(options).then(async ({ precision }) => {
  const later = (await startEngine({ seed: 3 })).precision;
  console.log('\\n' + JSON.stringify({ precision, later }));
}, (error) => console.log('\\n' + JSON.stringify({ error: error.name + ': ' + error.message })));`;

function start(options: object, env: Record<string, string> = {}): Record<string, string> {
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', program, JSON.stringify(options)], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  assert.ok(stdout.includes('{'), stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, string>;
}

test('the engine starts in float32, or in what it is told by its options or the environment, and stays with that', async (t) => {
  await startEngine();
  assert.deepEqual(start({}), { precision: 'float32', later: 'float32' });
  if (!isFused()) return t.skip('no fused operations here');
  assert.deepEqual(start({ precision: 'bfloat16' }), { precision: 'bfloat16', later: 'bfloat16' });
  const env = { ROENTGEN_PRECISION: 'bfloat16' };
  assert.deepEqual(start({}, env), { precision: 'bfloat16', later: 'bfloat16' });
  assert.deepEqual(start({ precision: 'float32' }, env), { precision: 'float32', later: 'float32' });
});

test('where bfloat16 cannot be had, or is no precision, one sentence says so', () => {
  assert.match(
    start({ precision: 'bfloat16' }, { ROENTGEN_FUSED: '0' }).error!,
    /^RangeError: precision: bfloat16 takes the fused operations \(off, since ROENTGEN_FUSED is 0\); use float32$/,
  );
  assert.match(start({ backend: 'wasm', precision: 'bfloat16' }).error!, /^RangeError: precision: bfloat16 takes the fused operations/);
  assert.match(start({}, { ROENTGEN_PRECISION: 'half' }).error!, /^RangeError: precision: expected float32, tf32 or bfloat16, got "half"$/);
  assert.match(start({ precision: 'tf32' }).error!, /^RangeError: precision: tf32 is for GPUs, and none is used here .*; use float32$/);
});
