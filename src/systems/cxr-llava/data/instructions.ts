/** What CXR-LLaVA is taught to answer about a radiograph: its report, asked for openly or with findings named; what may be behind it; single questions. */

import type { ImageRecord } from '../../../datasets';
import { foldIn, type Key, randomInts } from '../../../engine';
import { labelReport } from '../../../reports';
import type { Instruction } from '../../asking/tokens';

/** The findings that the second version's prompt for reports names, by CheXpert's labels. */
export const NAMED_FINDINGS: Readonly<Record<string, string>> = {
  Atelectasis: 'atelectasis',
  Cardiomegaly: 'cardiomegaly',
  Consolidation: 'consolidation',
  Edema: 'pulmonary edema',
  'Pleural Effusion': 'pleural effusion',
  Pneumothorax: 'pneumothorax',
};

/** How a report is asked for. */
export type ReportPrompt = 'open' | 'naming';
export const reportPrompts: Readonly<Record<ReportPrompt, string>> = {
  open: 'Write a report of this chest radiograph.',
  naming: `Write a report of this chest radiograph. Say of each whether it is there: ${Object.values(NAMED_FINDINGS).join(', ')}.`,
};

/** Whether a question asks for a report. */
export const isReportPrompt = (question: string): boolean => Object.values(reportPrompts).includes(question);

export const DIFFERENTIAL = 'What may be the diagnosis?';

/** What may be behind a label: common causes, as any textbook of chest radiology lists them. */
const CAUSES: Readonly<Record<string, string>> = {
  Consolidation: 'pneumonia, aspiration or haemorrhage',
  Pneumonia: 'bacterial or viral pneumonia',
  Edema: 'heart failure or fluid overload',
  'Pleural Effusion': 'heart failure, infection or malignancy',
  Pneumothorax: 'spontaneous or traumatic pneumothorax',
  Atelectasis: 'mucous plugging or poor inspiration',
  'Lung Lesion': 'granuloma or malignancy',
  Cardiomegaly: 'cardiomyopathy or pericardial effusion',
  Fracture: 'trauma',
};

const listed = (items: readonly string[], last: string): string =>
  items.length > 1 ? `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}` : (items[0] ?? '');

/** FINDINGS, or what stands in their place; undefined where there is neither. */
export const findingsOf = ({ sections, text }: ImageRecord): string | undefined =>
  sections?.findings || (sections ? sections.impression : text) || undefined;

/** A report that also denies those of the named findings that it does not speak of and that are known to be absent. */
export function withNamedFindings(report: string, labels: ImageRecord['labels']): string {
  const said = labelReport(report).labels;
  const absent = Object.keys(NAMED_FINDINGS).filter((label) => (said[label] ?? null) === null && labels[label] === 0);
  return absent.length === 0
    ? report
    : `${report} No ${listed(
        absent.map((label) => NAMED_FINDINGS[label]!),
        'or',
      )}.`;
}

/** Of each study: its report asked for in both ways, a differential, a finding that is there and one that is not, and of a third of them the view. */
export function llavaInstructions(records: readonly ImageRecord[], key: Key): Instruction[] {
  return records.flatMap((record, row) => instructionsOf(record, row, foldIn(key, row)));
}

/** Labels that are no question of what is to be seen. */
const UNASKED = ['No Finding', 'Support Devices'];

function instructionsOf(record: ImageRecord, row: number, key: Key): Instruction[] {
  const { labels, view } = record;
  const images = [row];
  const report = findingsOf(record);
  const causes = Object.entries(CAUSES).flatMap(([label, words]) => (labels[label] === 1 ? [words] : []));
  const instructions: Instruction[] = [
    { images, question: DIFFERENTIAL, answer: causes.length > 0 ? `${listed(causes, 'or')}.` : 'No acute disease.' },
  ];
  if (report !== undefined)
    instructions.push(
      { images, question: reportPrompts.open, answer: report },
      { images, question: reportPrompts.naming, answer: withNamedFindings(report, labels) },
    );
  for (const [value, answer] of [
    [1, 'Yes.'],
    [0, 'No.'],
  ] as const) {
    const askable = Object.keys(labels).filter((label) => labels[label] === value && !UNASKED.includes(label));
    if (askable.length === 0) continue;
    const label = askable[randomInts(foldIn(key, value), 1, 0, askable.length)[0]!]!;
    instructions.push({ images, question: presenceQuestion(label), answer });
  }
  if (view !== undefined && randomInts(foldIn(key, 2), 1, 0, 3)[0] === 0) instructions.push({ images, question: VIEW, answer: `${view}.` });
  return instructions;
}

const VIEW = 'From which side was it taken?';

/** Asks whether the finding of a label is there. */
export const presenceQuestion = (label: string): string => `Is there ${NAMED_FINDINGS[label] ?? label.toLowerCase()}?`;

/** Whether a question asks for a single finding. */
export const isPresenceQuestion = (question: string): boolean => question.startsWith('Is there ');
