/** Words and sentences that the phantom's grammar does not have, in annotated reports: so that a network is measured on what it has not learnt by heart. */

import { join, resolve } from 'node:path';
import type { Draws } from '../../../datasets/internal';
import { readObject } from '../../../files';
import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { sentencesOf } from '../schema/sentences';
import { tokensOf } from '../schema/tokens';
import { type Edit, likeCase, rewrite } from './rewrite';

/** Other words: those that a network learns from, and those that it is measured on alone. */
interface Others {
  readonly training: readonly string[];
  readonly held_out: readonly string[];
}

/** What `data/radgraph/wording.json` holds. */
export interface Wording {
  readonly words: Readonly<Record<string, Others>>;
  readonly frames: Readonly<Record<string, Others>>;
  readonly places: Readonly<Record<string, string>>;
  readonly normal: readonly string[];
  readonly doubt: readonly string[];
}

/** Whose words: the grammar's own alone, some of those to learn from, or some of those that are held out. */
export type WordingPart = 'grammar' | 'training' | 'held-out';

export async function readWording(): Promise<Wording> {
  return await readObject<Wording & object>(join(resolve(__dirname, '..', '..', '..', '..'), 'data', 'radgraph', 'wording.json'));
}

/** How often a word or a frame that has another one becomes it. */
const OFTEN = 0.4;

/** The report in other words: synonyms, frames of sentences, and of the held-out part also places behind what lies there. */
export function reworded(report: RadGraphReport, part: Exclude<WordingPart, 'grammar'>, wording: Wording, random: Draws): RadGraphReport {
  const turned = part === 'held-out' ? turnedRound(report, wording, random) : report;
  const tokens = tokensOf(turned.text);
  const lower = tokens.map((token) => token.toLowerCase());
  const edits: Edit[] = [];
  const tables = [wording.frames, wording.words];
  const longest = 3; // words of a frame at most
  for (let i = 0; i < tokens.length; i++) {
    let length = Math.min(longest, tokens.length - i);
    let others: Others | undefined;
    for (; length > 0 && others === undefined; length--) others = lookUp(tables, lower.slice(i, i + length).join(' '));
    if (others === undefined) continue;
    const to = i + length + 1;
    if (random.chance(OFTEN)) {
      const words = random.pick(part === 'training' ? others.training : others.held_out).split(' ');
      edits.push({ from: i, to, tokens: [likeCase(words[0]!, tokens[i]!), ...words.slice(1)] });
    }
    i = to - 1;
  }
  return rewrite(turned, edits);
}

function lookUp(tables: readonly Readonly<Record<string, Others>>[], words: string): Others | undefined {
  return tables.find((table) => Object.hasOwn(table, words))?.[words];
}

/** "Left lower lobe consolidation" as "Consolidation of the left lower lobe". */
function turnedRound(report: RadGraphReport, { places }: Wording, random: Draws): RadGraphReport {
  const tokens = tokensOf(report.text);
  const at = new Map(Object.entries(report.entities).map(([key, entity]) => [entity.start_ix, { key, entity }]));
  const order = tokens.map((token, i) => ({ token, from: i })) as { token: string; from?: number }[];
  for (const head of Object.values(report.entities)) {
    const place = head.relations.find(([kind]) => kind === 'located_at')?.[1];
    const where = place === undefined ? undefined : report.entities[place];
    if (where?.end_ix !== head.start_ix - 1 || where.start_ix !== where.end_ix) continue;
    const noun = places[tokens[where.start_ix]!.toLowerCase()];
    if (noun === undefined || !random.chance(OFTEN)) continue;
    const start = firstOfPlace(where.start_ix, place!, at);
    turn(order, { start, where, head, noun });
  }
  const out: string[] = [];
  const [first, last] = [new Map<number, number>(), new Map<number, number>()];
  for (const { token, from } of order) {
    if (from !== undefined) {
      if (!first.has(from)) first.set(from, out.length);
      last.set(from, out.length);
    }
    out.push(token);
  }
  const entities = Object.entries(report.entities).map(([key, entity]): [string, RadGraphEntity] => {
    const [start, end] = [first.get(entity.start_ix)!, last.get(entity.end_ix)!];
    return [key, { ...entity, start_ix: start, end_ix: end, tokens: out.slice(start, end + 1).join(' ') }];
  });
  return { ...report, text: out.join(' '), entities: Object.fromEntries(entities) };
}

