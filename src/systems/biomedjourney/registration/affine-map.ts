/** Affine maps between the pixels of two images. A pixel's centre has whole coordinates: (0, 0) is the first one's, x to the right and y down. */

/** x' = m₀ x + m₁ y + m₂, y' = m₃ x + m₄ y + m₅. */
export type AffineMap = readonly [number, number, number, number, number, number];

export const IDENTITY: AffineMap = [1, 0, 0, 0, 1, 0];

/** Where a map takes a point. */
export function mapPoint(m: AffineMap, x: number, y: number): [number, number] {
  return [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
}

/** First `inner`, then `outer`. */
export function compose(outer: AffineMap, inner: AffineMap): AffineMap {
  const [x, y] = mapPoint(outer, inner[2], inner[5]);
  return [
    outer[0] * inner[0] + outer[1] * inner[3],
    outer[0] * inner[1] + outer[1] * inner[4],
    x,
    outer[3] * inner[0] + outer[4] * inner[3],
    outer[3] * inner[1] + outer[4] * inner[4],
    y,
  ];
}

/** How much a map enlarges areas. */
export const determinant = (m: AffineMap): number => m[0] * m[4] - m[1] * m[3];

/** @throws RangeError where the map flattens the plane */
export function invertMap(m: AffineMap): AffineMap {
  const det = determinant(m);
  if (!(Math.abs(det) > 0 && Number.isFinite(det))) throw new RangeError('invertMap: expected a map that keeps areas above 0');
  const linear = [m[4] / det, -m[1] / det, -m[3] / det, m[0] / det] as const;
  return [linear[0], linear[1], -(linear[0] * m[2] + linear[1] * m[5]), linear[2], linear[3], -(linear[2] * m[2] + linear[3] * m[5])];
}

/** The same map between images that are `factor` times as large in pixels. */
export function scaleMap(m: AffineMap, factor: number): AffineMap {
  const grow: AffineMap = [factor, 0, (factor - 1) / 2, 0, factor, (factor - 1) / 2]; // a coarse pixel's centre is that of its block
  return compose(grow, compose(m, invertMap(grow)));
}
