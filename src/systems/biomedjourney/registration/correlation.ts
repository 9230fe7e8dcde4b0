/**
 * The normalised cross-correlation of an image with another one seen through a map, and the step of the map that raises it. Evangelidis and Psarakis 2008,
 * "Parametric image alignment using enhanced correlation coefficient maximization", IEEE TPAMI 30(10), forward additive form: eq. (11), (14), (15).
 */

import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import type { GreyImage } from '../../../imaging';
import { type AffineMap, compose, invertMap } from './affine-map';

/** What a map may do: turn, scale and move, or any affine change. */
export type MapKind = 'similarity' | 'affine';

type Grey = GreyImage<Float32Array>;

/** Sums over the pixels that both images have. r is the fixed image, w the moving one through the map, J how w changes with the six numbers of the map. */
interface Sums {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  readonly rr: number;
  readonly ww: number;
  readonly rw: number;
  readonly J: Float64Array;
  readonly Jr: Float64Array;
  readonly Jw: Float64Array;
  /** [6 × 6] */
  readonly JJ: Float64Array;
}

/** From -1..1 over the fixed image (its longer side) to its pixels: numbers of a step are then of one size. */
function unitToPixels({ width, height }: Grey): AffineMap {
  const half = (Math.max(width, height) - 1) / 2;
  return [half, 0, (width - 1) / 2, 0, half, (height - 1) / 2];
}

/** One pass over the fixed image; the moving one is read by bilinear interpolation, whose own slope is J's. */
function accumulate(fixed: Grey, moving: Grey, m: AffineMap): Sums {
  const { width, height, data: r } = fixed;
  const { width: columns, height: rows, data: w } = moving;
  const [half, , cx, , , cy] = unitToPixels(fixed);
  const [J, Jr, Jw, JJ] = [new Float64Array(6), new Float64Array(6), new Float64Array(6), new Float64Array(36)];
  const total = { n: 0, r: 0, w: 0, rr: 0, ww: 0, rw: 0 };
  for (let py = 0; py < height; py++) {
    const v = (py - cy) / half;
    const [startX, startY] = [m[1] * py + m[2], m[4] * py + m[5]];
    let [n, sr, sw, srr, sww, srw] = [0, 0, 0, 0, 0, 0];
    // Sums of the slopes (x, y), alone and times u, r, w; then of their products times 1, u, u².
    let [x, xu, y, yu, xr, xru, yr, yru, xw, xwu, yw, ywu] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let [xx, xxu, xxuu, xy, xyu, xyuu, yy, yyu, yyuu] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let px = 0; px < width; px++) {
      const X = m[0] * px + startX;
      const Y = m[3] * px + startY;
      if (!(X >= 0 && Y >= 0 && X <= columns - 1 && Y <= rows - 1)) continue;
      const left = Math.min(X | 0, columns - 2);
      const top = Math.min(Y | 0, rows - 2);
      const fx = X - left;
      const fy = Y - top;
      const at = top * columns + left;
      const a = w[at]!;
      const b = w[at + 1]!;
      const c = w[at + columns]!;
      const d = w[at + columns + 1]!;
      const upper = a + fx * (b - a);
      const gy = c + fx * (d - c) - upper;
      const value = upper + fy * gy;
      const gx = b - a + fy * (d - c - b + a);
      const ref = r[py * width + px]!;
      const u = (px - cx) / half;
      n++;
      sr += ref;
      sw += value;
      srr += ref * ref;
      sww += value * value;
      srw += ref * value;
      const gxu = gx * u;
      const gyu = gy * u;
      x += gx;
      xu += gxu;
      y += gy;
      yu += gyu;
      xr += gx * ref;
      xru += gxu * ref;
      yr += gy * ref;
      yru += gyu * ref;
      xw += gx * value;
      xwu += gxu * value;
      yw += gy * value;
      ywu += gyu * value;
      xx += gx * gx;
      xxu += gx * gxu;
      xxuu += gxu * gxu;
      xy += gx * gy;
      xyu += gx * gyu;
      xyuu += gxu * gyu;
      yy += gy * gy;
      yyu += gy * gyu;
      yyuu += gyu * gyu;
    }
    total.n += n;
    total.r += sr;
    total.w += sw;
    total.rr += srr;
    total.ww += sww;
    total.rw += srw;
    addRow(J, v, x, xu, y, yu);
    addRow(Jr, v, xr, xru, yr, yru);
    addRow(Jw, v, xw, xwu, yw, ywu);
    addBlock(JJ, 0, 0, v, xx, xxu, xxuu);
    addBlock(JJ, 0, 3, v, xy, xyu, xyuu);
    addBlock(JJ, 3, 3, v, yy, yyu, yyuu);
  }
  for (let i = 3; i < 6; i++) for (let j = 0; j < 3; j++) JJ[i * 6 + j] = JJ[j * 6 + i]!;
  return { ...total, J, Jr, Jw, JJ };
}

