/** Structural entities of many reports, and what became of them. */

import type { AnnotatedDocument } from '../radgraph';
import { structuralEntities } from './structural-entities';

/** Reports by what SEE made of them. */
export interface CoreFindingsCounts {
  readonly reports: number;
  /** Without any entity: skipped. */
  readonly withoutEntity: number;
  /** With entities, of which no sentence was left. */
  readonly withoutFinding: number;
  readonly sentences: number;
}

export interface CoreFindings {
  /** Core findings of each report that has an entity, by its key. */
  readonly byKey: ReadonlyMap<string, readonly string[]>;
  readonly counts: CoreFindingsCounts;
}

/**
 * SEE over annotated reports, such as `readAnnotations` gives; of a report with two annotations the first is taken.
 *
 * @throws AnnotationError naming document and entity where an annotation is wrong
 */
export function coreFindings(documents: readonly AnnotatedDocument[]): CoreFindings {
  const byKey = new Map<string, readonly string[]>();
  for (const { key, annotations } of documents) {
    const found = structuralEntities(key, annotations[0]);
    if (found !== undefined) byKey.set(key, found);
  }
  const found = [...byKey.values()];
  return {
    byKey,
    counts: {
      reports: documents.length,
      withoutEntity: documents.length - byKey.size,
      withoutFinding: found.filter((sentences) => sentences.length === 0).length,
      sentences: found.reduce((sum, sentences) => sum + sentences.length, 0),
    },
  };
}
