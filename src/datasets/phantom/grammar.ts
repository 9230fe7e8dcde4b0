/** How impressions are worded. */

import { readData } from '../procedural';
import type { FindingKind, Projection } from './types';

/** How one finding is named. */
export interface FindingGrammar {
  /** Which list of grade words it takes. */
  readonly grade: string;
  /** Takes no article. */
  readonly mass?: boolean;
  readonly device?: boolean;
  readonly one: readonly string[];
  readonly both: readonly string[];
  readonly lateral: readonly string[];
}

/** What `data/report-grammar.json` holds. */
export interface Grammar {
  readonly grades: Readonly<Record<string, readonly [string, string, string]>>;
  readonly findings: Readonly<Record<FindingKind, FindingGrammar>>;
  readonly frames: Readonly<Record<string, readonly string[]>>;
  readonly degreeless: Readonly<Partial<Record<FindingKind, string>>>;
  readonly absent: Readonly<Partial<Record<FindingKind, readonly string[]>>>;
  readonly negation: readonly string[];
  readonly negation2: readonly string[];
  readonly negation3: readonly string[];
  readonly heartNormal: readonly string[];
  readonly lungsClear: readonly string[];
  readonly nothingAcute: readonly string[];
  readonly normal: readonly string[];
  readonly technique: Readonly<Record<Projection, readonly string[]>>;
  readonly lowVolumes: readonly string[];
  readonly comparison: readonly string[];
}

let grammar: Grammar | undefined;

/** The grammar, read once. */
export function reportGrammar(): Grammar {
  grammar ??= readData<Grammar>('report-grammar.json');
  return grammar;
}
