/** SEI's annotation: one JSON file with all studies by split, their sections, core findings and similar cases. */

import { checkContent, readObject, writeJson } from '../../files';
import { checkStudies } from './check-annotation';

/** The file's keys, all of which it has. */
export const seiSplits = ['train', 'val', 'test'] as const;
export type SeiSplit = (typeof seiSplits)[number];

/** Historical cases that are similar to a study, best first; the three lists go side by side. */
export interface SpecificKnowledge {
  /** Of images of other studies. */
  readonly sk_ids: readonly string[];
  readonly reports: readonly string[];
  /** Core findings of each. */
  readonly sk_keywords: readonly (readonly string[])[];
}

/** One image's study, by the names of the file. */
export interface SeiStudy {
  /** Of the image; unique in the file. Never logged. */
  readonly id: string;
  readonly study_id: number | string;
  readonly subject_id: number | string;
  /** The text to write: tokens with blanks between them. */
  readonly report: string;
  /** From the folder of images; one or more. */
  readonly image_path: readonly string[];
  /** What `structuralEntities` finds; empty outside the training split, and where it finds nothing. */
  readonly core_findings: readonly string[];
  /** Sections as they stand in the report; '' where it has none. */
  readonly indication: string;
  readonly impression: string;
  readonly comparison: string;
  readonly findings: string;
  readonly examination: string;
  /** What `cleanIndication` leaves; empty where there is nothing. */
  readonly indication_core_findings: readonly string[];
  /** Absent until cases were retrieved. */
  readonly specific_knowledge?: SpecificKnowledge;
}

export type SeiAnnotation = { readonly [split in SeiSplit]: readonly SeiStudy[] };

/** The sections that a file may leave out. */
const SECTIONS = { indication: '', impression: '', comparison: '', findings: '', examination: '' };

/**
 * Reads and checks an annotation. Sections and `indication_core_findings` that are left out are empty; a text in place of the latter's list, as the paper's own script writes
 * it, becomes a list.
 *
 * @throws FileError naming split, study and field where one is wrong (its cause is a SeiAnnotationError), or where it cannot be read
 */
export async function readSeiAnnotation(path: string): Promise<SeiAnnotation> {
  const file = await readObject<Record<string, unknown>>(path);
  return checkContent(path, () => {
    const filled = Object.fromEntries(
      Object.entries(file).map(([split, studies]) => [split, Array.isArray(studies) ? studies.map(filledStudy) : studies]),
    );
    checkSeiAnnotation(filled);
    return filled;
  });
}

function filledStudy(study: unknown): unknown {
  if (typeof study !== 'object' || study === null) return study;
  const { indication_core_findings: cleaned = [], ...rest } = study as Partial<SeiStudy>;
  const list = typeof cleaned === 'string' ? [cleaned].filter(Boolean) : cleaned;
  return { ...SECTIONS, ...rest, indication_core_findings: list };
}

/**
 * Checks an annotation.
 *
 * @throws SeiAnnotationError where a split is missing or unknown; where a study has no image, no report, a field of another kind, an id that another has, or its own
 *         study among its cases; or where one study is in two splits
 */
export function checkSeiAnnotation(annotation: Readonly<Record<string, unknown>>): asserts annotation is SeiAnnotation {
  checkStudies(annotation, seiSplits);
}

/** Writes an annotation that is checked before. @throws SeiAnnotationError where it is wrong; FileError where it cannot be written */
export async function writeSeiAnnotation(path: string, annotation: SeiAnnotation): Promise<void> {
  checkSeiAnnotation(annotation);
  await writeJson(path, annotation);
}
