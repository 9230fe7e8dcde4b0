/** MS-SSIM of many pairs at a time: windows are products with banded matrices, which TensorFlow computes faster than sums along pixels. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope } from '../engine';
import { overRows } from '../engine/internal';
import { gaussianWindow, MS_SSIM_WEIGHTS, msSsimScales, SSIM_CONSTANTS } from './ssim';

/** Matrices of one scale, each [side, outputs]: a map times one is the map with its rows filtered. */
type ScaleMatrices = { window: tf.Tensor2D; half: tf.Tensor2D };
type Matrices = { scales: ScaleMatrices[] };

const WINDOW = gaussianWindow(11, 1.5);

function matricesOf(size: number, scales: number): Matrices {
  let side = size;
  return {
    scales: Array.from({ length: scales }, () => {
      const outputs = side - WINDOW.length + 1;
      const window = new Float32Array(side * outputs);
      for (let to = 0; to < outputs; to++) for (const [k, weight] of WINDOW.entries()) window[(to + k) * outputs + to] = weight;
      const pad = side % 2; // before the first, where a side is odd
      const next = (side + pad) / 2;
      const half = new Float32Array(side * next);
      for (let from = 0; from < side; from++) half[from * next + ((from + pad) >> 1)] = 0.5;
      const found = { window: tf.tensor2d(window, [side, outputs]), half: tf.tensor2d(half, [side, next]) };
      side = next;
      return found;
    }),
  };
}

/** A stack of square maps [N, side, side] with rows and columns filtered: [N, outputs, outputs], transposed, which no mean shows. */
function filtered(maps: tf.Tensor3D, matrix: tf.Tensor2D): tf.Tensor3D {
  const [count, side] = maps.shape;
  const outputs = matrix.shape[1];
  const along = (x: tf.Tensor): tf.Tensor => tf.reshape(tf.matMul(tf.reshape(x, [-1, side]), matrix), [count, -1, outputs]);
  return along(tf.transpose(along(maps), [0, 2, 1])) as tf.Tensor3D;
}

/** Means over windows of the whole index and of contrast and structure, [B] each. */
function terms(x: tf.Tensor3D, y: tf.Tensor3D, window: tf.Tensor2D, range: number): { ssim: tf.Tensor1D; contrast: tf.Tensor1D } {
  const [c1, c2] = SSIM_CONSTANTS.map((constant) => (constant * range) ** 2) as [number, number];
  const maps = tf.concat([x, y, tf.add(tf.square(x), tf.square(y)), tf.mul(x, y)], 0) as tf.Tensor3D;
  const [u, v, squares, product] = tf.split(filtered(maps, window), 4) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const both = tf.mul(u, v);
  const lengths = tf.add(tf.square(u), tf.square(v));
  const structure = tf.div(tf.add(tf.mul(tf.sub(product, both), 2), c2), tf.add(tf.sub(squares, lengths), c2));
  const luminance = tf.div(tf.add(tf.mul(both, 2), c1), tf.add(lengths, c1));
  return { ssim: tf.mean(tf.mul(structure, luminance), [1, 2]) as tf.Tensor1D, contrast: tf.mean(structure, [1, 2]) as tf.Tensor1D };
}

export interface PairsOptions {
  /** Largest value minus smallest that a pixel can have; 1 where left out. */
  readonly range?: number;
  /** The finest ones of the five, their weights brought to sum 1; by default as many as the images have. */
  readonly scales?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Values of pixels that go through the matrices at a time. */
const MOST = 2 ** 20;

/**
 * `msSsim` of each image of one set with the image of the same number of the other, in float32: within 1e-4 of it.
 *
 * @param first  images one after another, size × size each
 * @param second as many
 * @returns one value for each pair, 0 to 1
 * @throws RangeError where the sets are not of as many images, or images have fewer scales; the signal's reason where it was raised
 */
export async function msSsimOfPairs(
  first: Float32Array,
  second: Float32Array,
  size: number,
  options: PairsOptions = {},
): Promise<Float32Array> {
  const area = size * size;
  const most = msSsimScales(size);
  const { range = 1, scales = most, signal, onProgress } = options;
  if (first.length !== second.length || first.length % area !== 0)
    throw new RangeError(`msSsimOfPairs: ${first.length} and ${second.length} values are not as many images of ${size} × ${size}`);
  if (!Number.isInteger(scales) || scales < 1 || scales > most)
    throw new RangeError(`msSsimOfPairs: images of ${size} × ${size} have ${most} scales of whole windows, asked for ${scales}`);
  const weights = MS_SSIM_WEIGHTS.slice(0, scales);
  const total = scales === MS_SSIM_WEIGHTS.length ? 1 : weights.reduce((a, b) => a + b, 0);
  const network = compileNetwork((matrices: Matrices, a: tf.Tensor3D, b: tf.Tensor3D) =>
    scope(() => {
      let pair = tf.concat([a, b], 0) as tf.Tensor3D;
      let product: tf.Tensor = tf.ones([a.shape[0]]);
      for (const [scale, { window, half }] of matrices.scales.entries()) {
        const [x, y] = tf.split(pair, 2) as [tf.Tensor3D, tf.Tensor3D];
        const { ssim, contrast } = terms(x, y, window, range);
        const last = scale === scales - 1;
        product = tf.mul(product, tf.pow(tf.relu(last ? ssim : contrast), weights[scale]! / total));
        if (!last) pair = filtered(pair, half);
      }
      return { value: product };
    }),
  );
  const matrices = matricesOf(size, scales);
  try {
    const columns = [first, second].map((values) => ({ values, shape: [size, size] }));
    const batch = Math.max(1, Math.min(first.length / area, Math.floor(MOST / area)));
    const run = (a: tf.Tensor, b: tf.Tensor): { value: tf.Tensor } => network(matrices, a as tf.Tensor3D, b as tf.Tensor3D);
    return (await overRows(run, columns, { value: 1 }, { batch, ...(signal && { signal }), ...(onProgress && { onProgress }) })).value;
  } finally {
    network.dispose();
    dispose(matrices);
  }
}
