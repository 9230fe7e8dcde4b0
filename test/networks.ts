/** What the networks' tests share: golden values of the reference, `roentgen verify` on the shared fixtures, gradients by differences. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, foldIn, type Key, key, mapTree, normal, type Tree, valueAndGrad } from 'roentgen-lab/engine';
import { assertClose, fixtures, root } from './support';

/** A recorded tensor: its shape, the mean of its absolute values, and 24 values spread over it. */
export interface Recorded {
  readonly shape: readonly number[];
  readonly mean_abs: number;
  readonly values: readonly number[];
}

/** One network of golden/networks.json; networks.mjs and networks.py beside it made the values. */
export interface Golden {
  readonly config: Record<string, unknown>;
  readonly seed: number;
  readonly inputs?: Readonly<Record<string, number[]>>;
  readonly timesteps?: readonly number[];
  readonly ids?: number[][];
  readonly expected: Readonly<Record<string, Recorded>>;
}

export function golden(name: 'unet' | 'vae' | 'text_encoder'): Golden {
  return JSON.parse(readFileSync(join(root, 'test', 'golden', 'networks.json'), 'utf8'))[name] as Golden;
}

/** An input of a golden network: standard normal numbers of the key that networks.mjs used. */
export function goldenInput<R extends tf.Rank>(given: Golden, name: string): tf.Tensor<R> {
  const index = Object.keys(given.inputs!).indexOf(name);
  return normal<R>(foldIn(key(given.seed), 1000 + index), given.inputs![name] as tf.ShapeMap[R]);
}

/** Float32 rounding is about 1e-6 here; another formula or padding changes the third digit or an earlier one. */
export function assertGolden(got: tf.Tensor, want: Recorded, what: string): void {
  assert.deepEqual(got.shape, want.shape, `${what} shape`);
  const values = got.dataSync<'float32'>();
  assertClose(
    want.values.map((_, i) => values[Math.floor((i * values.length) / want.values.length)]!),
    want.values,
    2e-5,
    what,
  );
  const mean = values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  assertClose([mean], [want.mean_abs], 2e-5, `${what} mean of absolute values`);
}

/** Runs `roentgen verify` on the shared fixtures' cases that begin with `prefix`: all must pass, and there must be some. */
export function verifyFixtures(t: TestContext, prefix: string): void {
  const folder = fixtures();
  if (!folder) {
    t.skip('the shared fixtures are not here');
    return;
  }
  const cli = join(root, 'bin', 'roentgen.mjs');
  let text: string;
  try {
    text = execFileSync(process.execPath, [cli, 'verify', folder, '--only', prefix, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch (error) {
    text = (error as { stdout: string }).stdout;
  }
  const { rows, passed, failed } = JSON.parse(text) as { rows: { pass: boolean | null }[]; passed: number; failed: number };
  assert.deepEqual(
    rows.filter((row) => row.pass !== true),
    [],
    `${failed} rows fail`,
  );
  assert.ok(passed > 0, `no fixture begins with ${prefix}`);
}

/** Adds `amount` times a direction to a tree of parameters. */
const moved = <P extends Tree>(params: P, direction: Readonly<Record<string, tf.Tensor>>, amount: number): P =>
  mapTree((leaf, path) => tf.add(leaf, tf.mul(direction[path]!, amount)), params);

/** The gradient's product with a random direction is the slope of the loss along it, found from two differences. */
export function assertSlope<P extends Tree>(loss: (params: P) => tf.Scalar, params: P, from: Key, tolerance: number): void {
  const { value, grads } = valueAndGrad(loss)(params);
  const [slope, expected] = tf.tidy(() => {
    const direction = Object.fromEntries(
      Object.entries(flatten(params)).map(([path, leaf], i) => [path, normal(foldIn(from, i), leaf.shape as [number])]),
    );
    const length = Math.sqrt(Object.values(direction).reduce((sum, leaf) => sum + leaf.size, 0));
    const products = Object.entries(flatten(grads)).map(([path, leaf]) => tf.sum(tf.mul(leaf, direction[path]!)).dataSync()[0]!);
    const at = (amount: number): number => loss(moved(params, direction, amount / length)).dataSync()[0]!;
    const step = 0.02;
    const central = (h: number): number => (at(h) - at(-h)) / (2 * h);
    return [products.reduce((a, b) => a + b, 0) / length, (4 * central(step) - central(2 * step)) / 3]; // Richardson: error of order step^4
  }) as unknown as [number, number];
  dispose(value, grads);
  assert.ok(Math.abs(slope - expected) <= tolerance * Math.abs(expected), `the slope is ${expected}, the gradient says ${slope}`);
}

/** The number of values in a table of shapes. */
export function countValues(shapes: Readonly<Record<string, readonly number[]>>): number {
  return Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Equal keys and equal bytes. */
export function assertSameTree(got: Tree, want: Tree): void {
  const [a, b] = [flatten(got), flatten(want)];
  assert.deepEqual(Object.keys(a).sort(), Object.keys(b).sort());
  for (const [path, leaf] of Object.entries(b)) {
    assert.deepEqual(a[path]!.shape, leaf.shape, path);
    assert.deepEqual(a[path]!.dataSync(), leaf.dataSync(), path);
  }
}