/** A row's sums at height v, to the sums by the map's numbers (x u, x v, x, y u, y v, y). */
function addRow(sum: Float64Array, v: number, x: number, xu: number, y: number, yu: number): void {
  sum[0]! += xu;
  sum[1]! += v * x;
  sum[2]! += x;
  sum[3]! += yu;
  sum[4]! += v * y;
  sum[5]! += y;
}

/** The same for products: a block of 3 × 3 by (u, v, 1). */
function addBlock(sum: Float64Array, i: number, j: number, v: number, one: number, u: number, uu: number): void {
  const block = [uu, u * v, u, u * v, one * v * v, one * v, u, one * v, one];
  for (let k = 0; k < 9; k++) sum[(i + Math.floor(k / 3)) * 6 + j + (k % 3)]! += block[k]!;
}

/** How the six numbers follow from those of a kind. */
const KINDS: Readonly<Record<MapKind, Matrix>> = {
  affine: Matrix.eye(6),
  similarity: new Matrix([
    [1, 0, 0, 0],
    [0, -1, 0, 0],
    [0, 0, 1, 0],
    [0, 1, 0, 0],
    [1, 0, 0, 0],
    [0, 0, 0, 1],
  ]),
};

/** A map as it stands, and where to go from it. */
export interface Measured {
  /** Normalised cross-correlation over the pixels that both images have, -1 to 1; 0 where either is of one grey there. */
  readonly score: number;
  /** Fraction of the fixed image's pixels that the moving one covers. */
  readonly overlap: number;
  /** The linear fit of the moving image's greys to the fixed one's: moving ≈ gain · fixed + offset. */
  readonly gain: number;
  readonly offset: number;
  /** The next map; undefined where the images say nothing of where it lies. */
  next(kind: MapKind): AffineMap | undefined;
}

/** Variances below this, of greys from 0 to 1, are rounding. */
const FLAT = 1e-9;

/**
 * Measures a map.
 *
 * @param map from pixels of the fixed image to those of the moving one
 */
export function measureMap(fixed: Grey, moving: Grey, map: AffineMap): Measured {
  const sums = accumulate(fixed, moving, map);
  const { n, r, w } = sums;
  const overlap = n / fixed.data.length;
  const centred = (product: number, a: number, b: number): number => (n > 0 ? product - (a * b) / n : 0);
  const [rr, ww, rw] = [centred(sums.rr, r, r), centred(sums.ww, w, w), centred(sums.rw, r, w)];
  const flat = !(rr > n * FLAT && ww > n * FLAT);
  const gain = flat ? 0 : rw / rr;
  return {
    score: flat ? 0 : rw / Math.sqrt(rr * ww),
    overlap,
    gain,
    offset: n > 0 ? (w - gain * r) / n : 0,
    next(kind) {
      if (flat) return undefined;
      const basis = KINDS[kind];
      const H = Matrix.from1DArray(
        6,
        6,
        Array.from(sums.JJ, (value, k) => centred(value, sums.J[Math.floor(k / 6)]!, sums.J[k % 6]!)),
      );
      const sides = Array.from({ length: 6 }, (_, i) => [centred(sums.Jr[i]!, sums.J[i]!, r), centred(sums.Jw[i]!, sums.J[i]!, w)]);
      const step = ascent(basis.transpose().mmul(H).mmul(basis), basis.transpose().mmul(new Matrix(sides)), { ww, rw });
      if (!step) return undefined;
      const change = basis.mmul(step).to1DArray() as unknown as AffineMap;
      const unit = unitToPixels(fixed);
      const moved = compose(map, unit).map((value, k) => value + change[k]!) as unknown as AffineMap;
      return compose(moved, invertMap(unit));
    },
  };
}

/** Δp = H⁻¹ (λ e - g), where e and g are how the slopes go with the fixed and with the moving image. */
function ascent(H: Matrix, sides: Matrix, { ww, rw }: { readonly ww: number; readonly rw: number }): Matrix | undefined {
  const cholesky = new CholeskyDecomposition(Matrix.add(H, H.transpose()).mul(0.5)); // symmetric to the last bit
  if (!cholesky.isPositiveDefinite()) return undefined;
  const solved = cholesky.solve(sides);
  const product = (i: number, j: number): number => sides.getColumnVector(i).dot(solved.getColumnVector(j));
  const [ee, eg, gg] = [product(0, 0), product(0, 1), product(1, 1)];
  const lambda = rw > eg ? (ww - gg) / (rw - eg) : Math.max(Math.sqrt(gg / ee), (eg - rw) / ee);
  const step = Matrix.sub(Matrix.mul(solved.getColumnVector(0), lambda), solved.getColumnVector(1));
  return step.to1DArray().every(Number.isFinite) ? step : undefined;
}
