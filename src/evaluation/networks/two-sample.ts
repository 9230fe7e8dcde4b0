/**
 * Classifier two-sample test: how well a fresh classifier tells two sets of images apart that it was not trained on. Half right is indistinguishable to it.
 * Lopez-Paz and Oquab 2017, arXiv:1610.06545.
 */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, foldIn, type Key, randomInts, scope, split } from '../../engine';
import { overRows } from '../../engine/internal';
import type { Features } from '../../metrics';
import { type LinearParams, linearLayer, type Spec } from '../../nn';
import { initialise, linearSpec } from '../../nn/internal';
import { fitLogistic, predictLogistic } from '../../probes';
import { train } from '../../training';
import { type Case, casesOf, judged, type TwoSample, type TwoSampleOptions } from './judged-cases';
import { copyShifted, SHIFT, type TrunkParams, trunk, trunkOptimisation, trunkSpec, trunkWidth } from './trunk';

export interface TwoSampleNetOptions extends TwoSampleOptions {
  /** Updates of each network; default 400. */
  readonly steps?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

type NetParams = { trunk: TrunkParams; head: LinearParams };
type Batch = { images: tf.Tensor4D; generated: tf.Tensor2D };

/** Images of a step, half of them of each set. */
const BATCH = 32;
const EIGHT_BITS = 255;

/**
 * By convolutional networks of random weights, trained on pixels. Images of both sets are rounded to 8 bits first, so that it is not their files that differ.
 *
 * @param real      images one after another, size × size each, 0 to 1
 * @param generated the same
 * @throws RangeError where there are too few images or a group for each is missing; the signal's reason where it was raised
 */
export async function twoSampleTest(
  real: Float32Array,
  generated: Float32Array,
  size: number,
  options: TwoSampleNetOptions,
): Promise<TwoSample> {
  const { folds = 2, steps = 400, signal, onProgress } = options;
  const area = size * size;
  const sets = [real, generated].map((values) => values.map((value) => Math.round(value * EIGHT_BITS) / EIGHT_BITS));
  const [dividing, training, drawing] = split(options.key, 3) as [Key, Key, Key];
  const cases = casesOf(real.length / area, generated.length / area, { ...options, key: dividing });
  return judged(cases, folds, drawing, async (seen, unseen, fold) => {
    const [initial, order] = split(foldIn(training, fold), 2) as [Key, Key];
    const spec: Spec<NetParams> = { trunk: trunkSpec(size), head: linearSpec(trunkWidth(size), 1) };
    const logits = (params: NetParams, images: tf.Tensor4D): tf.Tensor2D =>
      scope(() => linearLayer(params.head, trunk(params.trunk, images)) as tf.Tensor2D);
    const params = initialise<NetParams>(spec, initial);
    const plan = trunkOptimisation(steps, BATCH);
    const half = plan.batch_size / 2;
    const classes = [0, 1].map((set) => seen.filter((each) => each.generated === set));
    const { params: trained, interrupted } = await train<NetParams, Batch>({
      params,
      handOver: true,
      optimisation: plan,
      ...(signal && { signal }),
      batch: (step) => {
        const images = new Float32Array(plan.batch_size * area);
        const reach = Math.floor(size * SHIFT);
        const shifts = randomInts(foldIn(order, 2 * step), 2 * plan.batch_size, -reach, reach + 1);
        classes.forEach((members, set) => {
          const chosen = randomInts(foldIn(foldIn(order, 2 * step + 1), set), half, 0, members.length);
          chosen.forEach((member, i) => {
            const at = set * half + i;
            copyShifted(sets[set]!, members[member]!.row, size, [shifts[2 * at]!, shifts[2 * at + 1]!], images, at);
          });
        });
        return {
          images: tf.tensor4d(images, [plan.batch_size, size, size, 1]),
          generated: tf.tensor2d(
            Float32Array.from({ length: plan.batch_size }, (_, i) => (i < half ? 0 : 1)),
            [plan.batch_size, 1],
          ),
        };
      },
      loss: (weights, { images, generated }) =>
        scope(() => {
          const z = logits(weights, images);
          const each = tf.add(tf.sub(tf.relu(z), tf.mul(z, generated)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))));
          return tf.mean(each) as tf.Scalar;
        }),
      onStep: ({ step }) => onProgress?.(fold * steps + step, folds * steps),
    });
    const network = compileNetwork((weights: NetParams, images: tf.Tensor4D) => ({ score: tf.sigmoid(logits(weights, images)) }));
    try {
      signal?.throwIfAborted();
      if (interrupted) throw new Error('two-sample test: interrupted, so nothing is known');
      const pixels = new Float32Array(unseen.length * area);
      unseen.forEach(({ row, generated }, i) => {
        pixels.set(sets[generated]!.subarray(row * area, (row + 1) * area), i * area);
      });
      const columns = [{ values: pixels, shape: [size, size, 1] }];
      const { score } = await overRows((images) => network(trained, images as tf.Tensor4D), columns, { score: 1 }, { batch: 64 });
      return score;
    } finally {
      network.dispose();
      dispose(trained);
    }
  });
}

/**
 * By logistic regression on given features, each brought to mean 0 and deviation 1 over the images that it is fitted to.
 *
 * @throws RangeError where there are too few images, widths differ or a group for each is missing
 */
export function twoSampleTestOfFeatures(real: Features, generated: Features, options: TwoSampleOptions): Promise<TwoSample> {
  if (real.columns !== generated.columns)
    throw new RangeError(`two-sample test: features are ${real.columns} and ${generated.columns} wide`);
  const { columns } = real;
  const { folds = 2 } = options;
  const [dividing, drawing] = split(options.key, 2) as [Key, Key];
  const cases = casesOf(real.rows, generated.rows, { ...options, key: dividing });
  return judged(cases, folds, drawing, async (seen, unseen) => {
    const rowsOf = (set: readonly Case[]): Features => {
      const values = new Float32Array(set.length * columns);
      set.forEach(({ row, generated: which }, i) => {
        values.set((which ? generated : real).values.subarray(row * columns, (row + 1) * columns), i * columns);
      });
      return { values, rows: set.length, columns };
    };
    const [known, asked] = [rowsOf(seen), rowsOf(unseen)];
    standardise(known, asked);
    const labels = seen.map(({ generated: label }) => label);
    const fitted = fitLogistic(known, labels, { c: PENALTY / columns });
    return predictLogistic(fitted, asked).filter((_, i) => i % 2 === 1);
  });
}

/** C of the regression, for one column: more columns say more by chance. */
const PENALTY = 10;

/** Brings the columns of both to mean 0 and deviation 1 of the first; changes them. */
function standardise(known: Features, asked: Features): void {
  const { rows, columns } = known;
  for (let k = 0; k < columns; k++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < rows; i++) {
      sum += known.values[i * columns + k]!;
      squares += known.values[i * columns + k]! ** 2;
    }
    const mean = sum / rows;
    const deviation = Math.sqrt(Math.max(0, squares / rows - mean * mean)) || 1;
    for (const each of [known, asked])
      for (let i = 0; i < each.rows; i++) each.values[i * columns + k] = (each.values[i * columns + k]! - mean) / deviation;
  }
}
