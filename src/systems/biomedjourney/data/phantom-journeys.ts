/** Journeys of the phantom's patients, with the one image that no real data have: the prior with the later findings. */

import { createHash } from 'node:crypto';
import {
  type Dataset,
  openPhantom,
  type PhantomDataset,
  type PhantomOptions,
  renderCounterfactual,
  type Study,
  writeProgression,
} from '../../../datasets';
import { checkIndex, leftOut } from '../../../datasets/internal';
import { foldIn, key } from '../../../engine';
import { type Journeys, journeysOf, type Pair } from './journeys';
import { type Movement, moved } from './moved';

/** Part of what kept images follow from: changes when the way to them does. */
const VERSION = 1;

/** Which phantom, and how many triples. */
export interface PhantomJourneysOptions extends Omit<PhantomOptions, 'count' | 'views'> {
  readonly count: number;
  /** How far patients stand from where they stood before: the phantom's all stand alike, real ones do not. */
  readonly moved?: Movement;
}

/** Triples whose truth is known. */
export interface PhantomJourneys extends Journeys {
  readonly exact: Dataset;
  /** The studies that a triple's images are drawn from. @throws RangeError where there is no such triple */
  studies(i: number): { readonly prior: Study; readonly later: Study };
}

/** Seeds of patients with two studies: to learn from, and others to measure on. Single images have 1 and 2. */
export const JOURNEY_SEEDS = { train: 3, test: 4 } as const;

/** The child of the phantom's seed that movements are drawn from. */
const MOVING = 0x40e5;

/** The exact counterfactuals of pairs as images of a data set: records are the later ones', which say what is shown. */
function counterfactuals(phantom: PhantomDataset, pairs: readonly Pair[], laters: Dataset): Dataset {
  const { name, credit, findings, length } = laters;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(['counterfactual', VERSION, phantom.fingerprint, pairs.map(({ prior, later }) => [prior, later])]))
    .digest('hex');
  return {
    name,
    credit,
    findings,
    length,
    fingerprint,
    record: (i) => laters.record(i),
    async pixels(i, size) {
      checkIndex(laters, i);
      const { later } = pairs[i]!;
      const image = renderCounterfactual(phantom.prior(later)!, phantom.study(later).findings, size);
      return Float32Array.from(image, (value) => value / 255);
    },
  };
}

/** The first pairs of consecutive studies of the same view. */
function pairsOf(phantom: PhantomDataset, count: number): { pairs: Pair[]; notes: string[] } {
  const out = leftOut();
  const pairs: Pair[] = [];
  let seen = 0;
  for (let later = 0; later < phantom.length && pairs.length < count; later++) {
    const prior = phantom.prior(later);
    if (!prior) continue;
    seen++;
    const study = phantom.study(later);
    if (prior.view !== study.view) out.count('have two views');
    else pairs.push({ prior: later - 1, later, instruction: writeProgression(prior, study).text }); // a patient's studies lie side by side
  }
  return { pairs, notes: out.notes(seen, 'pairs of consecutive studies') };
}

/**
 * Triples of consecutive studies of the same frontal view; the text is the progression from both lists of findings. Deterministic: the first n are the same for
 * every count.
 *
 * @throws RangeError or TypeError for options out of range
 */
export function phantomJourneys({ count, moved: movement, ...options }: PhantomJourneysOptions): PhantomJourneys {
  if (!(Number.isInteger(count) && count >= 1))
    throw new RangeError(`phantomJourneys: count: expected a whole number from 1, got ${count}`);
  for (let studies = 4 * count; ; studies *= 2) {
    const phantom = openPhantom({ ...options, count: studies, views: ['PA', 'AP'] });
    const { pairs, notes } = pairsOf(phantom, count);
    if (pairs.length < count) continue;
    const journeys = journeysOf(phantom, pairs, notes);
    const { laters } = journeys;
    return {
      ...journeys,
      laters: movement ? moved(laters, movement, foldIn(key(options.seed ?? 0), MOVING)) : laters,
      exact: counterfactuals(phantom, pairs, laters),
      studies(i) {
        checkIndex(laters, i);
        const { later } = pairs[i]!;
        return { prior: phantom.prior(later)!, later: phantom.study(later) };
      },
    };
  }
}