/** Where the words begin that modify a place and stand before it without a gap. */
function firstOfPlace(at: number, place: string, entities: ReadonlyMap<number, { readonly entity: RadGraphEntity }>): number {
  let start = at;
  for (;;) {
    const before = entities.get(start - 1)?.entity;
    if (before?.end_ix !== start - 1 || !before.relations.some(([kind, target]) => kind === 'modify' && target === place)) return start;
    start--;
  }
}

/** Puts tokens [start, where] behind the head, as "of the …"; the first word of a sentence keeps its capital letter. */
function turn(
  order: { token: string; from?: number }[],
  {
    start,
    where,
    head,
    noun,
  }: { readonly start: number; readonly where: RadGraphEntity; readonly head: RadGraphEntity; readonly noun: string },
): void {
  const [begin, end] = [order.findIndex(({ from }) => from === start), order.findLastIndex(({ from }) => from === head.end_ix)];
  const headAt = order.findIndex(({ from }) => from === head.start_ix);
  const place = order.slice(begin, headAt - 1);
  const capital = order[begin]!.token;
  const nouns = noun.split(' ').map((token) => ({ token, from: where.start_ix }));
  const moved = [...place.map(({ token, from }) => ({ token: token.charAt(0).toLowerCase() + token.slice(1), from: from! })), ...nouns];
  const heads = order
    .slice(headAt, end + 1)
    .map(({ token, from }, i) => ({ token: i === 0 ? likeCase(token, capital) : token, from: from! }));
  order.splice(begin, end - begin + 1, ...heads, { token: 'of' }, { token: 'the' }, ...moved);
}

/** How a typing error changes a word of four letters or more. */
const TYPOS: readonly ((word: string, at: number) => string)[] = [
  (word, at) => word.slice(0, at) + word.slice(at + 1),
  (word, at) => word.slice(0, at) + word[at]! + word.slice(at),
  (word, at) => word.slice(0, at) + word[at + 1]! + word[at]! + word.slice(at + 2),
];

/** The report with typing errors: a letter is left out, doubled or exchanged with the next. @param rate of words of four letters or more, 0 to 1 */
export function mistyped(report: RadGraphReport, rate: number, random: Draws): RadGraphReport {
  const edits = tokensOf(report.text).flatMap((token, i): Edit[] => {
    if (!/^\p{L}{4,}$/u.test(token) || !random.chance(rate)) return [];
    const at = 1 + Math.floor(random.uniform(0, token.length - 2));
    return [{ from: i, to: i + 1, tokens: [random.pick(TYPOS)(token, at)] }];
  });
  return rewrite(report, edits);
}

/**
 * The report with more doubt: sentences that say that something is there say that it may be.
 *
 * @param rate of the sentences that could, 0 to 1
 */
export function doubted(report: RadGraphReport, rate: number, { doubt, normal }: Wording, random: Draws): RadGraphReport {
  const tokens = tokensOf(report.text);
  const edits: Edit[] = [];
  const uncertain = new Set<string>();
  for (const [from, to] of sentencesOf(tokens)) {
    const inside = Object.entries(report.entities).filter(([, { start_ix }]) => start_ix >= from && start_ix < to);
    const seen = inside.filter(([, { label }]) => label.startsWith('OBS'));
    const begins = inside.some(([, { start_ix }]) => start_ix === from);
    const said = tokens.slice(from, to).some((token) => normal.includes(token.toLowerCase()));
    if (said || !begins || seen.length === 0 || seen.some(([, { label }]) => label !== 'OBS-DP') || !random.chance(rate)) continue;
    const lower = tokens[from]!.charAt(0).toLowerCase() + tokens[from]!.slice(1);
    const acronym = /^\p{Lu}{2}/u.test(tokens[from]!);
    edits.push({ from, to: from, tokens: [likeCase(random.pick(doubt), 'A')] });
    edits.push({ from, to: from + 1, tokens: [acronym ? tokens[from]! : lower] });
    for (const [key] of seen) uncertain.add(key);
  }
  const entities = Object.entries(report.entities).map(([key, entity]): [string, RadGraphEntity] => [
    key,
    uncertain.has(key) ? { ...entity, label: 'OBS-U' } : entity,
  ]);
  return rewrite({ ...report, entities: Object.fromEntries(entities) }, edits);
}
