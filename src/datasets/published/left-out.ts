/** What a collection's reader leaves out, by reason: nothing goes without a count. */

export interface LeftOut {
  /** Counts one that is left out, such as "have no image here". */
  count(reason: string): void;
  /** "12 of 40 rows of x.csv have no image here and are left out.", a sentence for each reason. */
  notes(total: number, what: string): string[];
}

export function leftOut(): LeftOut {
  const counts = new Map<string, number>();
  return {
    count: (reason) => void counts.set(reason, (counts.get(reason) ?? 0) + 1),
    notes: (total, what) => [...counts].map(([reason, count]) => `${count} of ${total} ${what} ${reason} and are left out.`),
  };
}
