/** Which studies are asked for and which are searched: those of one finding alone, as many of each. */

import type { ImageRecord } from '../../datasets';
import { labelReport } from '../../reports';

/** A study by its number in the bench's test part, with its one finding. */
export interface SingleStudy {
  readonly index: number;
  readonly label: string;
  readonly patient: string;
}

export interface RetrievalStudies {
  /** In alphabetical order. */
  readonly labels: readonly string[];
  /** Whose generated images, or real ones, are the queries. */
  readonly queries: readonly SingleStudy[];
  /** Whose real images and texts are searched. */
  readonly candidates: readonly SingleStudy[];
}

/** Not a finding of its own in the paper's eight. */
const NORMAL = ['No Finding', 'no finding', 'normal'];

/**
 * The findings that a study has: its labels, or where the data have none those that the rules read in its text; undefined where a finding is uncertain or none is
 * known.
 */
function findingsOf({ labels, uncertain, text }: ImageRecord): readonly string[] {
  const known = Object.keys(labels).length > 0;
  const read: Readonly<Record<string, number | null>> = known ? labels : labelReport(text).labels;
  const doubted = known ? (uncertain ?? []) : Object.keys(read).filter((label) => read[label] === -1);
  const present = Object.keys(read).filter((label) => read[label] === 1 && !NORMAL.includes(label));
  return doubted.length > 0 ? [] : present;
}

export interface StudyCounts {
  /** At most, of all findings together. */
  readonly queries: number;
  readonly candidates: number;
}

/**
 * The first studies of each finding, as many of each as the counts allow. A finding counts where one study asks for it and two of other patients are searched.
 *
 * @param records of the test part; the first `prompts` of them have generated images
 * @throws RangeError where fewer than two findings are left
 */
export function retrievalStudies(records: readonly ImageRecord[], prompts: number, counts: StudyCounts): RetrievalStudies {
  const single = records.flatMap((record, index): SingleStudy[] => {
    const [label, ...others] = findingsOf(record);
    return label === undefined || others.length > 0 ? [] : [{ index, label, patient: record.patient }];
  });
  const asked = single.filter(({ index }) => index < prompts);
  const enough = (label: string): boolean =>
    asked.some(
      (query) => query.label === label && single.filter((one) => one.label === label && one.patient !== query.patient).length >= 2,
    );
  const labels = [...new Set(single.map(({ label }) => label))].filter(enough).sort();
  if (labels.length < 2)
    throw new RangeError(
      `retrieval: ${single.length} of ${records.length} studies show one finding alone, and ${labels.length} findings have enough of them; expected two findings, each with a prompt and two more studies of other patients: give more prompts or data with labels`,
    );
  const first = (studies: readonly SingleStudy[], most: number): SingleStudy[] =>
    labels.flatMap((label) => studies.filter((study) => study.label === label).slice(0, Math.ceil(most / labels.length)));
  return { labels, queries: first(asked, counts.queries), candidates: first(single, counts.candidates) };
}
