/** What stands below an image of a result page. */

import type { ImageRecord } from '../datasets';
import type { Bench } from './bench';

/** A built-in text as it is; patients' texts stay out of pages that are passed on: their number stands for them. */
export function captionOf({ data }: Bench, { text }: ImageRecord, number: number): string {
  return data === 'phantom' || data === 'world' ? text : `text ${number + 1}`;
}
