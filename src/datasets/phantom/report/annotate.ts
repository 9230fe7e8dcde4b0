/** Entities, relations and labels of a text, from the marks that it was written with. */

import { type ChexpertLabel, labelsOfMentions, type Mention, type TextLabel } from './labels';
import { type Certainty, type MarkedWords, plain, type ReadMarks, readMarks } from './markup';
import { radgraphTokens, type Token } from './tokens';

/** RadGraph's classes of entities: anatomy, and observations that are definitely present, uncertain, or definitely absent. */
export type EntityLabel = 'ANAT-DP' | 'OBS-DP' | 'OBS-U' | 'OBS-DA';
export type RelationKind = 'modify' | 'located_at' | 'suggestive_of';

/** One relation, from the entity that has it. */
export interface Relation {
  readonly kind: RelationKind;
  /** Index of the other entity. */
  readonly to: number;
}

/** Tokens with a meaning. */
export interface Entity {
  /** First and last token, both included. */
  readonly start: number;
  readonly end: number;
  /** The tokens between, with spaces. */
  readonly tokens: string;
  readonly label: EntityLabel;
  readonly relations: readonly Relation[];
}

/** A text with the truth about it. */
export interface AnnotatedText {
  readonly text: string;
  /** As RadGraph splits it: spaces around `/ , : . ! ? ( )`. */
  readonly tokens: readonly string[];
  /** In the order of the text. */
  readonly entities: readonly Entity[];
  /** CheXpert's labels as a labeler should find them: 1 positive, 0 negative, -1 uncertain; not mentioned where there is none. */
  readonly labels: Readonly<Partial<Record<ChexpertLabel, TextLabel>>>;
}

/** Words of a text with a role, before they have their place among the entities. */
interface Draft {
  readonly label: EntityLabel;
  readonly words: MarkedWords;
  readonly relations: { kind: RelationKind; to: MarkedWords }[];
}

const OBSERVED: Record<Certainty, EntityLabel> = { present: 'OBS-DP', uncertain: 'OBS-U', absent: 'OBS-DA' };

/** The place that a word about a place belongs to: the next one of its mention, else the last before it. */
function placeOf(word: MarkedWords, places: readonly MarkedWords[]): MarkedWords | undefined {
  return places.find((place) => place.from > word.from) ?? places.at(-1);
}

/** Entities and relations of one sentence. */
function draftsOf({ words, mentions }: ReadMarks): Draft[] {
  const of = (mention: number | undefined, role: string): MarkedWords[] => words.filter((w) => w.mention === mention && w.role === role);
  const outerHeads = mentions.flatMap(({ inner }, i) => (inner ? [] : of(i, 'o')));
  return words.map((word): Draft => {
    const { role, mention } = word;
    if (mention === undefined) {
      const kind = role === 'f' ? 'suggestive_of' : 'modify';
      return { label: 'OBS-DP', words: word, relations: outerHeads.map((to) => ({ kind, to })) };
    }
    const [heads, places] = [of(mention, 'o'), of(mention, 'a')];
    if (role === 'a') return { label: 'ANAT-DP', words: word, relations: [] };
    if (role === 'b') {
      const place = placeOf(word, places);
      return { label: 'ANAT-DP', words: word, relations: place ? [{ kind: 'modify', to: place }] : [] };
    }
    const label = OBSERVED[mentions[mention]!.certainty];
    if (role === 'm') return { label, words: word, relations: heads.map((to) => ({ kind: 'modify', to })) };
    if (role === 's') return { label, words: word, relations: [] };
    const where = places.length > 0 ? places : of(mention, 'b');
    return {
      label,
      words: word,
      relations: [
        ...where.map((to) => ({ kind: 'located_at' as const, to })),
        ...of(mention, 's').map((to) => ({ kind: 'suggestive_of' as const, to })),
      ],
    };
  });
}

function mentionsOf({ words, mentions }: ReadMarks): Mention[] {
  return mentions.map(({ kind, certainty, normal }, i) => ({
    kind,
    certainty: normal ? 'absent' : certainty,
    suggested: words.some((w) => w.mention === i && w.role === 's'),
  }));
}

/** The tokens that [from, to) lies on: words with a role are whole tokens. */
function tokenSpan(tokens: readonly Token[], from: number, to: number): [number, number] {
  const end = tokens.findLastIndex((token) => token.from < to);
  return [tokens.findLastIndex((token) => token.from <= from), end];
}

/**
 * Joins marked sentences to a text, and says what is in it.
 *
 * @param sentences marked (`markup.ts`), each complete with its full stop
 */
export function annotate(sentences: readonly string[]): AnnotatedText {
  const text = sentences.map(plain).join(' ');
  const tokens = radgraphTokens(text);
  const drafts: { draft: Draft; offset: number }[] = [];
  const mentions: Mention[] = [];
  let offset = 0;
  for (const sentence of sentences) {
    const marks = readMarks(sentence);
    for (const draft of draftsOf(marks)) drafts.push({ draft, offset });
    mentions.push(...mentionsOf(marks));
    offset += marks.text.length + 1;
  }
  drafts.sort((a, b) => a.offset + a.draft.words.from - (b.offset + b.draft.words.from));
  const place = new Map(drafts.map(({ draft }, i) => [draft.words, i]));
  const entities = drafts.map(({ draft, offset: at }): Entity => {
    const [start, end] = tokenSpan(tokens, at + draft.words.from, at + draft.words.to);
    return {
      start,
      end,
      tokens: tokens
        .slice(start, end + 1)
        .map((token) => token.text)
        .join(' '),
      label: draft.label,
      relations: draft.relations.map(({ kind, to }) => ({ kind, to: place.get(to)! })),
    };
  });
  return { text, tokens: tokens.map((token) => token.text), entities, labels: labelsOfMentions(mentions) };
}
