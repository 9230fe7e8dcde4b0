/** What stands below an image of a result page: texts of drawn data as they are; patients' stay out of pages that are passed on. */

import type { ImageRecord } from '../datasets';
import { labelReport } from '../reports';
import { type Bench, isDrawn } from './bench';

/** A prompt, or of patients' the number that stands for it. */
export const captionOf = (from: Pick<Bench, 'data'>, { text }: Pick<ImageRecord, 'text'>, number: number): string =>
  isDrawn(from) ? text : `text ${number + 1}`;

/** A report that a network has written or found; where it learnt from patients', whose words it may have by heart, the labels that the rules read in it. */
export function reportCaptionOf(from: Pick<Bench, 'data'>, text: string): string {
  if (isDrawn(from)) return text;
  const labels = Object.entries(labelReport(text).labels).flatMap(([name, value]) =>
    value === 1 ? [name] : value === -1 ? [`${name}?`] : [],
  );
  return labels.join(', ');
}
