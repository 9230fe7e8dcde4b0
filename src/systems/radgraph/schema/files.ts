/** RadGraph's JSON files: of a network (inference), of one annotator (train, dev), and of two (test). */

import { checkContent, FileError, readObject, writeJson } from '../../../files';
import type { RadGraphReport } from '../annotation';
import { AnnotationError, checkAnnotation } from './check';

/** A report and how it is annotated: once, or by each of two annotators. */
export interface AnnotatedDocument {
  /** Such as `p10/p10003412/s59172281.txt`. Never logged: with real data it names a study. */
  readonly key: string;
  readonly annotations: readonly [RadGraphReport] | readonly [RadGraphReport, RadGraphReport];
}

/** A document of a file, in any of the three forms. */
type Written = Omit<RadGraphReport, 'entities'> &
  Partial<Pick<RadGraphReport, 'entities'>> & { readonly [labeler in 'labeler_1' | 'labeler_2']?: Pick<RadGraphReport, 'entities'> };

/**
 * Reads a file of RadGraph and checks every report.
 *
 * @returns in the file's order
 * @throws FileError naming document and entity where one is wrong (its cause is an AnnotationError), or where the file holds no report
 */
export async function readAnnotations(path: string): Promise<AnnotatedDocument[]> {
  const file = await readObject<Record<string, Written>>(path);
  const documents = checkContent(path, () => Object.entries(file).map(([key, written]) => readDocument(key, written)));
  if (documents.length === 0) throw new FileError(path, 'holds no report');
  return documents;
}

function readDocument(key: string, written: Written): AnnotatedDocument {
  if (typeof written !== 'object' || written === null) throw new AnnotationError(key, undefined, 'is no object');
  const { labeler_1: first, labeler_2: second, entities, ...rest } = written;
  if ((first === undefined) !== (second === undefined)) throw new AnnotationError(key, undefined, 'has labeler_1 or labeler_2 alone');
  if (!first || !second) return { key, annotations: [checked(key, { ...rest, entities: entities! })] };
  return {
    key,
    annotations: [checked(key, { ...rest, entities: first.entities }), checked(key, { ...rest, entities: second.entities })],
  };
}

function checked(key: string, report: RadGraphReport): RadGraphReport {
  checkAnnotation(key, report);
  return report;
}

/** Writes a file in the form that its documents have. @throws FileError where it cannot be written */
export async function writeAnnotations(path: string, documents: readonly AnnotatedDocument[]): Promise<void> {
  await writeJson(path, Object.fromEntries(documents.map(({ key, annotations }) => [key, writtenForm(annotations)])));
}

function writtenForm([first, second]: AnnotatedDocument['annotations']): object {
  if (second === undefined) return first!;
  const { entities, ...rest } = first!;
  return { ...rest, labeler_1: { entities }, labeler_2: { entities: second.entities } };
}
