/** What every kind of scene gives: a ground, layers, and a caption that says what is there. */

import type { Draws } from '../procedural';
import type { Layer, Tone } from './paint';
import type { FigureKind, ImageSide, WorldKind } from './types';

/** A scene, ready to be painted. */
export interface Scene {
  readonly ground: Tone;
  readonly layers: readonly Layer[];
  /** The caption without capital and full stop; each call with the same draws gives the same words. */
  readonly words: (random: Draws, terse: Terse) => string;
  /** Everything of `WORLD_KINDS` that can be seen. */
  readonly shown: readonly WorldKind[];
  /** Sides that every wording of the caption gives. */
  readonly sides: Readonly<Partial<Record<FigureKind, ImageSide>>>;
}

/** How much is left out for a caption to stay short: 0 nothing, 1 all but one adjective of each figure, 2 all adjectives. */
export type Terse = 0 | 1 | 2;
