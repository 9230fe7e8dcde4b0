/** Backgrounds behind figures. */

import type { Draws } from '../procedural';
import { flat, grain, ramp, stripes, type Tone } from './paint';
import { type GroundSettings, worldSettings } from './settings';

/** A background with what must be known to stand out from it. */
export interface Ground {
  readonly tone: Tone;
  /** Darkest and lightest grey. */
  readonly range: readonly [number, number];
  readonly words: readonly string[];
}

function toneOf({ kind, tone: [low, high], angle = 0 }: GroundSettings, random: Draws): Tone {
  const seed = Math.floor(random.uniform(0, 2 ** 24));
  const shift = random.uniform(-0.08, 0.08);
  switch (kind) {
    case 'plain':
      return flat(random.uniform(low, high));
    case 'ramp': {
      const radians = (angle * Math.PI) / 180;
      const along = Math.cos(radians) + Math.sin(radians); // where the far edge lies along the direction
      return ramp(radians, Math.min(0, along), Math.max(0, along), low, high);
    }
    case 'glow':
      return (x, y) => low + (high - low) * Math.exp(-7 * ((x - 0.5 - shift) ** 2 + (y - 0.5) ** 2));
    case 'grain':
      return grain((low + high) / 2, (high - low) / 2, seed);
    case 'lined':
      return stripes(low, high, 0.0625, Math.PI / 2);
  }
}

/** One of the backgrounds of `data/world.json`. */
export function chooseGround(random: Draws): Ground {
  const grounds = Object.values(worldSettings().grounds);
  const chosen = grounds[random.weighted(grounds.map(({ weight }) => weight))]!;
  return { tone: toneOf(chosen, random), range: chosen.tone, words: chosen.words };
}
