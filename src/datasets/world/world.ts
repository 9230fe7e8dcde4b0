/** The small world as a dataset: scenes by index, captions and labels from parameters, images painted when asked for and kept on disk. */

import { join } from 'node:path';
import { foldIn, key } from '../../engine';
import { type BatchOptions, checkIndex, type Dataset } from '../dataset';
import { dataFolder, draws, proceduralImages, sentence } from '../procedural';
import { makeScene, render, type WorldPopulation } from './renderer';
import type { Scene, Terse } from './scene';
import { WORLD_KINDS } from './types';

export interface WorldOptions {
  /** Another seed, other scenes. 0 if not given. */
  readonly seed?: number;
  /** How many scenes; the first n are the same for every count. 1000 if not given. */
  readonly count?: number;
  /** Folder for painted images; false keeps none. `.cache/world` beside the library if not given. */
  readonly cache?: string | false;
}

/** A dataset of scenes. */
export interface WorldDataset extends Dataset {
  readonly fingerprint: string;
  /** Images of several records at once, on all processors: [indices.length * size * size], 0..1. Same numbers as `pixels`. */
  batch(indices: ArrayLike<number>, size: number, options?: BatchOptions): Promise<Float32Array>;
}

/** Most words and marks of a caption, so that it fits a window of 24 tokens. */
const LONGEST = 20;
/** How often the words are drawn anew at each length. */
const TRIES = 4;

/** The caption; with fewer adjectives, and at last the shortest of several, where it would be long. */
function writeCaption(scene: Scene, population: WorldPopulation, i: number): string {
  const wording = foldIn(foldIn(key(population.seed), i), 1);
  let shortest: readonly [length: number, words: string] = [Number.POSITIVE_INFINITY, ''];
  for (let attempt = 0; attempt < 5 * TRIES && shortest[0] > LONGEST; attempt++) {
    const terse = Math.min(2, Math.floor(attempt / TRIES)) as Terse;
    const words = sentence(scene.words(draws(foldIn(wording, attempt)), terse));
    const length = words.match(/[a-z]+|[^\sa-z]/gi)!.length;
    if (length < shortest[0]) shortest = [length, words];
  }
  return shortest[1];
}

/**
 * Grey images of shapes and simple scenes with captions, labels (which kinds are shown) and sides (of the image, where the caption gives them).
 * They stand for the general images that a model knew before it met radiographs. Deterministic: the same options give the same bytes in every process.
 *
 * @throws RangeError for options out of range, naming the option
 */
export function openWorld(options: WorldOptions = {}): WorldDataset {
  const { seed = 0, count = 1000 } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`openWorld: seed: expected an integer >= 0, got ${seed}`);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`openWorld: count: expected an integer >= 1, got ${count}`);
  const population: WorldPopulation = { seed };
  const dataset: WorldDataset = {
    name: 'world',
    credit: 'Synthetic shapes and scenes of roentgen-lab.',
    findings: WORLD_KINDS,
    length: count,
    record: (i) => {
      checkIndex(dataset, i);
      const scene = makeScene(population, i);
      return {
        id: `world-${seed}-${i}`,
        patient: `world-${seed}-${i}`,
        text: writeCaption(scene, population, i),
        labels: Object.fromEntries(WORLD_KINDS.map((kind) => [kind, scene.shown.includes(kind) ? 1 : 0])),
        sides: scene.sides,
      };
    },
    ...proceduralImages({
      name: 'world',
      render,
      renderer: join(__dirname, 'renderer.js'),
      data: 'world.json',
      population,
      count,
      subject: (i) => i,
      cache: options.cache ?? join(dataFolder, '..', '.cache', 'world'),
    }),
  };
  return dataset;
}
