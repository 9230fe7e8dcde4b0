/** Journeys of patients whom nothing was learnt from, and all that is known of them. */

import { loadPixels, type PhantomDataset, type Study } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { readRange } from '../../files/internal';
import { JOURNEY_SEEDS, type JourneyRecipe, journeyPixels, phantomJourneys } from '../../systems';
import { lungsOf } from '../networks/lung-reader';

/** Images one after another, size × size each, 0 to 1. */
export interface JourneyTruth {
  readonly size: number;
  readonly count: number;
  readonly priors: Float32Array;
  /** Registered to the prior ones where the recipe has it. */
  readonly laters: Float32Array;
  /** The prior images with the later findings. */
  readonly exact: Float32Array;
  readonly instructions: readonly string[];
  /** What the later images show, in words. */
  readonly impressions: readonly string[];
  readonly patients: readonly string[];
  readonly findings: readonly string[];
  /** [count][findings], of the later images. */
  readonly labels: readonly (readonly number[])[];
  /** 1 for men. */
  readonly male: readonly number[];
  /** At the later study. */
  readonly ages: readonly number[];
  /** Of the prior images: 1 where a lung is. */
  readonly lungs: Uint8Array;
  /** What the images are drawn from. */
  studies(i: number): { readonly prior: Study; readonly later: Study };
}

/** The recipe's test journeys. @throws the signal's reason where it was raised */
export async function journeyTruth(
  { model: { size }, triples, registration }: JourneyRecipe,
  { findings }: Pick<PhantomDataset, 'findings'>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<JourneyTruth> {
  const journeys = phantomJourneys({ seed: JOURNEY_SEEDS.test, count: triples.test, moved: triples.moved });
  const { length: count, instructions } = journeys;
  const settings = registration && { ...registration, drop: 0, least_score: -1 };
  const { priors, laters } = await journeyPixels(journeys, size, settings, { signal });
  const records = recordsOf(journeys.laters);
  const lungs = new Uint8Array(count * size * size);
  for (let i = 0; i < count; i++) lungs.set(lungsOf(journeys.studies(i).prior, size), i * size * size);
  return {
    size,
    count,
    priors: await readRange(priors, 0, count),
    laters: await readRange(laters, 0, count),
    exact: await loadPixels(journeys.exact, size, { signal }),
    instructions,
    impressions: records.map(({ text }) => text),
    patients: records.map(({ patient }) => patient),
    findings,
    labels: records.map((record) => findings.map((finding) => record.labels[finding] ?? 0)),
    male: records.map(({ sex }) => Number(sex === 'M')),
    ages: records.map(({ age }) => age!),
    lungs,
    studies: (i) => journeys.studies(i),
  };
}
