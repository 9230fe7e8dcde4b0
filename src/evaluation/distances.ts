/** Distances between sets of features with their intervals: matrices are computed once, and draws are sums of them with weights. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, randomInts, scope, split } from '../engine';
import { type Features, percentileInterval } from '../metrics';
import { eachKernel, expectKernelSets, manifoldRows } from '../metrics/internal';
import { type BootstrapOptions, bootstrapMean, type Estimate, LEVEL } from './estimate';

/** How often each of `rows` rows is drawn, [rows, draws]. */
function counts(key: Key, rows: number, draws: number): Float32Array {
  const out = new Float32Array(rows * draws);
  for (let draw = 0; draw < draws; draw++) for (const row of randomInts(foldIn(key, draw), rows, 0, rows)) out[row * draws + draw]! += 1;
  return out;
}

/** The kernel of all pairs, less their mean: means of it differ as those of the kernel do, and float32 holds them. */
function centredKernel(a: Features, b: Features, mean: number): Float32Array {
  const out = new Float32Array(a.rows * b.rows);
  eachKernel(a, b, (from, kernel) => {
    const start = from * b.rows;
    for (let at = 0; at < kernel.length; at++) out[start + at] = kernel[at]! - mean;
  });
  if (a === b) for (let i = 0; i < a.rows; i++) out[i * a.rows + i] = 0; // pairs are of different rows
  return out;
}

/** Σ wᵢ kᵢⱼ vⱼ of each draw. */
function weighted(kernel: Float32Array, w: Float32Array, v: Float32Array, draws: number): Float32Array {
  const [rows, columns] = [w.length / draws, v.length / draws];
  const sums = scope(() => {
    const product = tf.matMul(tf.tensor2d(kernel, [rows, columns]), tf.tensor2d(v, [columns, draws]));
    return tf.sum(tf.mul(product, tf.tensor2d(w, [rows, draws])), 0) as tf.Tensor1D;
  });
  const values = sums.dataSync() as Float32Array;
  sums.dispose();
  return values;
}

/** Weights of all pairs of different rows: (Σ w)² - Σ w². */
function pairs(w: Float32Array, draws: number): Float64Array {
  const rows = w.length / draws;
  const out = new Float64Array(draws).fill(rows * rows);
  for (let at = 0; at < w.length; at++) out[at % draws]! -= w[at]! ** 2;
  return out;
}

/**
 * `kernelDistance` with the interval of draws of both sets' rows, with replacement; a row that is drawn twice makes no pair with itself, so that draws are
 * without bias too. Memory is that of three matrices of pairs.
 *
 * @throws as `kernelDistance`
 */
export function kernelDistanceEstimate(real: Features, generated: Features, { key, draws = 1000 }: BootstrapOptions): Estimate {
  expectKernelSets('kernelDistanceEstimate', real, generated);
  const other = generated === real ? { ...generated } : generated;
  let sum = 0;
  eachKernel(real, other, (_, kernel) => {
    for (let at = 0; at < kernel.length; at++) sum += kernel[at]!;
  });
  const mean = sum / (real.rows * other.rows);
  const [first, second] = split(key, 2) as [Key, Key];
  const [w, v] = [counts(first, real.rows, draws), counts(second, other.rows, draws)];
  const [p, q] = [pairs(w, draws), pairs(v, draws)];
  const of = (a: Features, b: Features): Float32Array => centredKernel(a, b, mean);
  const one = (n: number): Float32Array => new Float32Array(n).fill(1);
  const terms = [
    [real, real, w, w],
    [other, other, v, v],
    [real, other, w, v],
  ] as const;
  const [within, beside, between] = terms.map(([a, b, x, y]) => {
    const kernel = of(a, b);
    return { all: weighted(kernel, one(a.rows), one(b.rows), 1)[0]!, drawn: weighted(kernel, x, y, draws) };
  }) as [{ all: number; drawn: Float32Array }, { all: number; drawn: Float32Array }, { all: number; drawn: Float32Array }];
  const product = real.rows * other.rows;
  const value = within.all / (real.rows * (real.rows - 1)) + beside.all / (other.rows * (other.rows - 1)) - (2 * between.all) / product;
  const drawn = Float64Array.from(p, (_, d) => within.drawn[d]! / p[d]! + beside.drawn[d]! / q[d]! - (2 * between.drawn[d]!) / product);
  const [low, high] = percentileInterval(drawn.filter(Number.isFinite), LEVEL);
  return { value, low, high };
}

/** `ManifoldMeasures`, each with its interval. */
export interface ManifoldEstimates {
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly density: Estimate;
  readonly coverage: Estimate;
}

/**
 * `manifoldMeasures` with the intervals of draws of the images that are counted, generated ones for precision and density and real ones for recall and
 * coverage; the balls of the other set stay, since images drawn twice would be each other's neighbours at distance 0.
 *
 * @throws as `manifoldMeasures`
 */
export function manifoldEstimates(real: Features, generated: Features, k: number, options: BootstrapOptions): ManifoldEstimates {
  const rows = manifoldRows(real, generated, k);
  const [a, b, c, d] = split(options.key, 4) as [Key, Key, Key, Key];
  const mean = (values: Float64Array, key: Key): Estimate => bootstrapMean(values, { ...options, key });
  return {
    precision: mean(rows.precision, a),
    recall: mean(rows.recall, b),
    density: mean(rows.density, c),
    coverage: mean(rows.coverage, d),
  };
}
