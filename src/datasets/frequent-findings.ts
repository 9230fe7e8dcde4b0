/** Which labels are worth measuring. */

import type { ImageRecord } from './dataset';

/** Labels that are present in and absent from at least 20 images and 2% of them, in the given order. */
export function frequentFindings(records: readonly ImageRecord[], names: readonly string[]): string[] {
  const least = Math.max(20, 0.02 * records.length);
  return names.filter((name) => {
    const count = (value: 0 | 1): number => records.reduce((sum, { labels }) => sum + Number(labels[name] === value), 0);
    return count(1) >= least && count(0) >= least;
  });
}
