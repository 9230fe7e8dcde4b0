/** Where one ray is inside solids. Both classes are buffers that live as long as one image's tracing, so that no ray allocates. */

import { halfChord, SLICE, type Slices } from '../../imaging';

// Names of another room are looked up at each use in CommonJS; the inner loops take them once.
const chord = halfChord;
const STRIDE = SLICE + 1;

/** Intervals on one ray: starts and ends, sorted as they are added. */
export class Intervals {
  readonly from: Float64Array = new Float64Array(32);
  readonly to: Float64Array = new Float64Array(32);
  count = 0;

  add(from: number, to: number): void {
    let i = Math.min(this.count, 31);
    while (i > 0 && this.from[i - 1]! > from) {
      this.from[i] = this.from[i - 1]!;
      this.to[i] = this.to[i - 1]!;
      i--;
    }
    this.from[i] = from;
    this.to[i] = to;
    this.count = Math.min(this.count + 1, 32);
  }

  /** Length of the union. */
  length(): number {
    let sum = 0;
    let end = -1e9;
    for (let i = 0; i < this.count; i++) {
      if (this.to[i]! <= end) continue;
      sum += this.to[i]! - (end > this.from[i]! ? end : this.from[i]!);
      end = this.to[i]!;
    }
    return sum;
  }
}

/** The slices of several solids that one row has, side by side: `SLICE` numbers and the squareness each. */
export class SliceRow {
  readonly numbers: Float64Array;
  count = 0;
  /** Where they lie, in u. */
  from = 0;
  to = 0;

  constructor(readonly solids: readonly Slices[]) {
    this.numbers = new Float64Array(solids.length * STRIDE);
  }

  /** Takes the slices of a row. */
  load(row: number): void {
    const at = row * SLICE;
    [this.count, this.from, this.to] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { rows, squareness } of this.solids) {
      if (rows[at + 1]! <= 0) continue;
      const n = this.count++ * STRIDE;
      for (let k = 0; k < STRIDE - 1; k++) this.numbers[n + k] = rows[at + k]!;
      this.numbers[n + STRIDE - 1] = squareness;
      this.from = Math.min(this.from, rows[at]! - rows[at + 1]!);
      this.to = Math.max(this.to, rows[at]! + rows[at + 1]!);
    }
  }

  /** Where the ray at u meets each solid. */
  meet(into: Intervals, u: number): void {
    into.count = 0;
    const { numbers } = this;
    const end = this.count * STRIDE;
    for (let n = 0; n < end; n += STRIDE) {
      const du = u - numbers[n]!;
      const reach = numbers[n + 1]!;
      if (du >= reach || du <= -reach) continue;
      const half = chord(numbers[n + STRIDE - 1]!, numbers[n + 4]!, du / reach);
      const middle = numbers[n + 2]! + numbers[n + 3]! * du;
      into.add(middle - half, middle + half);
    }
  }
}
