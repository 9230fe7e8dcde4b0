/** How far raters agree beyond chance. */

type Label = string | number;

/**
 * Cohen's κ (1960), with weights that grow with the distance of two labels in their order (Cohen 1968).
 *
 * @returns NaN where both raters give every case one and the same label
 */
export function cohenKappa<T extends Label>(a: readonly T[], b: readonly T[], weights: 'none' | 'linear' | 'quadratic' = 'none'): number {
  if (a.length !== b.length) throw new RangeError(`cohenKappa: ${a.length} and ${b.length} labels`);
  const labels = [...new Set([...a, ...b])].sort((x, y) => (x < y ? -1 : 1));
  const index = new Map(labels.map((label, i) => [label, i]));
  const share = (of: readonly T[]): number[] => labels.map((label) => of.filter((one) => one === label).length / of.length);
  const weight = (i: number, j: number): number =>
    weights === 'none' ? Number(i !== j) : weights === 'linear' ? Math.abs(i - j) : (i - j) ** 2;
  const observed = a.reduce((sum, label, i) => sum + weight(index.get(label)!, index.get(b[i]!)!), 0) / a.length;
  const [p, q] = [share(a), share(b)];
  const expected = p.reduce((sum, x, i) => sum + q.reduce((inner, y, j) => inner + weight(i, j) * x * y, 0), 0);
  return 1 - observed / expected;
}

/**
 * κ of several raters: Fleiss' (1971), where chance follows from how often categories are given, or Randolph's (2005), where all are equally likely.
 *
 * @param counts a row for each case: how many raters gave each category, in all rows as many
 */
export function multiRaterKappa(counts: readonly (readonly number[])[], chance: 'fleiss' | 'randolph'): number {
  const raters = counts[0]!.reduce((sum, n) => sum + n, 0);
  const agreement =
    counts.reduce((sum, row) => sum + (row.reduce((squares, n) => squares + n * n, 0) - raters) / (raters * (raters - 1)), 0) /
    counts.length;
  const categories = counts[0]!.map((_, j) => counts.reduce((sum, row) => sum + row[j]!, 0) / (counts.length * raters));
  const expected = chance === 'fleiss' ? categories.reduce((sum, p) => sum + p * p, 0) : 1 / categories.length;
  return (agreement - expected) / (1 - expected);
}
