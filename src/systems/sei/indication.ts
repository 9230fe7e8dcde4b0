/** The indication as SEI reads it: in small letters, without marks and formulas. The rules are those of the paper's `preprocessing_indcation_section.py`. */

import { partMarks } from './marks';

/** Whole words: not beside letters, digits or an underscore. */
const words = (...all: readonly string[]): RegExp => new RegExp(`(?<![\\p{L}\\p{N}_])(?:${all.join('|')})(?![\\p{L}\\p{N}_])`, 'gu');

/** What a rule takes away, or puts in place of something else. */
export type IndicationRule = 'marks' | 'history' | 'age' | 'woman' | 'man' | 'stops';

/** In this order: words are looked for once blanks of de-identification (`___F`) have gone. */
const RULES: Readonly<Record<IndicationRule, (text: string) => string>> = {
  marks: (text) => text.replace(/[/?_!*@]+/g, '').replaceAll('--', ''),
  history: (text) => text.replaceAll('history:', ''),
  age: (text) => text.replace(/-year-old|year old/g, ''),
  woman: (text) => text.replace(words('f', 'women', 'female'), 'woman'),
  man: (text) => text.replace(words('m', 'men', 'male'), 'man'),
  stops: (text) =>
    partMarks(text)
      .replace(/[.,]$/, '')
      .trim()
      .replaceAll('.', ',')
      .replaceAll(', ,', ',')
      .replaceAll('man ,', 'man')
      .replaceAll(': :', ':')
      .replaceAll(': ( )', '')
      .trim(),
};

/** Indications, and on how many each rule had an effect (`stops`: also blanks round marks). */
export interface IndicationCounts {
  readonly texts: number;
  /** Without an indication. */
  readonly absent: number;
  /** Of which nothing is left. */
  readonly emptied: number;
  /** Other than they were, apart from capitals. */
  readonly changed: number;
  readonly byRule: Readonly<Record<IndicationRule, number>>;
}

/**
 * Cleans an indication: "56 year old female with chest pain." becomes "56 woman with chest pain". Nothing of it may be left: ''.
 *
 * @param indication without its heading
 */
export const cleanIndication = (indication: string): string => cleanedBy(indication, () => {});

/**
 * Cleans many, and counts.
 *
 * @param indications undefined or blank where a report has none
 * @returns in the same order; '' where there is none, or nothing is left
 */
export function cleanIndications(indications: readonly (string | undefined)[]): {
  readonly cleaned: readonly string[];
  readonly counts: IndicationCounts;
} {
  const byRule: Record<IndicationRule, number> = { marks: 0, history: 0, age: 0, woman: 0, man: 0, stops: 0 };
  const cleaned = indications.map((text = '') => cleanedBy(text, (rule) => byRule[rule]++));
  const present = cleaned.flatMap((after, i) => {
    const before = (indications[i] ?? '').trim();
    return before === '' ? [] : [{ before, after }];
  });
  return {
    cleaned,
    counts: {
      texts: indications.length,
      absent: indications.length - present.length,
      emptied: present.filter(({ after }) => after === '').length,
      changed: present.filter(({ before, after }) => after !== before.toLowerCase()).length,
      byRule,
    },
  };
}

function cleanedBy(indication: string, onEffect: (rule: IndicationRule) => void): string {
  return Object.entries(RULES).reduce((text, [rule, apply]) => {
    const next = apply(text);
    if (next !== text) onEffect(rule as IndicationRule);
    return next;
  }, indication.trim().toLowerCase());
}
