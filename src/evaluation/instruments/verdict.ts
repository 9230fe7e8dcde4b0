/** Whether a measure sees a degradation: what its values at rising strengths say. */

import { spearman } from '../../metrics';
import type { Estimate } from '../estimate';

export interface Verdict {
  /** Spearman's ρ of the measure, turned so that more is worse, against strength; null where all values are equal. */
  readonly spearman: number | null;
  /** How far the measure moves at the faintest strength, in standard deviations of what halves of real images give. */
  readonly faintest: number;
  /** The least strength from which on the measure is worse than between halves of real images, their intervals apart; null where there is none. */
  readonly seenFrom: number | null;
  /**
   * `rises`: seen at the strongest, and no step falls by more than intervals allow. `not monotone`: seen, but it falls on the way. `blind`: not seen at the
   * strongest.
   */
  readonly verdict: 'rises' | 'not monotone' | 'blind';
}

const half = ({ low, high }: Estimate): number => (high - low) / 2;
const NORMAL = 1.96;

/**
 * @param strengths rising, the first 0: halves of real images
 * @param values    one for each
 * @param worse     1 where a larger value is worse, -1 where a smaller is
 */
export function verdictOf(strengths: readonly number[], values: readonly Estimate[], worse: 1 | -1): Verdict {
  /** By how much b is worse than a, and by how much it could be by chance. */
  const step = (a: Estimate, b: Estimate): { rise: number; noise: number } => ({
    rise: worse * (b.value - a.value),
    noise: Math.hypot(half(a), half(b)),
  });
  const [real] = values as [Estimate];
  const seen = values.map((value) => step(real, value)).map(({ rise, noise }) => rise > noise);
  const unseen = seen.lastIndexOf(false); // 0 is never seen
  const falls = values.slice(1).some((value, i) => {
    const { rise, noise } = step(values[i]!, value);
    return -rise > noise;
  });
  const rho = spearman(
    strengths,
    values.map(({ value }) => worse * value),
  );
  return {
    spearman: Number.isFinite(rho) ? rho : null,
    faintest: step(real, values[1]!).rise / (half(real) / NORMAL || Number.MIN_VALUE),
    seenFrom: strengths[unseen + 1] ?? null,
    verdict: !seen.at(-1) ? 'blind' : falls ? 'not monotone' : 'rises',
  };
}
