/** DyGIE++'s JSON lines (Wadden et al. 2019, arXiv:1909.03546), which its networks read and write, and what of RadGraph's form they are. */

import { checkContent, FileError, readText } from '../../../files';
import { parseJson, writeFileAtomic } from '../../../files/internal';
import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { AnnotationError, checkAnnotation } from './check';
import type { AnnotatedDocument } from './files';
import { tokensOf } from './tokens';

/** First and last token, class; of what a network found also its score and its probability. */
export type DygieEntity = readonly [start: number, end: number, label: string, ...scores: number[]];
/** First and last token of both ends, kind; of what a network found also its score and its probability. */
export type DygieRelation = readonly [start: number, end: number, start: number, end: number, kind: string, ...scores: number[]];

/** One line. Positions count through all sentences. */
export interface DygieDocument {
  readonly doc_key: string;
  /** Names the label sets of a network that has several. */
  readonly dataset?: string;
  /** Tokens of each sentence; RadGraph makes the whole report one. */
  readonly sentences: readonly (readonly string[])[];
  /** Of each sentence. */
  readonly ner?: readonly (readonly DygieEntity[])[];
  readonly relations?: readonly (readonly DygieRelation[])[];
  readonly predicted_ner?: readonly (readonly DygieEntity[])[];
  readonly predicted_relations?: readonly (readonly DygieRelation[])[];
}

/** A report as one line with one sentence: relations of a kind between the same places, which the form holds once, are one. */
export function toDygie(key: string, { text, entities }: RadGraphReport, dataset: string): DygieDocument {
  const all = Object.values(entities);
  const relations = all.flatMap((head) =>
    head.relations.map(([kind, target]): DygieRelation => {
      const tail = entities[target]!;
      return [head.start_ix, head.end_ix, tail.start_ix, tail.end_ix, kind];
    }),
  );
  return {
    doc_key: key,
    dataset,
    sentences: [tokensOf(text)],
    ner: [all.map(({ start_ix, end_ix, label }) => [start_ix, end_ix, label])],
    relations: [relations],
  };
}

/**
 * A line as a report: what a network found (`predicted_…`) where the line has it, else the annotation. Entities are numbered from 1 in the line's order.
 *
 * @throws AnnotationError where the annotation is wrong. Of a network's relations those between places that are no entities are left out, as RadGraph does
 */
export function fromDygie(line: DygieDocument): AnnotatedDocument {
  const { doc_key: key, sentences } = line;
  const predicted = line.predicted_ner !== undefined;
  const found = (predicted ? line.predicted_ner : line.ner)?.flat();
  if (typeof key !== 'string') throw new AnnotationError(String(key), undefined, 'has no doc_key');
  if (!Array.isArray(sentences) || !sentences.every(Array.isArray)) throw new AnnotationError(key, undefined, 'has no sentences');
  if (found === undefined) throw new AnnotationError(key, undefined, 'has neither ner nor predicted_ner');
  const relations = (predicted ? line.predicted_relations : line.relations)?.flat() ?? [];
  const report = reportOf(key, sentences.flat(), found, relations, predicted);
  checkAnnotation(key, report);
  return { key, annotations: [report] };
}

/** The report of what lies where. @param lenient leaves out relations between places that are no entities, which otherwise are an error */
export function reportOf(
  key: string,
  tokens: readonly string[],
  entities: readonly DygieEntity[],
  relations: readonly DygieRelation[],
  lenient: boolean,
): RadGraphReport {
  const keyAt = new Map<string, string>();
  entities.forEach(([start, end], i) => {
    const place = `${start} ${end}`;
    if (!keyAt.has(place)) keyAt.set(place, String(i + 1));
  });
  const written = entities.map(([start, end, label]): RadGraphEntity & { relations: [string, string][] } => ({
    tokens: tokens.slice(start, end + 1).join(' '),
    label,
    start_ix: start,
    end_ix: end,
    relations: [],
  }));
  for (const [headStart, headEnd, tailStart, tailEnd, kind] of relations) {
    const [head, tail] = [keyAt.get(`${headStart} ${headEnd}`), keyAt.get(`${tailStart} ${tailEnd}`)];
    if (head !== undefined && tail !== undefined) written[Number(head) - 1]!.relations.push([kind, tail]);
    else if (!lenient)
      throw new AnnotationError(key, head, `a relation leads from ${headStart} to ${tailEnd}, and one of its ends is no entity`);
  }
  return { text: tokens.join(' '), entities: Object.fromEntries(written.map((entity, i) => [String(i + 1), entity])) };
}

/**
 * Reads a file of lines.
 *
 * @throws FileError naming line, document and entity where one is wrong
 */
export async function readDygie(path: string): Promise<AnnotatedDocument[]> {
  const lines = (await readText(path)).split('\n');
  const documents = lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const where = `${path}, line ${i + 1}`;
    return [checkContent(where, () => fromDygie(parseJson<DygieDocument>(where, line)))];
  });
  if (documents.length === 0) throw new FileError(path, 'holds no document');
  return documents;
}

/** Writes reports as lines. @param dataset names the label sets @throws FileError where it cannot be written; RangeError where one is annotated twice */
export async function writeDygie(path: string, documents: readonly AnnotatedDocument[], dataset: string): Promise<void> {
  const lines = documents.map(({ key, annotations: [report, second] }) => {
    if (second !== undefined) throw new AnnotationError(key, undefined, 'is annotated twice, and a line of DyGIE holds one annotation');
    return `${JSON.stringify(toDygie(key, report!, dataset))}\n`;
  });
  await writeFileAtomic(path, lines.join(''));
}
