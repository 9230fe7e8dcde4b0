/** How reports are worded. */

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

/** How reports are worded beyond their impression. */
export interface SectionGrammar {
  readonly indication: {
    /** What brings patients to have such findings. */
    readonly cues: readonly { readonly kinds: readonly FindingKind[]; readonly words: readonly string[] }[];
    readonly frames: readonly string[];
    readonly plain: readonly string[];
  };
  readonly comparison: { readonly none: readonly string[]; readonly some: readonly string[] };
  /** What is normal, organ by organ; `airspace`, `effusion` and `pneumothorax` where only that part is. */
  readonly normal: Readonly<
    Record<'lungs' | 'airspace' | 'pleura' | 'effusion' | 'pneumothorax' | 'heart' | 'mediastinum' | 'bones' | 'devices', readonly string[]>
  >;
}

/** How the change between two studies is worded. */
export interface ProgressionGrammar {
  readonly new: readonly string[];
  readonly placed: readonly string[];
  readonly placedMany: readonly string[];
  readonly resolved: readonly string[];
  readonly removed: readonly string[];
  readonly removedMany: readonly string[];
  readonly larger: readonly string[];
  readonly smaller: readonly string[];
  readonly worse: readonly string[];
  readonly better: readonly string[];
  readonly same: readonly string[];
  readonly nothing: readonly string[];
  /** Each finding without its grade. */
  readonly names: Readonly<Record<FindingKind, string>>;
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
  readonly report: SectionGrammar;
  readonly progression: ProgressionGrammar;
}

let grammar: Grammar | undefined;

/** The grammar, read once. */
export function reportGrammar(): Grammar {
  grammar ??= readData<Grammar>('report-grammar.json');
  return grammar;
}
