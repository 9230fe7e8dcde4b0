/** Distances of one-dimensional samples, such as of an activation in two groups of images: by how their distribution functions differ. */

/** Values, with how much each counts where not all count the same. */
export interface Sample {
  readonly values: readonly number[];
  readonly weights?: readonly number[];
}

/** The two distribution functions over the intervals between all values, from left to right. */
function steps(a: Sample, b: Sample): { readonly width: number; readonly difference: number }[] {
  const mass = ({ values, weights }: Sample): number => (weights ? weights.reduce((sum, weight) => sum + weight, 0) : values.length);
  const points = [a, b].flatMap((sample, side) => {
    const sign = side === 0 ? 1 : -1;
    const total = mass(sample);
    return sample.values.map((value, i) => ({ value, jump: (sign * (sample.weights?.[i] ?? 1)) / total }));
  });
  points.sort((x, y) => x.value - y.value);
  let difference = 0;
  return points.map(({ value, jump }, i) => {
    difference += jump;
    return { width: (points[i + 1]?.value ?? value) - value, difference };
  });
}

/** How far the mass of one must be moved to make the other: ∫ |F - G|. */
export function wassersteinDistance(a: Sample, b: Sample): number {
  return steps(a, b).reduce((sum, { width, difference }) => sum + width * Math.abs(difference), 0);
}

/** The energy distance (Székely and Rizzo 2013): √(2 ∫ (F - G)²). */
export function energyDistance(a: Sample, b: Sample): number {
  return Math.sqrt(2 * steps(a, b).reduce((sum, { width, difference }) => sum + width * difference ** 2, 0));
}

/** Kolmogorov and Smirnov's statistic: the largest |F - G|. */
export function kolmogorovSmirnov(a: Sample, b: Sample): number {
  const all = steps(a, b);
  return all.reduce(
    (most, { width, difference }, i) => (width > 0 || i === all.length - 1 ? Math.max(most, Math.abs(difference)) : most),
    0,
  );
}
