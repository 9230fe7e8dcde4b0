/** The classifier that images are measured with: trained once on a dataset with a seed of its own, and kept, so that figures of different runs compare. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Dataset, loadPixels } from '../datasets';
import { recordsOf } from '../datasets/internal';
import { key } from '../engine';
import { tellWait } from '../engine/internal';
import type { Classifier } from '../metrics';
import { loadClassifier, saveClassifier } from '../metrics/internal';
import { type StepLog, trainClassifier } from '../training';
import type { Recipe } from './recipe';

/** The measuring instrument's own seed: it does not change with a run's. */
const SEED = 1895;
/** Where classifiers are kept. */
const CACHE = resolve(__dirname, '..', '..', '.cache', 'classifier');

export interface KeptClassifierOptions {
  readonly signal?: AbortSignal;
  /** Called after each step, where it has to be trained. */
  readonly onStep?: (log: StepLog) => void;
}

function folderOf(recipe: Recipe, dataset: Dataset): string {
  const identity = JSON.stringify([SEED, recipe.size, recipe.classifier, dataset.name, dataset.fingerprint, dataset.length]);
  return join(CACHE, createHash('sha256').update(identity).digest('hex').slice(0, 16));
}

const isKept = (folder: string): boolean => existsSync(join(folder, 'config.json'));

/** Whether `keptClassifier` has one of these images and need not train it. */
export const isClassifierKept = (recipe: Recipe, dataset: Dataset): boolean => isKept(folderOf(recipe, dataset));

/**
 * The recipe's classifier: from the cache, or trained on these images, which should not be those that are measured on.
 *
 * @param dataset with labels, and a fingerprint: a classifier is kept for one set of images
 * @returns the caller disposes its parameters
 * @throws Error where training was interrupted
 */
export async function keptClassifier(recipe: Recipe, dataset: Dataset, options: KeptClassifierOptions = {}): Promise<Classifier> {
  const folder = folderOf(recipe, dataset);
  if (isKept(folder)) return loadClassifier(folder);
  const records = recordsOf(dataset);
  const { channels, hidden, optimisation } = recipe.classifier;
  const sided = dataset.findings.filter((finding) => records.some(({ sides }) => sides[finding] !== undefined));
  const { onStep, signal } = options;
  const { interrupted, ...classifier } = await trainClassifier({
    config: { size: recipe.size, channels, hidden, findings: dataset.findings, sided },
    pixels: await loadPixels(dataset, recipe.size, { onProgress: (done, total) => tellWait('drawing images', done, total) }),
    records,
    optimisation: { precision: 'float32', ...optimisation },
    key: key(SEED),
    signal,
    onStep,
  });
  if (interrupted) throw new Error('keptClassifier: interrupted, so nothing was kept; run the cell again to train it');
  await saveClassifier(folder, classifier);
  return classifier;
}
