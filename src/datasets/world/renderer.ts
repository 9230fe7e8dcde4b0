/** Scenes by seed and number: what worker threads load. */

import { foldIn, key } from '../../engine';
import { draws, type Render } from '../procedural';
import { around, between, group, inside, pair, single } from './arrangements';
import { landscape } from './landscape';
import { paint } from './paint';
import { pattern } from './patterns';
import type { Scene } from './scene';
import { type SceneKind, worldSettings } from './settings';

/** Which scenes a world has. Plain data. */
export interface WorldPopulation {
  readonly seed: number;
}

const COMPOSERS = { single, group, pair, inside, between, around, landscape, pattern };

/** Scene i of a population: the same in every process. */
export function makeScene({ seed }: WorldPopulation, i: number): Scene {
  const random = draws(foldIn(foldIn(key(seed), i), 0));
  const { scenes } = worldSettings();
  const kinds = Object.keys(scenes) as SceneKind[];
  return COMPOSERS[kinds[random.weighted(kinds.map((kind) => scenes[kind]))]!](random);
}

export const render: Render<WorldPopulation, number> = (population, i, size) => {
  const { ground, layers } = makeScene(population, i);
  return paint(ground, layers, size);
};
