/** The small world's numbers and words, from `data/world.json`. */

import { readData } from '../procedural';
import type { FigureKind, Size, TextureKind, ToneName, Turn } from './types';

/** Which kind of scene. */
export type SceneKind = 'single' | 'group' | 'pair' | 'inside' | 'between' | 'around' | 'landscape' | 'pattern';
export type LandKind = 'field' | 'hills' | 'mountains' | 'sea';
export type PlaceName = 'left' | 'right' | 'top' | 'bottom' | 'middle' | 'top left' | 'top right' | 'bottom left' | 'bottom right';
export type ArrangementName = 'row' | 'column' | 'circle' | 'grid' | 'scattered' | 'stairs';
export type RelationName = 'horizontal' | 'vertical' | 'inside' | 'between' | 'around';
export type PatternName = 'stripes' | 'checkerboard' | 'bricks' | 'sea';

type Words = readonly string[];

/** A background behind figures. */
export interface GroundSettings {
  readonly weight: number;
  /** Darkest and lightest grey. */
  readonly tone: readonly [number, number];
  readonly kind: 'plain' | 'ramp' | 'glow' | 'grain' | 'lined';
  /** Degrees, of a ramp. */
  readonly angle?: number;
  readonly words: Words;
}

/** What `data/world.json` holds; its README says what each part means. */
export interface WorldSettings {
  readonly scenes: Readonly<Record<SceneKind, number>>;
  readonly kinds: Readonly<Record<FigureKind, { readonly weight: number; readonly one: Words; readonly many: Words }>>;
  readonly numbers: Words;
  readonly sizes: Readonly<Record<Size, Words>>;
  readonly tones: Readonly<Record<ToneName, Words>>;
  readonly textures: Readonly<Record<TextureKind, Words>>;
  readonly turns: Readonly<Record<Turn, Words>>;
  readonly openings: Words;
  readonly places: Readonly<Record<PlaceName, Words>>;
  readonly arrangements: Readonly<Record<ArrangementName, Words>>;
  readonly relations: Readonly<Record<RelationName, Words>>;
  readonly grounds: Readonly<Record<string, GroundSettings>>;
  readonly patterns: Readonly<Record<PatternName | 'widths' | 'meshes' | 'grades', Words>>;
  readonly landscape: {
    readonly land: Readonly<Record<LandKind, number>>;
    readonly night: number;
    readonly where: Readonly<Record<LandKind, Words>>;
    readonly empty: Readonly<Record<LandKind, Words>>;
    readonly with: Words;
    readonly sun: Words;
    readonly moon: Words;
    readonly daySky: Words;
    readonly 'night sky': Words;
    readonly stars: Words;
  };
}

let settings: WorldSettings | undefined;

/** The settings, read once. */
export function worldSettings(): WorldSettings {
  settings ??= readData<WorldSettings>('world.json');
  return settings;
}
