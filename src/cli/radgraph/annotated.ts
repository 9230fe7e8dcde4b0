/** Files of annotated reports, by their ending. */

import { type AnnotatedDocument, readAnnotations, readDygie } from '../../systems';

export const ANNOTATED = "RadGraph's JSON, or DyGIE's lines (.jsonl)";

/** @throws FileError naming document and entity where one is wrong */
export const readAnnotated = (path: string): Promise<AnnotatedDocument[]> =>
  path.endsWith('.jsonl') ? readDygie(path) : readAnnotations(path);
