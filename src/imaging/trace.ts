/**
 * Sums along rays through boxes of constant value: Siddon 1985 (Medical Physics 12, 252) with the increments of Jacobs et al. 1998 (Journal of Computing
 * and Information Technology 6, 89). Exact up to rounding.
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
 * What is summed: `length` the value times mm; `fraction` the value times a fraction of the way from the source to the pixel, without the part before the
 * first plane that is crossed inside, as the tool does it that DRR-RATE was made with.
 */
export type RaySum = 'length' | 'fraction';

/** Of the larger end of a ray's way: crossings nearer than this to the exit are the exit. */
const ROUNDING = 1e-10;

/**
 * Traces the rays of rows `from` to `to` (exclusive).
 *
 * @param out [height * width], of which these rows are written
 */
export function traceRows(grid: VoxelGrid, rays: Rays, sum: RaySum, from: number, to: number, out: Float32Array): void {
  const { data } = grid;
  const [nx, ny, nz] = grid.shape;
  const [px, py, pz] = grid.spacing;
  const [hx, hy, hz] = [(nx * px) / 2, (ny * py) / 2, (nz * pz) / 2];
  const [rowStride, sliceStride] = [nx, nx * ny];
  const { width, corner, right, down, source, toPixel } = rays;
  const cone = rays.beam === 'cone';
  const [first, last] = cone ? [0, toPixel ? 1 : Number.POSITIVE_INFINITY] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

  for (let row = from; row < to; row++)
    for (let column = 0; column < width; column++) {
      // The ray is s + alpha * d.
      const x = corner[0] + column * right[0] + row * down[0];
      const y = corner[1] + column * right[1] + row * down[1];
      const z = corner[2] + column * right[2] + row * down[2];
      const sx = cone ? source[0] : x;
      const sy = cone ? source[1] : y;
      const sz = cone ? source[2] : z;
      const dx = unlessRounding(cone ? x - sx : source[0]);
      const dy = unlessRounding(cone ? y - sy : source[1]);
      const dz = unlessRounding(cone ? z - sz : source[2]);
      const at = row * width + column;
      out[at] = 0;

      // Where it enters and leaves the volume.
      let enter = first;
      let leave = last;
      if (dx !== 0) {
        const [a, b] = [(-hx - sx) / dx, (hx - sx) / dx];
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      } else if (sx < -hx || sx >= hx) continue;
      if (dy !== 0) {
        const [a, b] = [(-hy - sy) / dy, (hy - sy) / dy];
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      } else if (sy < -hy || sy >= hy) continue;
      if (dz !== 0) {
        const [a, b] = [(-hz - sz) / dz, (hz - sz) / dz];
        enter = Math.max(enter, Math.min(a, b));
        leave = Math.min(leave, Math.max(a, b));
      } else if (sz < -hz || sz >= hz) continue;
      if (!(enter < leave)) continue;

      // The box in which it begins, and the next plane of each direction.
      const ix = startBox((sx + enter * dx + hx) / px, dx, nx);
      const iy = startBox((sy + enter * dy + hy) / py, dy, ny);
      const iz = startBox((sz + enter * dz + hz) / pz, dz, nz);
      let ax = dx === 0 ? Number.POSITIVE_INFINITY : ((ix + (dx > 0 ? 1 : 0)) * px - hx - sx) / dx;
      let ay = dy === 0 ? Number.POSITIVE_INFINITY : ((iy + (dy > 0 ? 1 : 0)) * py - hy - sy) / dy;
      let az = dz === 0 ? Number.POSITIVE_INFINITY : ((iz + (dz > 0 ? 1 : 0)) * pz - hz - sz) / dz;
      const stepX = px / Math.abs(dx);
      const stepY = py / Math.abs(dy);
      const stepZ = pz / Math.abs(dz);
      const nextX = dx > 0 ? 1 : -1;
      const nextY = dy > 0 ? rowStride : -rowStride;
      const nextZ = dz > 0 ? sliceStride : -sliceStride;
      let box = iz * sliceStride + iy * rowStride + ix;
      const stop = leave - ROUNDING * Math.max(Math.abs(enter), Math.abs(leave));
      let alpha = sum === 'length' ? enter : Math.min(ax, ay, az, leave);
      let total = 0;
      for (;;) {
        if (ax <= ay && ax <= az) {
          if (ax >= stop) break;
          total += (ax - alpha) * data[box]!;
          alpha = ax;
          ax += stepX;
          box += nextX;
        } else if (ay <= az) {
          if (ay >= stop) break;
          total += (ay - alpha) * data[box]!;
          alpha = ay;
          ay += stepY;
          box += nextY;
        } else {
          if (az >= stop) break;
          total += (az - alpha) * data[box]!;
          alpha = az;
          az += stepZ;
          box += nextZ;
        }
      }
      total += (leave - alpha) * data[box]!;
      out[at] = sum === 'length' ? total * Math.sqrt(dx * dx + dy * dy + dz * dz) : total;
    }
}

/** A turn by right angles leaves traces of other directions, which would decide on which side of a plane a ray runs. */
const unlessRounding = (d: number): number => (d < 1e-12 && d > -1e-12 ? 0 : d);

/** The box in which a ray begins whose place along an axis is `place` boxes from the volume's side; on a plane, the box that it enters. */
function startBox(place: number, direction: number, n: number): number {
  const box = direction >= 0 ? Math.floor(place + 1e-9) : Math.ceil(place - 1e-9) - 1;
  return box < 0 ? 0 : box >= n ? n - 1 : box;
}
