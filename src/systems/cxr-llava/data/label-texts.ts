/** An image's labels as a text that it can be found by. */

import type { ImageRecord } from '../../../datasets';

/** The findings that are there, in words. */
export function labelText({ labels }: Pick<ImageRecord, 'labels'>): string {
  const present = Object.entries(labels).flatMap(([name, value]) => (value === 1 && name !== 'No Finding' ? [name.toLowerCase()] : []));
  return present.length > 0 ? `A chest radiograph with ${present.join(', ')}.` : 'A chest radiograph without findings.';
}
