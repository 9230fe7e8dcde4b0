/** Looks at many files, some at a time: a large collection has more of them than a process may have requests or open files. */

/** The results of `look` for all items, in their order. */
export async function inBatches<T, R>(items: readonly T[], atATime: number, look: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += atATime)
    for (const result of await Promise.all(items.slice(from, from + atATime).map(look))) results.push(result);
  return results;
}
