/**
 * Sums along rays through boxes of constant value: Siddon 1985 (Medical Physics 12, 252) with the increments of Jacobs et al. 1998 (Journal of Computing
 * and Information Technology 6, 89). Where a ray runs nearly along an axis, only planes across its way are looked for: between two of them it runs along a row
 * of boxes, whose values are added as they are. Exact up to rounding.
 */

import type { Rays } from './rays';

/** A volume of boxes whose centre is the origin. */
export interface VoxelGrid {
  /** [z][y][x], x runs fastest. */
  readonly data: Float32Array;
  /** Boxes along x, y, z. */
  readonly shape: readonly [number, number, number];
  /** Their sides in mm. */
  readonly spacing: readonly [number, number, number];
}

/**
 * What is summed: `length` the value times mm; `fraction` fractions of the way from the source to the pixel, as ITK's module TwoProjectionRegistration has
 * them, with which DRR-RATE was made: nothing before the first plane that is crossed inside, and of each piece the value of the box *behind* it, as the module
 * moves its index on before it takes the value; behind the last piece there is none (bench/drr-oracle).
 */
export type RaySum = 'length' | 'fraction';

/** Of the larger end of a ray's way: crossings nearer than this to the exit are the exit. */
const ROUNDING = 1e-10;

/** Boxes along the main direction from plane to plane across it, below which rows are too short: all planes are compared. */
const ASKEW = 3;

/** A ray in boxes along each axis, counted from the side where it comes in: `at` + alpha * `by`, where no `by` is negative. */
interface Ray {
  readonly at: Float64Array;
  readonly by: Float64Array;
  /** From box to box in the data, against the axis where the ray runs so. */
  readonly stride: Int32Array;
}

/**
 * Traces the rays of rows `from` to `to` (exclusive).
 *
 * @param out [height * width], of which these rows are written
 */
export function traceRows(grid: VoxelGrid, rays: Rays, sum: RaySum, from: number, to: number, out: Float32Array): void {
  const { shape, spacing } = grid;
  const { width, corner, right, down, source } = rays;
  const strides = [1, shape[0], shape[0] * shape[1]];
  const cone = rays.beam === 'cone';
  const [first, last] = cone ? [0, rays.toPixel ? 1 : Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const ray: Ray = { at: new Float64Array(3), by: new Float64Array(3), stride: new Int32Array(3) };
  // Down first: these rays run through the same rows of boxes, which are still at hand.
  for (let column = 0; column < width; column++)
    for (let row = from; row < to; row++) {
      let square = 0;
      for (let i = 0; i < 3; i++) {
        // s + alpha * d, in mm.
        const pixel = corner[i]! + column * right[i]! + row * down[i]!;
        const s = cone ? source[i]! : pixel;
        const d = unlessRounding(cone ? pixel - s : source[i]!);
        ray.at[i] = (d < 0 ? -s : s) / spacing[i]! + shape[i]! / 2;
        ray.by[i] = Math.abs(d) / spacing[i]!;
        ray.stride[i] = d < 0 ? -strides[i]! : strides[i]!;
        square += d * d;
      }
      const total = traceRay(grid, ray, first, last, sum === 'fraction');
      out[row * width + column] = sum === 'length' ? total * Math.sqrt(square) : total;
    }
}

/** Values times the alpha spent in each, from alpha `first` to `last`; `asModule` as `fraction` has it. */
function traceRay({ data, shape }: VoxelGrid, { at, by, stride }: Ray, first: number, last: number, asModule: boolean): number {
  let enter = first;
  let leave = last;
  for (let i = 0; i < 3; i++)
    if (by[i]! > 0) {
      enter = Math.max(enter, -at[i]! / by[i]!);
      leave = Math.min(leave, (shape[i]! - at[i]!) / by[i]!);
    } else if (at[i]! < 0 || at[i]! >= shape[i]!) return 0;
  if (!(enter < leave)) return 0;

  // Along the main axis u, across it v and w; from here on every place is one along u, in boxes.
  const u = by[0]! >= by[1]! && by[0]! >= by[2]! ? 0 : by[1]! >= by[2]! ? 1 : 2;
  const v = u === 0 ? 1 : 0;
  const w = u === 2 ? 1 : 2;
  let box = 0;
  for (let i = 0; i < 3; i++)
    box += (stride[i]! < 0 ? 1 - shape[i]! : 0) * stride[i]! + startBox(at[i]! + enter * by[i]!, shape[i]!) * stride[i]!;
  const scale = by[u]!;
  let place = at[u]! + enter * scale;
  const end = at[u]! + leave * scale;
  const stop = end - ROUNDING * scale * Math.max(Math.abs(enter), Math.abs(leave));
  const [stepV, stepW] = [scale / by[v]!, scale / by[w]!];
  let nextV = nextPlane(at[v]! + enter * by[v]!, shape[v]!, place, stepV);
  let nextW = nextPlane(at[w]! + enter * by[w]!, shape[w]!, place, stepW);
  const [along, acrossV, acrossW] = [stride[u]!, stride[v]!, stride[w]!];
  let i = startBox(place, shape[u]!);
  if (asModule) place = Math.min(i + 1, nextV, nextW, end);

  if (asModule || Math.min(stepV, stepW) < ASKEW) {
    let nextU = i + 1;
    let total = 0;
    for (;;) {
      const from = place;
      const value = data[box]!;
      if (nextU <= nextV && nextU <= nextW) {
        if (nextU >= stop) break;
        place = nextU;
        box += along;
        nextU += 1;
      } else if (nextV < nextW) {
        if (nextV >= stop) break;
        place = nextV;
        box += acrossV;
        nextV += stepV;
      } else {
        if (nextW >= stop) break;
        place = nextW;
        box += acrossW;
        nextW += stepW;
      }
      total += (place - from) * (asModule ? data[box]! : value);
    }
    return (asModule ? total : total + (end - place) * data[box]!) / scale;
  }

  // Whole boxes of a row; where it ends within one, the difference that the next row makes to the rest of it.
  let total = (i - place) * data[box]!;
  const most = shape[u]! - 1;
  for (;;) {
    const next = nextV < nextW ? (nextV < stop ? nextV : end) : nextW < stop ? nextW : end;
    const until = next < most ? next | 0 : most;
    for (; i + 4 <= until; i += 4, box += 4 * along)
      total += data[box]! + data[box + along]! + (data[box + 2 * along]! + data[box + 3 * along]!);
    for (; i < until; i++, box += along) total += data[box]!;
    const value = data[box]!;
    if (next === end) return (total + (end - i) * value) / scale;
    if (nextV < nextW) {
      box += acrossV;
      nextV += stepV;
    } else {
      box += acrossW;
      nextW += stepW;
    }
    total += (next - i) * (value - data[box]!);
  }
}

/** A turn by right angles leaves traces of other directions, which would decide on which side of a plane a ray runs. */
const unlessRounding = (d: number): number => (d < 1e-12 && d > -1e-12 ? 0 : d);

/** The box in which a ray begins `place` boxes from the volume's side; on a plane, the box that it enters. */
function startBox(place: number, n: number): number {
  const box = Math.floor(place + 1e-9) | 0;
  return box < 0 ? 0 : box >= n ? n - 1 : box;
}

/** Where on the way it crosses the next plane of an axis, of which one is crossed every `step`. */
const nextPlane = (place: number, n: number, way: number, step: number): number =>
  step === Number.POSITIVE_INFINITY ? step : way + (startBox(place, n) + 1 - place) * step;
