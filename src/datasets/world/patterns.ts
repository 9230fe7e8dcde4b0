/** Scenes that are one pattern from edge to edge. */

import { type Draws, fill } from '../procedural';
import { bricks, checks, stripes, type Tone, waves } from './paint';
import type { Scene } from './scene';
import { type PatternName, worldSettings } from './settings';

const KINDS: readonly PatternName[] = ['stripes', 'checkerboard', 'bricks', 'sea'];
const TURNS = [
  ['vertical', 0],
  ['horizontal', Math.PI / 2],
  ['diagonal', Math.PI / 4],
  ['diagonal', -Math.PI / 4],
] as const;

/** Stripes, fields, bricks or wavy lines, fine or coarse. */
export function pattern(random: Draws): Scene {
  const kind = random.pick(KINDS);
  const coarse = random.chance(0.5);
  const [turn, angle] = random.pick(TURNS);
  const swap = random.chance(0.5);
  const [light, dark] = [random.uniform(0.8, 1), random.uniform(0, 0.25)];
  const period = coarse ? random.uniform(0.3, 0.38) : random.uniform(0.115, 0.145);
  const [u, v] = [random.uniform(0, 1), random.uniform(0, 1)];
  const [a, b] = swap ? [light, dark] : [dark, light];
  const tones: Record<PatternName, Tone> = {
    stripes: stripes(a, b, period, angle),
    checkerboard: checks(a, b, 1.25 * period),
    bricks: bricks(a < b ? 0.35 : 0.55, a < b ? 0.9 : 0.08, 0.75 * period + 0.03),
    sea: waves(a, b, period),
  };
  const settings = worldSettings().patterns;
  const choice = (list: 'widths' | 'meshes' | 'grades'): string => `(${settings[list][coarse ? 1 : 0]})`;
  return {
    ground: (x, y, size) => tones[kind](x + u, y + v, size),
    layers: [],
    words: (draws) => {
      const turned = draws.pick(worldSettings().turns[turn].slice(0, 1));
      return fill(settings[kind], { turn: turned, width: choice('widths'), mesh: choice('meshes'), grade: choice('grades') }, draws);
    },
    shown: [kind],
    sides: {},
  };
}
