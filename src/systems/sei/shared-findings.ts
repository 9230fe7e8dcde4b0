/** Whether retrieved cases have to do with the study: how often they share a finding with it, against chance. */

export interface SharedFindings {
  /** Queries with a finding and a retrieved case. */
  readonly queries: number;
  /** Left out: they have no finding that could be shared, or no case. */
  readonly leftOut: number;
  /** Fraction of queries whose best case has a finding in common with them. */
  readonly retrieved: number;
  /** The same of a case drawn at random from other studies: its expectation, without drawing. */
  readonly chance: number;
}

/** An image's study and the findings that are there. */
export interface KnownCase {
  readonly study: string;
  readonly findings: readonly string[];
}

/**
 * Measures a retrieval.
 *
 * @param history the images that were searched
 * @param queries those that cases were retrieved for
 * @param best    of each query the row in `history` of its best case; undefined where it has none
 * @returns NaN for both fractions where all queries are left out
 * @throws RangeError where a row is not in `history`, is of the query's own study, or there is not one entry for each query
 */
export function sharedFindings(
  history: readonly KnownCase[],
  queries: readonly KnownCase[],
  best: readonly (number | undefined)[],
): SharedFindings {
  if (best.length !== queries.length)
    throw new RangeError(`sharedFindings: expected ${queries.length} best cases, one for each query; got ${best.length}`);
  let [count, hits, chances] = [0, 0, 0];
  queries.forEach(({ study, findings }, q) => {
    const row = best[q];
    if (row === undefined) return;
    const found = history[row];
    if (found === undefined) throw new RangeError(`sharedFindings: query ${q}: there is no case ${row} among ${history.length}`);
    if (found.study === study) throw new RangeError(`sharedFindings: query ${q}: case ${row} is of its own study`);
    if (findings.length === 0) return;
    const shares = (other: KnownCase): boolean => other.findings.some((finding) => findings.includes(finding));
    const others = history.filter((other) => other.study !== study);
    count++;
    if (shares(found)) hits++;
    chances += others.filter(shares).length / others.length;
  });
  return { queries: count, leftOut: queries.length - count, retrieved: hits / count, chance: chances / count };
}
