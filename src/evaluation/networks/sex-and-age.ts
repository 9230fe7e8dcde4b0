/** A network that reads a patient's sex and age from the image: what a counterfactual must leave as it was. */

import { createHash } from 'node:crypto';
import type { ImageRecord } from '../../datasets';
import { dispose } from '../../engine';
import { type Rows, rowsOf } from '../../files';
import { headProbabilities, headsReader, headsWidth } from '../../training/internal';
import { classifierScale, divideByPatient, keptHeads, optimisationOf, SEED } from './image-classifier';

const VERSION = 1;
const BATCH = 32;
/** Validations of a training. */
const VALIDATIONS = 6;

/** Where bands of age begin, years; the reading is the mean of their middles, each as likely as the network says. */
const BANDS = [0, 18, 30, 40, 50, 60, 70, 80] as const;
const LAST_BAND = 10;
const MIDDLES = BANDS.map((from, i) => (from + (BANDS[i + 1] ?? from + LAST_BAND)) / 2);
const bandOf = (age: number): number => BANDS.findLastIndex((from) => age >= from);

const HEADS = [
  { name: 'sex', answers: ['F', 'M'] },
  { name: 'age', answers: BANDS.map((from, i) => (i + 1 < BANDS.length ? `${from} to ${BANDS[i + 1]! - 1}` : `${from} and more`)) },
] as const;

export interface SexAndAge {
  /** Probability that the patient is a man, of each image. */
  readonly male: Float64Array;
  /** Years. */
  readonly age: Float64Array;
}

export interface SexAndAgeReader {
  readonly definition: string;
  /** @param pixels images one after another, 0 to 1 */
  read(pixels: Float32Array): Promise<SexAndAge>;
  dispose(): void;
}

export interface SexAndAgeReaderOptions {
  /** Images that it learns from, and their records. */
  readonly pixels: Rows;
  readonly records: readonly ImageRecord[];
  readonly size: number;
  readonly steps: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** The network, trained or out of the cache; the caller disposes it. @throws the signal's reason where it was raised: nothing is kept then */
export async function sexAndAgeReader(options: SexAndAgeReaderOptions): Promise<SexAndAgeReader> {
  const { pixels, records, size, steps, signal, onProgress } = options;
  const answers = Int8Array.from(
    records.flatMap(({ sex, age }) => [sex === undefined ? -1 : Number(sex === 'M'), age === undefined ? -1 : bandOf(age)]),
  );
  const net = classifierScale({ size, quick: true }).net(headsWidth(HEADS));
  const optimisation = optimisationOf(steps, BATCH, Math.max(2, Math.floor(steps / 3)), 2e-3);
  const every = Math.max(1, Math.floor(steps / VALIDATIONS));
  const hash = createHash('sha256').update(answers).digest('hex');
  const { network } = await keptHeads({
    name: 'sex-and-age',
    source: { version: VERSION, seed: SEED, net, size, optimisation, every, images: pixels.identity, answers: hash },
    training: {
      net,
      heads: HEADS,
      pixels,
      size,
      answers,
      ...divideByPatient(records),
      optimisation,
      every,
      ...(signal && { signal }),
      onStep: ({ step }) => onProgress?.('training the network that reads sex and age', step, steps),
    },
  });
  const reader = headsReader(network, size);
  return {
    definition: `a residual network of random weights at ${size} pixels, trained for ${steps} steps on ${records.length} images of the training part: sex, and bands of age whose middles are averaged (v${VERSION})`,
    async read(values) {
      const { logits } = await reader.read(network.params, rowsOf(values, size * size), undefined, signal);
      const [sex, age] = headProbabilities(HEADS, logits) as [Float32Array, Float32Array];
      const count = values.length / (size * size);
      return {
        male: Float64Array.from({ length: count }, (_, i) => sex[2 * i + 1]!),
        age: Float64Array.from({ length: count }, (_, i) =>
          MIDDLES.reduce((sum, middle, k) => sum + middle * age[i * MIDDLES.length + k]!, 0),
        ),
      };
    },
    dispose() {
      reader.dispose();
      dispose(network.params);
    },
  };
}
