/** Contrast-limited adaptive histogram equalisation (Zuiderveld 1994, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV), as scikit-image does it. */

import type { GreyImage } from './resize';

/** Grey levels that are computed with. */
const LEVELS = 2 ** 14;

export interface ClaheOptions {
  /** Height and width of a tile in pixels; by default an eighth of the image's. */
  readonly tile?: readonly [height: number, width: number];
  /** The largest part of a tile's pixels that one bin may hold, 0 to 1; 0 does not limit. By default 0.01. */
  readonly clipLimit?: number;
  /** Bins of a tile's histogram, 256 by default. */
  readonly bins?: number;
}

/** Index of a pixel before or behind the image's ends, mirrored about the first and the last pixel. */
function mirrored(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const at = ((i % period) + period) % period;
  return at < n ? at : period - at;
}

/** Takes what bins hold above the limit and spreads it over the others, until nothing is left. */
function limit(counts: Int32Array, most: number): void {
  let excess = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! <= most) continue;
    excess += counts[i]! - most;
    counts[i] = most;
  }
  const share = Math.floor(excess / counts.length);
  const upper = most - share;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    const raised = count < upper ? count + share : count;
    counts[i] = raised >= upper ? most : raised;
    excess -= counts[i]! - count;
  }
  while (excess > 0) {
    const before = excess;
    for (let start = 0; start < counts.length && excess > 0; start++) {
      let free = 0;
      for (const count of counts) if (count < most) free++;
      const step = Math.max(1, Math.floor(free / excess));
      // A pass may take a little more than is left: the sum is then larger than the tile, as it is in the reference.
      for (let i = start; i < counts.length; i += step) {
        if (counts[i]! >= most) continue;
        counts[i]!++;
        excess--;
      }
    }
    if (excess === before) return;
  }
}

/**
 * Equalises the levels of each tile, and interpolates between the tiles' curves.
 *
 * @param image 8-bit greys; not changed
 * @returns stretched over 0 to 1, [height * width]
 * @throws RangeError where a tile has no pixel or the image has none
 */
export function clahe(image: GreyImage<Uint8Array>, options: ClaheOptions = {}): Float32Array {
  const { width, height, data } = image;
  const eighth = (n: number): number => Math.max(1, Math.floor(n / 8));
  const { tile: [tileHeight, tileWidth] = [eighth(height), eighth(width)], clipLimit = 0.01, bins = 256 } = options;
  if (!(tileHeight >= 1 && tileWidth >= 1 && width >= 1 && height >= 1))
    throw new RangeError(`clahe: expected tiles and an image of a pixel or more, got ${tileHeight} × ${tileWidth} in ${height} × ${width}`);
  const levels = stretched(data);
  const binOf = (level: number): number => Math.floor(level / (1 + Math.floor(LEVELS / bins)));

  // Tiles begin at the image's corner; as many as cover it.
  const rows = Math.ceil(height / tileHeight);
  const columns = Math.ceil(width / tileWidth);
  const pixels = tileHeight * tileWidth;
  const most = clipLimit > 0 ? Math.max(1, Math.trunc(clipLimit * pixels)) : pixels;
  const curves: Int32Array[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const counts = new Int32Array(bins);
      for (let y = row * tileHeight; y < (row + 1) * tileHeight; y++)
        for (let x = column * tileWidth; x < (column + 1) * tileWidth; x++)
          counts[binOf(levels[mirrored(y, height) * width + mirrored(x, width)]!)]!++;
      limit(counts, most);
      for (let i = 1; i < bins; i++) counts[i]! += counts[i - 1]!;
      curves.push(counts.map((upTo) => Math.min(LEVELS - 1, Math.trunc((upTo * (LEVELS - 1)) / pixels))));
    }
  const curve = (row: number, column: number): Int32Array =>
    curves[Math.min(rows - 1, Math.max(0, row)) * columns + Math.min(columns - 1, Math.max(0, column))]!;

  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    // Between the centres of tiles `row` and `row + 1`.
    const down = (y + Math.floor(tileHeight / 2)) / tileHeight;
    const row = Math.floor(down) - 1;
    const fy = down - row - 1;
    for (let x = 0; x < width; x++) {
      const right = (x + Math.floor(tileWidth / 2)) / tileWidth;
      const column = Math.floor(right) - 1;
      const fx = right - column - 1;
      const bin = binOf(levels[y * width + x]!);
      out[y * width + x] = Math.trunc(
        (1 - fy) * ((1 - fx) * curve(row, column)[bin]! + fx * curve(row, column + 1)[bin]!) +
          fy * ((1 - fx) * curve(row + 1, column)[bin]! + fx * curve(row + 1, column + 1)[bin]!),
      );
    }
  }
  return unit(out);
}

/** From the darkest to the brightest over all levels. */
function stretched(data: Uint8Array): Uint16Array {
  const [low, high] = ends(data);
  return Uint16Array.from(data, (value) => (high > low ? Math.round(((value - low) / (high - low)) * (LEVELS - 1)) : 0));
}

/** From the darkest to the brightest over 0 to 1; an image of one level is black. */
function unit(values: Float32Array): Float32Array {
  const [low, high] = ends(values);
  return values.map((value) => (high > low ? (value - low) / (high - low) : 0));
}

function ends(values: Uint8Array | Float32Array): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
