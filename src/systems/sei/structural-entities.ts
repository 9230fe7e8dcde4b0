/**
 * Structural entities extraction (SEE): a report as its entities alone, sentence by sentence, without the words of its style. SEI (Liu et al. 2024,
 * arXiv:2405.14905); the rules are those of the paper's `knowledge_encoder/see.py`. docs/sei.md says where they leave a choice.
 */

import { labelMeaning, type RadGraphEntity, type RadGraphReport } from '../radgraph';
import { checkAnnotation } from '../radgraph/schema/check';
import { tokensOf } from '../radgraph/schema/tokens';

/** A sentence of pronouns and the like says nothing. */
const LEFTOVERS: ReadonlySet<string> = new Set(['it', 'otherwise', 'they', 'these', 'this']);
const QUOTES = /^["'\s]+|["'\s]+$/g;
const SEPARATOR = ' [SEP] ';

type Place = Pick<RadGraphEntity, 'start_ix' | 'end_ix'>;

/**
 * The core findings of a report: of each sentence its entities, in order, in small letters, with "no" in front where one of them is absent, else "maybe" where one is
 * uncertain. The report is a network's or gold; its relations are not used.
 *
 * @param document the report's key, for errors
 * @returns undefined where the report has no entity, so that it teaches nothing and is skipped; none where all its sentences are leftovers
 * @throws AnnotationError naming document and entity where the annotation is wrong
 */
export function structuralEntities(document: string, report: RadGraphReport): string[] | undefined {
  checkAnnotation(document, report);
  const entities = Object.values(report.entities);
  if (entities.length === 0) return undefined;
  const tokens = tokensOf(report.text);
  const stops = stopsOf(tokens);
  const sentences = new Map<number, { words: string[]; certainties: Set<string> }>();
  for (const entity of withoutOverlaps(entities, tokens)) {
    const { words, sentence } = wordsOf(entity, tokens, stops);
    if (!/[\p{L}\p{N}]/u.test(words)) continue;
    const found = sentences.get(sentence) ?? { words: [], certainties: new Set() };
    found.words.push(words);
    found.certainties.add(labelMeaning(entity.label)!.certainty);
    sentences.set(sentence, found);
  }
  return [...sentences.values()].flatMap(({ words, certainties }) => {
    const front = certainties.has('absent') ? ['no'] : certainties.has('uncertain') ? ['maybe'] : [];
    const said = [...front, ...words].join(' ').toLowerCase();
    return LEFTOVERS.has(said) ? [] : [said];
  });
}

/** Core findings as the one text that the encoder reads. */
export const structuralText = (coreFindings: readonly string[]): string => coreFindings.join(SEPARATOR).toLowerCase();

/** Whether each token ends a sentence. A stop between digits that a tokenisation has parted ("1 . 9") ends none. */
function stopsOf(tokens: readonly string[]): boolean[] {
  const isNumber = (token: string | undefined): boolean => /^\p{Nd}+$/u.test(token ?? '');
  return tokens.map(
    (token, i) => token === '?' || token === '!' || (token === '.' && !(isNumber(tokens[i - 1]) && isNumber(tokens[i + 1]))),
  );
}

/** Entities in the text's order; of two that overlap the one without a full stop, then the longer, then the first. */
function withoutOverlaps<E extends Place>(entities: readonly E[], tokens: readonly string[]): E[] {
  const crosses = ({ start_ix, end_ix }: Place): boolean =>
    tokens.slice(start_ix, end_ix + 1).some((token, i) => i > 0 && token.startsWith('.'));
  const length = ({ start_ix, end_ix }: Place): number => end_ix - start_ix;
  const kept: E[] = [];
  for (const entity of entities.toSorted((a, b) => a.start_ix - b.start_ix || a.end_ix - b.end_ix)) {
    const last = kept.at(-1);
    if (last === undefined || entity.start_ix > last.end_ix) kept.push(entity);
    else if (!crosses(entity) && (crosses(last) || length(entity) > length(last))) kept[kept.length - 1] = entity;
  }
  return kept;
}

/** An entity's words, cut where its sentence ends, and the sentence's number. */
function wordsOf({ start_ix, end_ix }: Place, tokens: readonly string[], stops: readonly boolean[]): { words: string; sentence: number } {
  let start = start_ix;
  while (start <= end_ix && stops[start]) start++;
  const stop = stops.indexOf(true, start);
  const end = stop < 0 ? end_ix + 1 : Math.min(stop, end_ix + 1);
  return {
    words: tokens.slice(start, end).join(' ').replace(QUOTES, ''),
    sentence: stops.slice(0, start).filter(Boolean).length,
  };
}
