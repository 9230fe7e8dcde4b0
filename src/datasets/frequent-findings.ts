/** Which labels are worth measuring. */

import type { ImageRecord } from './dataset';

/** Labels that are present in and absent from at least 20 images and 2% of them, in the given order. */
export function frequentFindings(records: readonly ImageRecord[], names: readonly string[]): string[] {
  const least = Math.max(20, 0.02 * records.length);
  const counts = new Map(names.map((name) => [name, [0, 0] as [absent: number, present: number]]));
  for (const { labels } of records) {
    for (const name in labels) {
      const count = counts.get(name);
      if (count) count[labels[name]!]++;
    }
  }
  return names.filter((name) => counts.get(name)!.every((count) => count >= least));
}
