/** The phantom's numbers, from `data/phantom.json`. */

import { readData } from '../procedural';
import type { FindingKind, Projection } from './types';

/** Mean and standard deviation, with optional bounds. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
  readonly low?: number;
  readonly high?: number;
}

/** What `data/phantom.json` holds; its README says what each number means. */
export interface PhantomSettings {
  readonly population: {
    readonly age: Spread;
    readonly female: number;
    readonly bmi: Spread;
    readonly size: { readonly M: number; readonly F: number; readonly deviation: number };
    readonly chestWidth: Spread;
    readonly chestHeight: Spread;
    readonly chestDepth: Spread;
    readonly heart: Spread;
    readonly ribSlope: Spread;
    readonly domeDifference: Spread;
    readonly studies: readonly number[];
    readonly rotation: Readonly<Record<Projection, number>>;
    readonly inspiration: Readonly<Record<Projection, readonly [number, number]>>;
    readonly portable: number;
  };
  readonly prompt: { readonly findings: readonly FindingKind[]; readonly count: readonly number[]; readonly variety: number };
  readonly impression: {
    readonly count: readonly number[];
    readonly weight: Readonly<Record<FindingKind, number>>;
    readonly bilateral: Readonly<Partial<Record<FindingKind, number>>>;
  };
  readonly course: {
    readonly same: number;
    readonly gradeChange: readonly number[];
    readonly resolve: number;
    readonly chronic: readonly FindingKind[];
    readonly medianDays: number;
  };
  readonly bedside: readonly FindingKind[];
  readonly lateral: readonly FindingKind[];
}

let settings: PhantomSettings | undefined;

/** The settings, read once. */
export function phantomSettings(): PhantomSettings {
  settings ??= readData<PhantomSettings>('phantom.json');
  return settings;
}
