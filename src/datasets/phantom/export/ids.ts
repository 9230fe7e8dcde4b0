/** Invented ids in MIMIC-CXR's form, and where files of such ids lie. */

import { join } from 'node:path';
import { foldIn, key } from '../../../engine';
import { draws } from '../../procedural';
import type { Study } from '../types';

/** A patient's and a study's numbers. */
export interface StudyIds {
  readonly subject: number;
  readonly study: number;
}

/** Numbers that no real subject or study has a right to: made of the patient's and the record's places alone. */
export function studyIds(study: Study, index: number): StudyIds {
  return { subject: 10_000_001 + study.patient.index, study: 50_000_001 + index };
}

/** Folder of a study, and with `.txt` its report. */
export function studyPath({ subject, study }: StudyIds): string {
  return join('files', `p${String(subject).slice(0, 2)}`, `p${subject}`, `s${study}`);
}

/** The id of one image, which says that it is the phantom's. */
export function imageId(seed: number, index: number, view: string): string {
  return `phantom-${seed}-${String(index).padStart(6, '0')}-${view.toLowerCase()}`;
}

/** Shares of patients: MIMIC's names, in other proportions, so that small sets have all three. */
const SPLIT = [
  ['train', 0.8],
  ['validate', 0.1],
  ['test', 0.1],
] as const;

export type SplitName = (typeof SPLIT)[number][0];

/** The part a patient belongs to. */
export function splitOf(seed: number, patient: number): SplitName {
  return SPLIT[draws(foldIn(foldIn(key(seed), 2 ** 31), patient)).weighted(SPLIT.map(([, share]) => share))]![0];
}
