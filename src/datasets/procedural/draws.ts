/** A reader of random numbers: one key, numbers one after the other, the same in every process. */

import { foldIn, type Key } from '../../engine';
import { randomBits } from '../../engine/internal';

/** Numbers drawn in order from one key. */
export interface Draws {
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Normal with mean and standard deviation, cut at `limit` standard deviations (2.5). */
  normal(mean: number, deviation: number, limit?: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** An index, with probability proportional to its weight. */
  weighted(weights: readonly number[]): number;
}

const BLOCK = 64;

/** Starts reading from a key. Two readers of the same key read the same numbers. */
export function draws(from: Key): Draws {
  let block: Uint32Array = new Uint32Array(0);
  let next = BLOCK;
  let blocks = 0;
  const unit = (): number => {
    if (next >= BLOCK) {
      block = randomBits(foldIn(from, blocks++), BLOCK);
      next = 0;
    }
    return block[next++]! * 2 ** -32;
  };
  const self: Draws = {
    uniform: (low, high) => low + (high - low) * unit(),
    normal: (mean, deviation, limit = 2.5) => {
      const z = Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
      return mean + deviation * Math.max(-limit, Math.min(limit, z));
    },
    chance: (probability) => unit() < probability,
    pick: (list) => list[Math.min(list.length - 1, Math.floor(unit() * list.length))]!,
    weighted: (weights) => {
      let rest = unit() * weights.reduce((a, b) => a + b, 0);
      const at = weights.findIndex((w) => {
        rest -= w;
        return rest < 0;
      });
      return at < 0 ? weights.length - 1 : at;
    },
  };
  return self;
}
