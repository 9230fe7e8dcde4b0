/** Templates of text: (a|b) is a choice, {slot} is filled in. */

import type { Draws } from './draws';
import { readData } from './settings';
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

/**
 * One of the templates, with its choices made and its slots filled. Slots may hold choices themselves.
 *
 * @throws Error where a slot has no value: the grammar and the code disagree
 */
export function fill(templates: readonly string[], slots: Readonly<Record<string, string>>, random: Draws): string {
  let text = random.pick(templates).replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = slots[name];
    if (value === undefined) throw new Error(`report grammar: no value for {${name}}; there are ${Object.keys(slots).join(', ')}`);
    return value;
  });
  while (text.includes('(')) text = text.replace(/\(([^()]*)\)/, (_, choices: string) => random.pick(choices.split('|')));
  return text.replace(/\s+/g, ' ').replace(/ ,/g, ',').trim();
}

/** The noun phrase with its article. */
export function withArticle(phrase: string): string {
  return `${/^[aeiou8]/i.test(phrase) ? 'an' : 'a'} ${phrase}`;
}

/** A sentence: capital letter, full stop. */
export function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
