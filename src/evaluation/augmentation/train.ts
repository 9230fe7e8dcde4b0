/** Training a classifier of Table 5 and measuring it on real test images. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { dispose, type Key } from '../../engine';
import { type Rows, readObject, writeJson } from '../../files';
import { checkRows } from '../../files/internal';
import { auroc } from '../../metrics';
import type { Optimisation } from '../../training';
import { type Head, headsWidth, trainHeads } from '../../training/internal';
import type { Bench } from '../bench';
import type { ImageSet } from '../image-set';
import { keptNetwork } from '../kept-network';
import { type ClassifierScale, optimisationOf, PATIENCE, readAnswers } from '../networks/image-classifier';

/** What a trained classifier does on the test images, means over labels. */
export interface Score {
  readonly auroc: number;
  readonly accuracy: number;
  /** Steps until the best validation. */
  readonly steps: number;
}

export interface ScoreOptions {
  readonly scale: ClassifierScale;
  readonly heads: readonly Head[];
  readonly pixels: Rows;
  readonly answers: Int8Array;
  readonly training: Int32Array;
  readonly validation: Int32Array;
  readonly test: ImageSet;
  readonly testAnswers: Int8Array;
  readonly key: Key;
}

/** Steps at most, a batch and steps between validations, by scale: a quick run is over in seconds. */
function scheduleOf(
  bench: Pick<Bench, 'quick'>,
  { optimisation, every }: ClassifierScale,
  images: number,
): { readonly optimisation: Optimisation; readonly every: number } {
  if (!bench.quick) return { optimisation: { ...optimisation, batch_size: Math.min(optimisation.batch_size, images) }, every };
  return { optimisation: optimisationOf(120, Math.min(16, images), 40, 2e-3), every: 20 };
}

/** Changes with the way these classifiers are trained or measured. */
const VERSION = 1;

/** As `scoreOf`, out of the cache where the same was trained before: an interrupted evaluation goes on. */
export async function keptScore(bench: Bench, options: ScoreOptions): Promise<Score> {
  const { scale, heads, pixels, answers, training, validation, test, testAnswers, key } = options;
  const hash = createHash('sha256');
  for (const each of [answers, training, validation, testAnswers]) hash.update(each);
  const { network } = await keptNetwork<Score>({
    name: 'augmentation',
    source: {
      version: VERSION,
      net: scale.net(headsWidth(heads)),
      size: scale.size,
      heads,
      ...scheduleOf(bench, scale, training.length),
      patience: PATIENCE,
      pixels: pixels.identity,
      test: test.pixels.identity,
      rows: hash.digest('hex'),
      key,
    },
    make: () => scoreOf(bench, options),
    save: (folder, score) => writeJson(join(folder, 'score.json'), score),
    load: (folder) => readObject<Score>(join(folder, 'score.json')),
  });
  return network;
}

/** Trains from scratch and measures. @throws the signal's reason where it was raised */
export async function scoreOf(bench: Bench, options: ScoreOptions): Promise<Score> {
  const { scale, heads, pixels, answers, training, validation, test, testAnswers, key } = options;
  const { interrupted, ...network } = await trainHeads({
    net: scale.net(headsWidth(heads)),
    heads,
    pixels,
    size: scale.size,
    answers,
    training,
    validation,
    ...scheduleOf(bench, scale, training.length),
    patience: PATIENCE,
    key,
    ...(bench.signal && { signal: bench.signal }),
  });
  try {
    if (interrupted) throw bench.signal?.reason ?? new Error('augmentation: interrupted');
    const best = network.validations.reduce((a, b) => (b.auroc > a.auroc ? b : a));
    return { ...measure(heads, await readAnswers(bench, network, scale.size, test), testAnswers), steps: best.step };
  } finally {
    dispose(network.params);
  }
}

/** Mean AUROC and mean accuracy at one half, over labels with both classes. */
export function measure(
  heads: readonly Head[],
  probabilities: readonly Float32Array[],
  answers: Int8Array,
): { readonly auroc: number; readonly accuracy: number } {
  const n = answers.length / heads.length;
  const each = heads.flatMap((_, h) => {
    const known = Array.from({ length: n }, (_, i) => i).filter((i) => answers[i * heads.length + h]! >= 0);
    const p = known.map((i) => probabilities[h]![2 * i + 1]!);
    const y = known.map((i) => answers[i * heads.length + h]!);
    const area = auroc(p, y);
    if (Number.isNaN(area)) return [];
    return [{ area, right: p.filter((value, i) => value > 0.5 === (y[i] === 1)).length / p.length }];
  });
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  return { auroc: mean(each.map(({ area }) => area)), accuracy: mean(each.map(({ right }) => right)) };
}

/** Rows of several, one after another. @throws RangeError where widths differ */
export function joinedRows(parts: readonly Rows[]): Rows {
  const [first] = parts as [Rows, ...Rows[]];
  if (parts.some(({ width }) => width !== first.width)) throw new RangeError('joinedRows: rows of different widths');
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return {
    length,
    width: first.width,
    identity: parts.map(({ identity }) => identity).join('+'),
    async read(chosen) {
      checkRows(chosen, length);
      const out = new Float32Array(chosen.length * first.width);
      let start = 0;
      for (const part of parts) {
        const own = Array.from(chosen, (row, at) => ({ row: row - start, at })).filter(({ row }) => row >= 0 && row < part.length);
        if (own.length > 0) {
          const values = await part.read(own.map(({ row }) => row));
          own.forEach(({ at }, i) => {
            out.set(values.subarray(i * first.width, (i + 1) * first.width), at * first.width);
          });
        }
        start += part.length;
      }
      return out;
    },
  };
}
