/** Which of the training timesteps a sampler visits: table 2 of Lin et al. 2023 (arXiv:2305.08891). */

import { linspace } from './betas';

export type TimestepSpacing = 'leading' | 'trailing' | 'linspace';

export interface SpacingRequest {
  readonly spacing: TimestepSpacing;
  /** Steps to take. */
  readonly steps: number;
  /** Timesteps of the training schedule. */
  readonly trainSteps: number;
  /** Added to each timestep of `leading`; Stable Diffusion uses 1. */
  readonly offset: number;
  /** Solvers that end below the last visited timestep divide the range in steps + 1 and leave out its lower end. */
  readonly openEnd?: boolean;
  /** Timesteps at the noisy end that are skipped, for schedules that are singular there. */
  readonly clipped?: number;
}

/** Rounds halves to the even neighbour, as the published timestep lists were made. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

/**
 * Timesteps from noisy to clean. Those of `linspace` are fractional unless `openEnd`; the caller rounds where its method needs integers.
 */
export function spacedTimesteps({ spacing, steps, trainSteps, offset, openEnd = false, clipped = 0 }: SpacingRequest): number[] {
  const last = trainSteps - clipped;
  const intervals = openEnd ? steps + 1 : steps;
  const index = Array.from({ length: steps }, (_, i) => i);
  if (spacing === 'leading') {
    const stride = Math.floor(last / intervals);
    return index.map((i) => (intervals - 1 - i) * stride + offset);
  }
  if (spacing === 'trailing') return index.map((i) => roundHalfEven(last - (i * trainSteps) / steps) - 1);
  const points = linspace(0, last - 1, intervals).reverse();
  return openEnd ? points.slice(0, -1).map(roundHalfEven) : points;
}

/**
 * The part of a noisy-to-clean list that image-to-image visits: all of it for strength 1, the last `strength` of it otherwise.
 *
 * @throws RangeError where no step is left
 */
export function cutByStrength<T>(list: readonly T[], strength: number): T[] {
  const count = Math.min(Math.floor(list.length * strength), list.length);
  if (!(strength > 0 && strength <= 1) || count < 1)
    throw new RangeError(`strength: expected a number in (0, 1] that leaves at least one of ${list.length} steps, got ${strength}`);
  return list.slice(list.length - count);
}
