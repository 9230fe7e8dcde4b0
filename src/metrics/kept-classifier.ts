/** The classifier that pictures are measured with: trained once on the phantom with a seed of its own, and kept, so that figures of different runs compare. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadPixels, phantomSplit } from '../datasets';
import { key } from '../engine';
import type { Recipe, StepLog } from '../training';
import { type Classifier, loadClassifier, saveClassifier } from './classify';
import { trainClassifier } from './train-classifier';

/** The measuring instrument's own seed: it does not change with a run's. */
const SEED = 1895;
/** Where classifiers are kept. */
const CACHE = resolve(__dirname, '..', '..', '.cache', 'classifier');

export interface KeptClassifierOptions {
  readonly signal?: AbortSignal;
  /** Called after each step, where it has to be trained. */
  readonly onStep?: (log: StepLog) => void;
}

/**
 * The recipe's classifier: from the cache, or trained on the phantom's training pictures; it never sees those that are measured on.
 *
 * @returns the caller disposes its parameters
 * @throws Error where training was interrupted
 */
export async function keptClassifier(recipe: Recipe, options: KeptClassifierOptions = {}): Promise<Classifier> {
  const { train } = phantomSplit({ train: recipe.data.train, test: recipe.data.test }); // the same for every recipe's views
  const identity = JSON.stringify([SEED, recipe.size, recipe.classifier, train.fingerprint, train.length]);
  const folder = join(CACHE, createHash('sha256').update(identity).digest('hex').slice(0, 16));
  if (existsSync(join(folder, 'config.json'))) return loadClassifier(folder);
  const records = Array.from({ length: train.length }, (_, i) => train.record(i));
  const { channels, hidden, optimisation } = recipe.classifier;
  const sided = train.findings.filter((finding) => records.some(({ sides }) => sides[finding] !== undefined));
  const { onStep, signal } = options;
  const { interrupted, ...classifier } = await trainClassifier({
    config: { size: recipe.size, channels, hidden, findings: train.findings, sided },
    pixels: await loadPixels(train, recipe.size),
    records,
    optimisation,
    key: key(SEED),
    ...(signal ? { signal } : {}),
    ...(onStep ? { onStep } : {}),
  });
  if (interrupted) throw new Error('keptClassifier: interrupted; run the cell again to train it');
  await saveClassifier(folder, classifier);
  return classifier;
}
