/** The tables and reports of a written phantom, in MIMIC-CXR's layout and beside it. */

import { CHEXPERT_LABELS } from '../chexpert';
import { patientGroups } from '../groups';
import type { Report } from '../report/report';
import { type Box, MASK_THRESHOLD } from '../truth/masks';
import { type Finding, PHANTOM_FINDINGS, type Study } from '../types';
import type { Cell } from './csv';
import type { SplitName, StudyIds } from './ids';

/** One image of a written study. */
export interface WrittenImage {
  readonly id: string;
  /** From the data set's folder. */
  readonly file: string;
  readonly view: string;
}

/** One study as it is written. */
export interface WrittenStudy {
  readonly ids: StudyIds;
  readonly split: SplitName;
  readonly study: Study;
  readonly report: Report;
  readonly images: readonly WrittenImage[];
  /** Days since the patient's first study. */
  readonly day: number;
}

/** A table: its columns and rows. */
export interface WrittenTable {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

/** The report's file. Its first line says what it is, so that no copy of it passes for a person's. */
export function reportText({ report, study, images }: WrittenStudy, source: string): string {
  const views = images.map(({ view }) => (view === 'LATERAL' ? 'lateral' : view)).join(' and ');
  return `${[
    `SYNTHETIC REPORT of an invented patient (${source}), not for diagnosis.`,
    'FINAL REPORT',
    `EXAMINATION: Chest radiograph, ${views}${study.view === 'AP' ? ', portable' : ''}.`,
    `INDICATION: ${report.indication}`,
    `COMPARISON: ${report.comparison}`,
    `FINDINGS: ${report.findings.text}`,
    `IMPRESSION: ${report.impression.text}`,
  ].join('\n\n')}\n`;
}

/** A date in MIMIC's way, shifted into a century to come. */
function studyDate(day: number): string {
  return new Date(Date.UTC(2100, 0, 1) + day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
}

/** `mimic-cxr-2.0.0-metadata.csv`, the columns that have a meaning here. */
export function metadataTable(studies: readonly WrittenStudy[], size: number): WrittenTable {
  return {
    columns: ['dicom_id', 'subject_id', 'study_id', 'ViewPosition', 'Rows', 'Columns', 'StudyDate', 'StudyTime'],
    rows: studies.flatMap(({ ids, images, day }) =>
      images.map(({ id, view }, i) => ({
        dicom_id: id,
        subject_id: ids.subject,
        study_id: ids.study,
        ViewPosition: view,
        Rows: size,
        Columns: size,
        StudyDate: studyDate(day),
        StudyTime: 120_000 + 100 * i,
      })),
    ),
  };
}

/** `mimic-cxr-2.0.0-chexpert.csv`: what a labeler should find in the impression, as there. */
export function chexpertTable(studies: readonly WrittenStudy[]): WrittenTable {
  return {
    columns: ['subject_id', 'study_id', ...CHEXPERT_LABELS],
    rows: studies.map(({ ids, report }) => ({
      subject_id: ids.subject,
      study_id: ids.study,
      ...Object.fromEntries(Object.entries(report.impression.labels).map(([label, value]) => [label, value.toFixed(1)])),
    })),
  };
}

/** `mimic-cxr-2.0.0-split.csv`. */
export function splitTable(studies: readonly WrittenStudy[]): WrittenTable {
  return {
    columns: ['dicom_id', 'study_id', 'subject_id', 'split'],
    rows: studies.flatMap(({ ids, images, split }) =>
      images.map(({ id }) => ({ dicom_id: id, study_id: ids.study, subject_id: ids.subject, split })),
    ),
  };
}

/** `records.csv`: a row for each image, with its text, its patient's groups, and each finding as 1 or 0. */
export function recordsTable(studies: readonly WrittenStudy[]): WrittenTable {
  return {
    columns: [
      ...['image', 'impression', 'subject_id', 'study_id', 'split', 'view', 'number', 'days_since_prior'],
      ...['sex', 'age', 'age_group', 'bmi', 'bmi_group', ...PHANTOM_FINDINGS],
    ],
    rows: studies.flatMap(({ ids, images, split, study, report }) => {
      const groups = patientGroups(study.patient, study.age);
      return images.map(({ file, view }) => ({
        image: file,
        impression: report.impression.text,
        subject_id: ids.subject,
        study_id: ids.study,
        split,
        view,
        number: study.number,
        days_since_prior: study.daysSincePrior,
        sex: groups.sex,
        age: study.age,
        age_group: groups.age,
        bmi: study.patient.bmi.toFixed(1),
        bmi_group: groups.bmi,
        ...Object.fromEntries(PHANTOM_FINDINGS.map((kind) => [kind, study.findings.some((f) => f.kind === kind) ? 1 : 0])),
      }));
    }),
  };
}

/** Columns of `boxes.csv`: pixels from the image's upper left corner. */
export const BOX_COLUMNS = ['dicom_id', 'label', 'side', 'lobe', 'zone', 'grade', 'x', 'y', 'width', 'height', 'mask'] as const;

/** A row of `boxes.csv`, of a finding or an organ. */
export function boxRow(image: WrittenImage, label: string, mask: string, box: Box, finding?: Finding): Readonly<Record<string, Cell>> {
  const { side, lobe, zone, grade } = finding ?? {};
  return { dicom_id: image.id, label, side, lobe, zone, grade, ...box, mask };
}

/** `README.txt` of the folder. */
export function readmeText(source: string, size: number): string {
  return `Synthetic chest radiographs of invented patients: ${source}. Not for diagnosis; no file here is of a person.

records.csv      a row for each image: file, impression, patient, groups, findings as 1 or 0
files/           images (PNG, ${size} x ${size}) and reports in MIMIC-CXR's layout, with mimic-cxr-2.0.0-*.csv.gz; all ids and dates are invented
                 labels are what a labeler should find in the impression: 1 positive, 0 negative, -1 uncertain
radgraph.json    entities and relations of FINDINGS and IMPRESSION; tokens are split at spaces and / , : . ! ? ( )
masks/           a PNG for each finding, lung and heart, white where it is; boxes.csv has their boxes
                 a finding's mask is where rays with and without it differ by an absorption of ${MASK_THRESHOLD} or more
volumes/         where asked for: each study's anatomy in Hounsfield units (NIfTI)
journeys.csv     pairs of a patient's frontal studies: what changed, in words, and the earlier image with the later findings (counterfactuals/)
`;
}
