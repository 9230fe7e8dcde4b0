/** Triples as a training takes them: pixels of one size, the later images registered to the prior ones, the worst pairs dropped. */

import { pixelRows } from '../../../datasets';
import { nextTurn, tellWait } from '../../../engine/internal';
import { type Rows, rowsOf } from '../../../files';
import { readRange } from '../../../files/internal';
import { alignTo } from '../registration/align';
import type { MapKind } from '../registration/correlation';
import { registerImages } from '../registration/register';
import type { Journeys } from './journeys';

/** How pairs are brought together. The paper gives neither method nor threshold. */
export interface RegistrationSettings {
  readonly kind: MapKind;
  /** Fraction of the pairs that is dropped: those of the lowest scores. */
  readonly drop: number;
  /** Pairs of a lower score are dropped in any case. */
  readonly least_score: number;
}

export interface JourneyPixels {
  /** Of the prior images, size × size greys from 0 to 1. */
  readonly priors: Rows;
  readonly laters: Rows;
  readonly instructions: readonly string[];
  /** Which of the journeys these are. */
  readonly kept: readonly number[];
  /** Of every journey: the registration's score; none without registration. */
  readonly scores: readonly number[];
  /** What was dropped, in a sentence with counts. */
  readonly notes: readonly string[];
}

/** The score below which pairs are dropped. */
function threshold(scores: readonly number[], { drop, least_score }: RegistrationSettings): number {
  const sorted = [...scores].sort((a, b) => a - b);
  return Math.max(least_score, sorted[Math.floor(drop * sorted.length)]!);
}

/**
 * The pixels of journeys.
 *
 * @param settings of the registration; without them images stay as they lie
 * @throws RangeError where no pair is left; FileError for an image that cannot be read; the signal's reason where it is raised
 */
export async function journeyPixels(
  journeys: Journeys,
  size: number,
  settings: RegistrationSettings | undefined,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<JourneyPixels> {
  const { length, instructions } = journeys;
  const [priors, laters] = [await pixelRows(journeys.priors, size, { signal }), await pixelRows(journeys.laters, size, { signal })];
  const all = Array.from({ length }, (_, i) => i);
  if (!settings) return { priors, laters, instructions, kept: all, scores: [], notes: [] };
  const area = size * size;
  const [before, aligned] = [await readRange(priors, 0, length), await readRange(laters, 0, length)];
  const scores: number[] = [];
  for (const i of all) {
    tellWait('registering pairs', i, length);
    const image = (of: Float32Array) => ({ width: size, height: size, data: of.subarray(i * area, (i + 1) * area) });
    const registration = registerImages(image(before), image(aligned), settings.kind);
    aligned.set(alignTo(image(before), image(aligned), registration).data, i * area);
    scores.push(registration.score);
    await nextTurn(); // for the signal
    signal?.throwIfAborted();
  }
  tellWait('registering pairs', length, length);
  const least = threshold(scores, settings);
  const kept = all.filter((i) => scores[i]! >= least);
  const dropped = `${length - kept.length} of ${length} pairs are dropped: the later image lies on the prior with a correlation below ${least.toFixed(3)}.`;
  if (kept.length === 0) throw new RangeError(`journeyPixels: ${dropped} Lower least_score.`);
  const only = (of: Float32Array): Rows => {
    const out = new Float32Array(kept.length * area);
    for (const [at, i] of kept.entries()) out.set(of.subarray(i * area, (i + 1) * area), at * area);
    return rowsOf(out, area);
  };
  return {
    priors: only(before),
    laters: only(aligned),
    instructions: kept.map((i) => instructions[i]!),
    kept,
    scores,
    notes: kept.length < length ? [dropped] : [],
  };
}
