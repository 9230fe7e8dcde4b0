/** The networks that edits are measured with, each trained once on images that nobody edits. */

import { type Dataset, type PhantomDataset, pixelRows } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { dispose } from '../../engine';
import { keptClassifier, type Recipe } from '../../experiments';
import { classify } from '../../metrics';
import { lungReader } from '../networks/lung-reader';
import { phantomOf } from '../networks/part-reader';
import { type SexAndAge, sexAndAgeReader } from '../networks/sex-and-age';

/** What the networks say of n images. */
export interface Readings extends SexAndAge {
  /** Probability of each finding, [n][findings]. */
  readonly presence: readonly Float32Array[];
  /** 1 where a lung is, of the images' size. */
  readonly lungs: Uint8Array;
}

export interface JourneyInstruments {
  readonly findings: readonly string[];
  readonly definitions: Readonly<Record<string, string>>;
  read(pixels: Float32Array): Promise<Readings>;
  /** The probability of one finding, of each image. */
  presenceOf(finding: string, pixels: Float32Array): Float64Array;
  dispose(): void;
}

export interface InstrumentOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/**
 * Trains them, or loads what was trained: the recipe's classifier, and as many steps of the two others.
 *
 * @param train the phantom's training part
 * @throws TypeError where it is another data set's; the signal's reason where it was raised
 */
export async function journeyInstruments(recipe: Recipe, train: Dataset, options: InstrumentOptions = {}): Promise<JourneyInstruments> {
  const phantom: PhantomDataset | undefined = phantomOf(train);
  if (!phantom) throw new TypeError(`journeyInstruments: expected images of the phantom, whose lungs are known, got ${train.name}`);
  const { signal, onProgress } = options;
  const { size } = recipe;
  const { steps } = recipe.classifier.optimisation;
  const classifier = await keptClassifier(recipe, train, {
    ...(signal && { signal }),
    onStep: ({ step }) => onProgress?.('training the classifier of findings', step, steps),
  });
  const networks = { ...options, size, steps };
  const people = await sexAndAgeReader({ ...networks, pixels: await pixelRows(train, size, { signal }), records: recordsOf(train) });
  const lungs = await lungReader({ ...networks, phantom });
  const { findings } = classifier.config;
  const presence = (pixels: Float32Array): Float32Array => classify(classifier, pixels).presence;
  return {
    findings,
    definitions: { 'sex and age': people.definition, lungs: lungs.definition },
    async read(pixels) {
      const all = presence(pixels);
      const n = findings.length;
      return {
        presence: Array.from({ length: all.length / n }, (_, i) => all.subarray(i * n, (i + 1) * n)),
        ...(await people.read(pixels)),
        lungs: await lungs.read(pixels),
      };
    },
    presenceOf: (finding, pixels) => {
      const column = findings.indexOf(finding);
      return Float64Array.from(presence(pixels)).filter((_, i) => i % findings.length === column);
    },
    dispose() {
      dispose(classifier.params);
      people.dispose();
      lungs.dispose();
    },
  };
}
