/** The classifier as it is kept: trained, on disk, and applied to many images. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, scope } from '../engine';
import { overRowsSync } from '../engine/internal';
import { writeJson } from '../files';
import { loadParameters, readJson, saveParameters } from '../files/internal';
import { type ClassifierConfig, type ClassifierParams, classifier, classifierShapes, classifierStages } from './classifier';
import type { Features } from './frechet';
import type { PerceptualNetwork } from './perceptual';

export interface Classifier {
  readonly config: ClassifierConfig;
  readonly params: ClassifierParams;
}

/** What the classifier says of n images. */
export interface Classified {
  readonly features: Features;
  /** Probability of each finding, [n, findings] row-major. */
  readonly presence: Float32Array;
  /** Probability of "right" against "left", [n, sided] row-major. */
  readonly right: Float32Array;
}

/** The classifier as the network in whose features an autoencoder's perceptual loss compares images (`fitVae`). */
export function perceptualNetwork({ config, params }: Classifier): PerceptualNetwork {
  const network: PerceptualNetwork<ClassifierParams> = { params, features: (weights, images) => classifierStages(config, weights, images) };
  return network as PerceptualNetwork;
}

const BATCH = 64;

/**
 * Classifies images.
 *
 * @param pixels n images one after another, each size × size, 0 to 1
 * @throws RangeError where the length is no multiple of an image's
 */
export function classify({ config, params }: Classifier, pixels: Float32Array): Classified {
  const area = config.size ** 2;
  const n = pixels.length / area;
  if (!Number.isInteger(n))
    throw new RangeError(`classify: ${pixels.length} values are no whole number of ${config.size} × ${config.size} pictures`);
  const network = compileNetwork((weights: ClassifierParams, images: tf.Tensor4D) =>
    scope(() => {
      const { features, presence, side } = classifier(config, weights, images);
      return { features, presence: tf.sigmoid(presence), right: tf.sigmoid(side) };
    }),
  );
  const sizes = { features: config.channels[2], presence: config.findings.length, right: Math.max(1, config.sided.length) };
  try {
    const columns = [{ values: pixels, shape: [config.size, config.size, 1] }];
    const results = overRowsSync((images) => network(params, images as tf.Tensor4D), columns, sizes, { batch: BATCH });
    return { ...results, features: { values: results.features, rows: n, columns: sizes.features } };
  } finally {
    network.dispose();
  }
}

/**
 * What is said of some of the images, such as those of one view.
 *
 * @param rows their numbers, in the order wanted
 * @throws RangeError where there is no such image
 */
export function classifiedRows({ features, presence, right }: Classified, rows: readonly number[]): Classified {
  const n = features.rows;
  const wrong = rows.find((row) => !(Number.isInteger(row) && row >= 0 && row < n));
  if (wrong !== undefined) throw new RangeError(`classifiedRows: row ${wrong}: expected an integer from 0 to ${n - 1}`);
  const pick = (values: Float32Array): Float32Array => {
    const columns = values.length / n;
    const picked = new Float32Array(rows.length * columns);
    rows.forEach((row, i) => {
      picked.set(values.subarray(row * columns, (row + 1) * columns), i * columns);
    });
    return picked;
  };
  return {
    features: { values: pick(features.values), rows: rows.length, columns: features.columns },
    presence: pick(presence),
    right: pick(right),
  };
}

/** Writes `config.json` and `model.safetensors`. */
export async function saveClassifier(folder: string, { config, params }: Classifier): Promise<void> {
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), config);
}

/**
 * Reads what `saveClassifier` wrote; the caller disposes the parameters.
 *
 * @throws FileError where a file is missing or not this network's
 */
export async function loadClassifier(folder: string): Promise<Classifier> {
  const config = (await readJson(join(folder, 'config.json'))) as unknown as ClassifierConfig;
  return { config, params: await loadParameters<ClassifierParams>(folder, { file: 'model', expected: classifierShapes(config) }) };
}
