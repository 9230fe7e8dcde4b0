/** Finds many phrases in a sentence at once: all of them in one tree of words. */

import { baseForm, isMark, type Word } from './words';

/** A phrase that was found: what it stands for, and its words, the second index exclusive. */
export interface Match<T> {
  readonly value: T;
  readonly from: number;
  readonly to: number;
}

type Range = Pick<Match<unknown>, 'from' | 'to'>;

/** In words. */
export const width = ({ from, to }: Range): number => to - from;

export const overlap = (a: Range, b: Range): boolean => a.from < b.to && b.from < a.to;

interface Node<T> {
  readonly next: Map<number, Node<T>>;
  gap?: Node<T>;
  readonly values: T[];
}

/** Most words that `...` stands for. */
const WIDEST_GAP = 4;

/** Shorter words must be spelt as in the rules. */
const SHORTEST_FORGIVEN = 9;

/**
 * All phrases that a pattern stands for. `(a|b|)` is a choice, which may be empty.
 *
 * @throws RangeError where a bracket is not closed
 */
export function expandPattern(pattern: string): string[] {
  const open = pattern.indexOf('(');
  if (open < 0) {
    if (/[|)]/.test(pattern)) throw new RangeError(`${JSON.stringify(pattern)}: a bracket is missing`);
    return [pattern.trim().replace(/\s+/g, ' ')];
  }
  const close = pattern.indexOf(')', open);
  if (close < 0 || pattern.slice(open + 1, close).includes('(')) throw new RangeError(`${JSON.stringify(pattern)}: a bracket is missing`);
  const rest = expandPattern(pattern.slice(close + 1));
  return pattern
    .slice(open + 1, close)
    .split('|')
    .flatMap((choice) => rest.map((end) => `${pattern.slice(0, open)}${choice} ${end}`.trim().replace(/\s+/g, ' ')));
}

/**
 * Makes a finder of phrases. In a pattern, words match in singular and plural, `opacif*` matches whatever begins so, `(a|b)` is a choice, and `...` stands for up
 * to four words, none of them a mark or one of `gapStops`. A word of nine letters or more may be misspelt by one letter if the rules know no other like it.
 *
 * @param phrases each with what it stands for
 * @returns a function that gives all that it finds in a sentence, in no order
 * @throws RangeError where a pattern is malformed
 */
export function compilePhrases<T>(
  phrases: Iterable<readonly [pattern: string, value: T]>,
  gapStops: readonly string[],
): (words: readonly Word[]) => Match<T>[] {
  const root: Node<T> = { next: new Map(), values: [] };
  const ids = new Map<string, number>();
  for (const [pattern, value] of phrases) for (const phrase of expandPattern(pattern)) addPhrase(root, phrase, value, ids);
  const stops = new Set(gapStops);
  const idsOf = spellings(ids);

  return (words) => {
    const known = words.map(idsOf);
    const found: Match<T>[] = [];
    const walk = (node: Node<T>, at: number, from: number): void => {
      for (const value of node.values) found.push({ value, from, to: at });
      for (const id of known[at] ?? []) {
        const child = node.next.get(id);
        if (child) walk(child, at + 1, from);
      }
      if (!node.gap) return;
      for (let next = at; next <= at + WIDEST_GAP && next < words.length; next++) {
        for (const id of known[next]!) {
          const child = node.gap.next.get(id);
          if (child) walk(child, next + 1, from);
        }
        if (isMark(words[next]!) || stops.has(words[next]!.raw)) break;
      }
    };
    for (let from = 0; from < words.length; from++) if (known[from]!.length > 0) walk(root, from, from);
    return found;
  };
}

function addPhrase<T>(root: Node<T>, phrase: string, value: T, ids: Map<string, number>): void {
  let node = root;
  const words = phrase.split(' ');
  if (words[0] === '...' || words.at(-1) === '...' || phrase === '')
    throw new RangeError(`${JSON.stringify(phrase)}: begins or ends with no word`);
  for (const word of words) {
    let next: Node<T> | undefined;
    if (word === '...') {
      node.gap ??= { next: new Map(), values: [] };
      next = node.gap;
    } else {
      const form = word.endsWith('*') ? word : baseForm(word);
      const id = ids.get(form) ?? ids.size;
      ids.set(form, id);
      next = node.next.get(id) ?? { next: new Map(), values: [] };
      node.next.set(id, next);
    }
    node = next;
  }
  if (!node.values.includes(value)) node.values.push(value);
}

/** For each word the words of the rules that it is a form of; reports repeat themselves, so each is looked up once. */
function spellings(ids: ReadonlyMap<string, number>): (word: Word) => readonly number[] {
  const prefixes = [...ids].filter(([form]) => form.endsWith('*')).map(([form, id]): [string, number] => [form.slice(0, -1), id]);
  const long = [...ids].filter(([form]) => form.replace('*', '').length >= SHORTEST_FORGIVEN - 1);
  const seen = new Map<string, readonly number[]>();
  const find = ({ raw, base }: Word): number[] => {
    const found = prefixes.filter(([prefix]) => raw.startsWith(prefix)).map(([, id]) => id);
    const exact = ids.get(base);
    if (exact !== undefined) found.push(exact);
    if (found.length > 0 || base.length < SHORTEST_FORGIVEN) return found;
    const near = long.filter(([form]) => (form.endsWith('*') ? begins(base, form.slice(0, -1)) : oneLetterOff(base, form)));
    return near.map(([, id]) => id);
  };
  return (word) => {
    let found = seen.get(word.raw);
    if (found === undefined) {
      found = find(word);
      if (seen.size < MOST_SEEN) seen.set(word.raw, found);
    }
    return found;
  };
}

/** Words kept with what they match; reports of a whole hospital have fewer. */
const MOST_SEEN = 200_000;

/** Whether a word begins with a prefix in which one letter is wrong. */
function begins(word: string, prefix: string): boolean {
  if (prefix.length < SHORTEST_FORGIVEN - 1) return false;
  return [-1, 0, 1].some((more) => oneLetterOff(word.slice(0, prefix.length + more), prefix));
}

/** One letter too many, too few, another, or two exchanged; the first letter is right. */
function oneLetterOff(a: string, b: string): boolean {
  if (a[0] !== b[0] || Math.abs(a.length - b.length) > 1 || a === b) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return (
    restA.slice(1) === restB.slice(1) ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB ||
    (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}
