/** Smooth curves through tables of numbers given at heights. */

/**
 * Cubic interpolation of column `k` at height z (Hermite, slopes from the neighbours). Rows hold [z, …] with ascending z; beyond them the ends repeat.
 */
export function interpolate(rows: readonly (readonly number[])[], z: number, k: number): number {
  const last = rows.length - 1;
  let i = 0;
  while (i < last - 1 && z > rows[i + 1]![0]!) i++;
  const p = rows[i]!;
  const q = rows[i + 1]!;
  const span = q[0]! - p[0]!;
  const s = Math.max(0, Math.min(1, (z - p[0]!) / span));
  const slope = (j: number): number => {
    const a = rows[Math.max(0, j - 1)]!;
    const b = rows[Math.min(last, j + 1)]!;
    return ((b[k]! - a[k]!) / (b[0]! - a[0]!)) * span;
  };
  const s2 = s * s;
  const s3 = s2 * s;
  return (2 * s3 - 3 * s2 + 1) * p[k]! + (s3 - 2 * s2 + s) * slope(i) + (3 * s2 - 2 * s3) * q[k]! + (s3 - s2) * slope(i + 1);
}

/** The table with rows in between, `pieces` for one. */
export function refine(rows: readonly (readonly number[])[], pieces: number): number[][] {
  const out: number[][] = [];
  for (let i = 0; i < (rows.length - 1) * pieces; i++) {
    const [a, b] = [rows[Math.floor(i / pieces)]![0]!, rows[Math.floor(i / pieces) + 1]![0]!];
    const z = a + ((b - a) * (i % pieces)) / pieces;
    out.push(rows[0]!.map((_, k) => (k === 0 ? z : interpolate(rows, z, k))));
  }
  out.push([...rows[rows.length - 1]!]);
  return out;
}
