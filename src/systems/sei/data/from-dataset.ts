/** An annotation made of a data set with reports: its frontal images, their sections, and what SEE made of them. */

import { type Dataset, type ImageRecord, splitByPatient } from '../../../datasets';
import { foldIn, type Key } from '../../../engine';
import type { SeiAnnotation, SeiSplit, SeiStudy } from '../annotation';
import { cleanIndication } from '../indication';
import { structuralTokens } from '../marks';

export interface AnnotationCounts {
  readonly images: number;
  /** Left out: of another view than from the front, without a file of their own, or without FINDINGS. */
  readonly notFrontal: number;
  readonly withoutFile: number;
  readonly withoutFindings: number;
  /** Of the training split, taken without core findings: their report had no entity, or was not annotated. */
  readonly withoutCoreFindings: number;
}

const LATERAL = /lat|^ll$/i;
const SPLITS: Readonly<Record<NonNullable<ImageRecord['split']>, SeiSplit>> = { train: 'train', validate: 'val', test: 'test' };
/** Of the images, for each of `val` and `test` where the publishers divided nothing. */
const FRACTION = 0.1;

/**
 * @param coreFindings of each study, by its name or where it has none its image's id, as `roentgen radgraph infer` has them, or by the report's path, as RadGraph's own files (`p10/p10000001/s50000001.txt`);
 *                     they go to the training split alone, as in the paper
 * @param key          by which patients are divided where the data set has no splits of its own
 * @throws RangeError where there are patients for fewer than three splits
 */
export function annotationOf(
  dataset: Dataset,
  coreFindings: ReadonlyMap<string, readonly string[]>,
  key: Key,
): { readonly annotation: SeiAnnotation; readonly counts: AnnotationCounts } {
  const byStudy = new Map([...coreFindings].map(([name, found]) => [studyOfPath(name), found]));
  const counts = { images: dataset.length, notFrontal: 0, withoutFile: 0, withoutFindings: 0, withoutCoreFindings: 0 };
  const annotation: Record<SeiSplit, SeiStudy[]> = { train: [], val: [], test: [] };
  for (const [split, record] of divided(dataset, key)) {
    const findings = record.sections?.findings?.trim() ?? '';
    if (LATERAL.test(record.view ?? '')) counts.notFrontal++;
    else if (record.file === undefined) counts.withoutFile++;
    else if (structuralTokens(findings).length === 0) counts.withoutFindings++;
    else {
      const study = studyOf(record, findings, record.file, split === 'train' ? byStudy : new Map());
      if (split === 'train' && study.core_findings.length === 0) counts.withoutCoreFindings++;
      annotation[split].push(study);
    }
  }
  return { annotation, counts };
}

/** MIMIC-CXR's study number out of a report's path; other names as they are. */
const studyOfPath = (name: string): string => /(?:^|\/)s(\d+)\.txt$/.exec(name)?.[1] ?? name;

function studyOf(
  { id, study = id, patient, sections = {} }: ImageRecord,
  findings: string,
  file: string,
  coreFindings: ReadonlyMap<string, readonly string[]>,
): SeiStudy {
  const { indication = '', impression = '', comparison = '' } = sections;
  const cleaned = cleanIndication(indication);
  return {
    id,
    study_id: study,
    subject_id: patient,
    report: structuralTokens(findings).join(' '),
    image_path: [file],
    core_findings: coreFindings.get(study) ?? [],
    indication,
    impression,
    comparison,
    findings,
    examination: '',
    indication_core_findings: cleaned === '' ? [] : [cleaned],
  };
}

/** Records with their splits: the publishers', or by patients. */
function* divided(dataset: Dataset, key: Key): Generator<[SeiSplit, ImageRecord]> {
  const records = (part: Dataset): ImageRecord[] => Array.from({ length: part.length }, (_, i) => part.record(i));
  const all = records(dataset);
  if (all.some(({ split }) => split !== undefined)) {
    for (const record of all) if (record.split) yield [SPLITS[record.split], record];
    return;
  }
  const { train: rest, test } = splitByPatient(dataset, { testFraction: FRACTION, key: foldIn(key, 0) });
  const { train, test: val } = splitByPatient(rest, { testFraction: FRACTION / (1 - FRACTION), key: foldIn(key, 1) });
  for (const [split, part] of Object.entries({ train, val, test })) for (const record of records(part)) yield [split as SeiSplit, record];
}
