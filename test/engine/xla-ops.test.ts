/** Every case of the engine's operations through XLA, against TensorFlow's plain compositions. One graph, since compiling is what takes long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, dispose, key, normal, startEngine } from 'roentgen-lab/engine';
import { plain } from '#engine/ops/plain';
import { withPrecision } from '#engine/precision';
import { assertClose, noLeaks } from '../support';
import { both, cases as fusedCases } from './fused-cases';
import { cases as operationCases, ops } from './ops-cases';
import { skip, useXla } from './xla-plugin';

useXla();
const cases = [...operationCases, ...fusedCases.filter(({ shapes }) => shapes[0]!.reduce((product, n) => product * n, 1) < 2_000)];
const inputsOf = (shapes: readonly (readonly number[])[]): tf.Tensor[] => shapes.map((shape, i) => normal(key(10 + i), [...shape]));

test(
  'all operations, and their gradients, are those of the plain compositions',
  { skip },
  noLeaks(async () => {
    assert.equal((await startEngine()).device, 'cpu (XLA)');
    const inputs = cases.map(({ shapes }) => inputsOf(shapes));
    const compiled = compile((inputs: tf.Tensor[][]) => cases.map((one, i) => both(one, ops, inputs[i]!)));
    const results = compiled(inputs);
    for (const [i, one] of cases.entries()) {
      const want = both(one, plain, inputs[i]!);
      for (const [k, got] of results[i]!.entries()) assertClose(got, want[k]!, 1e-5, `${one.name}: ${k === 0 ? 'value' : `gradient ${k}`}`);
      dispose(want);
    }
    compiled.dispose();
    dispose(inputs, results);
  }),
);

test(
  'products in bfloat16 are those of rounded factors, forward and backward; tf32 is left to the device',
  { skip },
  noLeaks(async () => {
    await startEngine();
    const some = operationCases.filter(({ name }) => /^linear|^conv2d \[2,8,8,4\]|^attention \[2,5,8\] to 7/.test(name));
    assert.equal(some.length, 5);
    const inputs = some.map(({ shapes }) => inputsOf(shapes));
    const run = (inputs: tf.Tensor[][]): tf.Tensor[][] => some.map((one, i) => both(one, ops, inputs[i]!));
    const compiled = compile(run);
    const [float32, bfloat16, tf32] = (['float32', 'bfloat16', 'tf32'] as const).map((p) => withPrecision(p, () => compiled(inputs)));
    for (const [i, { name }] of some.entries())
      for (const [k, want] of float32![i]!.entries()) {
        assertClose(tf32![i]![k]!, want, 1e-6, `${name}: ${k} in tf32, which this device does not have`);
        const scale = tf.tidy(() => tf.max(tf.abs(want)).dataSync()[0]!);
        const error = tf.tidy(() => tf.max(tf.abs(tf.sub(bfloat16![i]![k]!, want))).dataSync()[0]!) / scale;
        const added = /bias|linear|conv/.test(name) && k === 3; // a bias's gradient has no product
        assert.ok(error < 0.03 && (added || error > 1e-5), `${name}: ${k}: bfloat16 differs by ${error}`);
      }
    compiled.dispose();
    dispose(inputs, float32!, bfloat16!, tf32!);
  }),
);
