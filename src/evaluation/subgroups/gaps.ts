/** An outcome in each group, and how far the best and the worst are apart. */

import { foldIn, type Key, randomInts } from '../../engine';
import { nextTurn } from '../../engine/internal';
import { percentileInterval } from '../../metrics';
import { type Estimate, LEVEL } from '../estimate';
import type { Subgroup } from './divisions';

export interface GroupOutcome {
  readonly division: string;
  readonly group: string;
  readonly images: number;
  /** null where it cannot be measured of the group. */
  readonly value: Estimate | null;
}

export interface OutcomeGap {
  readonly division: string;
  readonly highest: string;
  readonly lowest: string;
  /** Highest less lowest of all groups; 0 lies in its interval where they may be alike. */
  readonly gap: Estimate;
}

export interface GroupOptions {
  readonly key: Key;
  readonly draws: number;
  /** What is added to each draw's value is the value less the draws' mean: for statistics that grow where images repeat. */
  readonly centred?: boolean;
  readonly signal?: AbortSignal;
}

export interface OutcomeByGroup {
  readonly rows: readonly GroupOutcome[];
  readonly gaps: readonly OutcomeGap[];
}

interface Drawn extends Subgroup {
  readonly value: number;
  readonly draws: Float64Array;
}

/**
 * An outcome by group, with intervals of images drawn anew within each group; and the gap between the highest and the lowest group of each division. The two are
 * chosen after they are seen, so that a gap of many small groups is flattered: its interval is that of the two groups' difference.
 *
 * @param statistic of the images of these numbers; not finite where it cannot be measured
 * @throws the signal's reason where it was raised
 */
export async function outcomeByGroup(
  groups: readonly Subgroup[],
  statistic: (rows: Int32Array) => number,
  { key, draws, centred = false, signal }: GroupOptions,
): Promise<OutcomeByGroup> {
  const drawn: Drawn[] = [];
  for (const [g, group] of groups.entries()) {
    const { rows } = group;
    const value = statistic(rows);
    const values = new Float64Array(Number.isFinite(value) ? draws : 0);
    for (let draw = 0; draw < values.length; draw++) {
      values[draw] = statistic(randomInts(foldIn(foldIn(key, g), draw), rows.length, 0, rows.length).map((i) => rows[i]!));
      await nextTurn();
      signal?.throwIfAborted();
    }
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    drawn.push({ ...group, value, draws: centred ? values.map((each) => each + value - mean) : values });
  }
  const rows = drawn.map(({ division, group, rows: own, value, draws: values }): GroupOutcome => {
    const finite = values.filter(Number.isFinite);
    if (finite.length === 0) return { division, group, images: own.length, value: null };
    const [low, high] = percentileInterval(finite, LEVEL);
    return { division, group, images: own.length, value: { value, low, high } };
  });
  const gaps = [...new Set(groups.map(({ division }) => division))].flatMap((division): OutcomeGap[] => {
    const own = drawn.filter((each) => each.division === division && Number.isFinite(each.value)).sort((a, b) => b.value - a.value);
    if (own.length < 2) return [];
    const [highest, lowest] = [own[0]!, own.at(-1)!];
    const differences = highest.draws.map((value, i) => value - lowest.draws[i]!).filter(Number.isFinite);
    const [low, high] = percentileInterval(differences, LEVEL);
    return [{ division, highest: highest.group, lowest: lowest.group, gap: { value: highest.value - lowest.value, low, high } }];
  });
  return { rows, gaps };
}
