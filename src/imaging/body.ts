/** The body in a CT volume, without the table, clothes and air around it. */

import type { VoxelGrid } from './trace';

/** HU above which a voxel belongs to something solid. */
const SOLID = -300;

/** HU below which a voxel inside the body is lung or gas. */
const AERATED = -500;

/** HU of air. */
const AIR = -1000;

/** A separate part of a slice, such as an arm, belongs to the body from this fraction of the largest part's area on; a table's shell has less. */
const PART = 0.1;

/** Ends of something along each axis in voxels, the second not included. */
export interface VoxelBounds {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly z: readonly [number, number];
}

/** A body and where it lies. */
export interface Body {
  /** HU, air where the body is not; [z][y][x]. */
  readonly data: Float32Array;
  /** Of the solid parts; undefined where there is nothing but air. */
  readonly bounds: VoxelBounds | undefined;
  /** Of what holds air inside the body; undefined where there is none, as in a head. */
  readonly lungs: VoxelBounds | undefined;
}

/**
 * Finds the body slice by slice: the largest connected solid parts, and all that they enclose.
 *
 * @param grid HU, slices across the body's long axis; not changed
 */
export function findBody({ data, shape }: VoxelGrid): Body {
  const [nx, ny, nz] = shape;
  const area = nx * ny;
  const out = new Float32Array(data.length);
  const runs = newRuns(nx, ny);
  const bounds = emptyBounds();
  const airOf = Array.from({ length: nz }, () => emptyBounds());
  const airCount = new Float64Array(nz);
  for (let z = 0; z < nz; z++) {
    const slice = data.subarray(z * area, (z + 1) * area);
    const target = out.subarray(z * area, (z + 1) * area);
    findRuns(slice, runs);
    const { isBody, isOutside } = sortRuns(runs);
    for (let y = 0; y < ny; y++)
      for (let run = runs.first[y]!; run < runs.first[y + 1]!; run++) {
        const [start, end] = [runs.start[run]!, runs.end[run]!];
        const [from, to] = [y * nx + start, y * nx + end];
        if (isOutside[run]) {
          target.fill(AIR, from, to);
          continue;
        }
        target.set(slice.subarray(from, to), from);
        if (isBody[run]) {
          widen(bounds, start, y, z);
          widen(bounds, end - 1, y, z);
        } else
          for (let x = start; x < end; x++) {
            if (slice[y * nx + x]! >= AERATED) continue;
            widen(airOf[z]!, x, y, z);
            airCount[z]!++;
          }
      }
  }
  return { data: out, bounds: closed(bounds), lungs: lungBounds(airOf, airCount) };
}

/** Slices with less air than a tenth of the fullest one's have a windpipe or a bowel, no lung. */
function lungBounds(airOf: readonly OpenBounds[], airCount: Float64Array): VoxelBounds | undefined {
  const most = Math.max(...airCount);
  if (most === 0) return undefined;
  const lungs = emptyBounds();
  airOf.forEach(({ x, y, z }, i) => {
    if (airCount[i]! < 0.1 * most) return;
    widen(lungs, x[0], y[0], z[0]);
    widen(lungs, x[1], y[1], z[1]);
  });
  return closed(lungs);
}

/** A slice's rows as runs of solid and of other pixels, in order. */
interface Runs {
  readonly nx: number;
  readonly ny: number;
  /** The first run of each row, and how many there are. */
  readonly first: Int32Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly solid: Uint8Array;
}

const newRuns = (nx: number, ny: number): Runs => ({
  nx,
  ny,
  first: new Int32Array(ny + 1),
  start: new Int32Array(nx * ny),
  end: new Int32Array(nx * ny),
  solid: new Uint8Array(nx * ny),
});

function findRuns(slice: Float32Array, { nx, ny, first, start, end, solid }: Runs): void {
  let count = 0;
  for (let y = 0; y < ny; y++) {
    first[y] = count;
    const row = y * nx;
    for (let x = 0; x < nx; count++) {
      const kind = slice[row + x]! > SOLID;
      start[count] = x;
      solid[count] = kind ? 1 : 0;
      while (x < nx && slice[row + x]! > SOLID === kind) x++;
      end[count] = x;
    }
  }
  first[ny] = count;
}

/** Which runs are the body's, and which lie around it: of those that are not the body's all that are connected to the slice's edge. */
function sortRuns(runs: Runs): { isBody: Uint8Array; isOutside: Uint8Array } {
  const { nx, ny, first, start, end, solid } = runs;
  const count = first[ny]!;
  const part = connected(runs, solid);
  const sizes = new Int32Array(count);
  let largest = 0;
  for (let run = 0; run < count; run++) {
    if (!solid[run]) continue;
    sizes[part[run]!]! += end[run]! - start[run]!;
    largest = Math.max(largest, sizes[part[run]!]!);
  }
  const isBody = new Uint8Array(count);
  for (let run = 0; run < count; run++) isBody[run] = solid[run] && sizes[part[run]!]! >= PART * largest ? 1 : 0;

  const other = isBody.map((body) => 1 - body);
  const region = connected(runs, other);
  const open = new Uint8Array(count);
  for (let y = 0; y < ny; y++)
    for (let run = first[y]!; run < first[y + 1]!; run++)
      if (other[run] && (y === 0 || y === ny - 1 || start[run] === 0 || end[run] === nx)) open[region[run]!] = 1;
  const isOutside = other.map((is, run) => is & open[region[run]!]!);
  return { isBody, isOutside };
}

/** For each run that counts, the first run of all that it is connected to by sides, through runs that count. */
function connected({ ny, first, start, end }: Runs, counts: Uint8Array): Int32Array {
  const parent = new Int32Array(first[ny]!).map((_, i) => i);
  const root = (run: number): number => {
    while (parent[run] !== run) {
      parent[run] = parent[parent[run]!]!;
      run = parent[run]!;
    }
    return run;
  };
  const join = (a: number, b: number): void => {
    if (!counts[a] || !counts[b]) return;
    const [ra, rb] = [root(a), root(b)];
    if (ra < rb) parent[rb] = ra;
    else parent[ra] = rb;
  };
  for (let y = 0; y < ny; y++) {
    let above = y > 0 ? first[y - 1]! : first[y]!;
    for (let run = first[y]!; run < first[y + 1]!; run++) {
      if (run > first[y]!) join(run - 1, run);
      while (above < first[y]! && end[above]! <= start[run]!) above++;
      for (let over = above; over < first[y]! && start[over]! < end[run]!; over++) join(over, run);
    }
  }
  return parent.map((_, run) => root(run));
}

interface OpenBounds {
  readonly x: [number, number];
  readonly y: [number, number];
  readonly z: [number, number];
}

const emptyBounds = (): OpenBounds => ({
  x: [Number.POSITIVE_INFINITY, -1],
  y: [Number.POSITIVE_INFINITY, -1],
  z: [Number.POSITIVE_INFINITY, -1],
});

function widen(bounds: OpenBounds, x: number, y: number, z: number): void {
  if (x < bounds.x[0]) bounds.x[0] = x;
  if (x > bounds.x[1]) bounds.x[1] = x;
  if (y < bounds.y[0]) bounds.y[0] = y;
  if (y > bounds.y[1]) bounds.y[1] = y;
  if (z < bounds.z[0]) bounds.z[0] = z;
  if (z > bounds.z[1]) bounds.z[1] = z;
}

const closed = ({ x, y, z }: OpenBounds): VoxelBounds | undefined =>
  x[1] < 0 ? undefined : { x: [x[0], x[1] + 1], y: [y[0], y[1] + 1], z: [z[0], z[1] + 1] };
