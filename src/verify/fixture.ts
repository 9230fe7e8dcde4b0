/** Reading of fixture folders: their tensors come in PyTorch's layouts. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { flatten, scope, type Tree } from '../engine';
import { readSafetensors } from '../files';
import { toEngineLayout } from '../files/internal';
import { type Measure, Unsupported } from './checker';
import { failed, grad, largestOf } from './measure';

/** A safetensors file in memory. */
export type Fixture = Awaited<ReturnType<typeof readSafetensors>>;

/**
 * A tensor of the file, as it is there.
 *
 * @throws Error where the file has none of that name
 */
export function fixtureTensor<R extends tf.Rank = tf.Rank>(fixture: Fixture, name: string): tf.Tensor<R> {
  const array = fixture[name];
  if (!array) throw new Error(`the fixture has no tensor ${name}`);
  return tf.tensor(array.data, array.shape as tf.ShapeMap[R], array.data instanceof Int32Array ? 'int32' : 'float32');
}

/** Channels last: [B, C, H, W] to [B, H, W, C]; other ranks as they are. */
export function channelsLast<T extends tf.Tensor>(x: T): T {
  return (x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : tf.clone(x)) as T;
}

/** A feature map or image of the file, channels last. */
export function fixtureImage(fixture: Fixture, name: string): tf.Tensor4D {
  return scope(() => channelsLast(fixtureTensor<tf.Rank.R4>(fixture, name)));
}

/** Rows of whole numbers, as case files hold token ids and masks. */
export function fromRows(rows: readonly (readonly number[])[], dtype: 'int32' | 'float32'): tf.Tensor2D {
  return tf.tensor2d(rows.flat(), [rows.length, rows[0]?.length ?? 0], dtype);
}

/** What the reference's float32 run differs by from its float64 run, by tensor. */
export type NoiseLevels = Readonly<Record<string, { readonly max_abs_f32_minus_f64: number; readonly max_abs: number }>>;

/** A gradient that is zero in exact arithmetic: rounding noise is a large part of it, as in the biases of attention keys. */
function isNoise(noise: NoiseLevels, key: string): boolean {
  const level = noise[key];
  return /\.(k_proj|to_k|key)\.bias$/.test(key) || (level !== undefined && 10 * level.max_abs_f32_minus_f64 >= level.max_abs);
}

/**
 * Compares gradients with `gradients.safetensors`: one row with the worst of them, relative to its own scale; where a gradient is noise,
 * relative to the largest gradient of the model.
 *
 * @param grads     engine layout; `inputs` holds those of inputs, by the file's names (`input.sample`), already in the file's layout
 * @param rename    from the file's key to the tree's
 * @param noise     of the reference's gradients
 * @param tolerance `grad e`
 * @param floor     the part of the model's largest gradient below which all is noise
 */
export async function compareGradients(
  folder: string,
  grads: Tree,
  inputs: Readonly<Record<string, tf.Tensor>>,
  noise: NoiseLevels,
  tolerance: number,
  rename: (key: string) => string = (key) => key,
  floor: number = 1e-6,
): Promise<Measure> {
  const expected = await readSafetensors(join(folder, 'gradients.safetensors'));
  const got: Record<string, tf.Tensor> = { ...flatten(grads), ...inputs };
  const largest = largestOf(Object.values(expected).map(({ data }) => data));
  let worst: Measure | undefined;
  for (const [fileKey, { shape, data }] of Object.entries(expected)) {
    const key = rename(fileKey);
    const quantity = `gradients (${key})`;
    const actual = got[key];
    if (!actual) return failed(quantity, 'there is none here', tolerance);
    const want = fileKey in inputs ? data : toEngineLayout(key, shape, data).data;
    const measure = grad(quantity, actual, want, tolerance, (isNoise(noise, fileKey) ? 1 : floor) * 1e6 * largest); // grad takes 1e-6 of it
    if (measure.error === null) return measure;
    if (!worst || measure.error > worst.error!) worst = measure;
  }
  return worst ?? failed('gradients', 'the file is empty', tolerance);
}

/** Whether a folder holds a file. */
export function has(folder: string, file: string): boolean {
  return existsSync(join(folder, file));
}

/**
 * Runs the reading of a config; one that asks for something that is refused is not supported rather than wrong.
 *
 * @throws Unsupported where it throws a RangeError
 */
export function expectSupported(readConfig: () => unknown): void {
  try {
    readConfig();
  } catch (error) {
    if (error instanceof RangeError) throw new Unsupported(error.message);
    throw error;
  }
}
