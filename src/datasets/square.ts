/** Any image as a grey square, as a network takes it. */

import { type Image, readImage } from '../files';
import { usedBits, whiteAt } from '../files/internal';
import { resize } from '../imaging';

/** Values are whole fractions of this: as fine as any file has them, and what is kept on disk in 16 bits is exact. */
const LEVELS = 65535;

/**
 * Reads an image as `size` × `size` grey values from 0 to 1: colours to luma, the centre square of the shorter side (so that
 * nothing is stretched; what lies outside is lost), then antialiased bicubic resampling. White is the largest value of the bits that the image
 * uses: 4095 where a 16-bit file holds 12-bit values.
 *
 * @param bitsOf  of a 16-bit image whose own values use `used` bits: how many bits white has, `used` or more. For images that belong together;
 *   by default `used`
 * @throws FileError where the file is missing, truncated or not an image; RangeError where `size` is not a positive integer
 */
export async function readSquare(path: string, size: number, bitsOf?: (used: number) => Promise<number>): Promise<Float32Array> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`${path}: size: expected a positive integer, got ${size}`);
  const image = await readImage(path, { side: size });
  const used = usedBits(image);
  const white = whiteAt(used);
  const square = shrunk(centreSquare(image, white), Math.min(image.width, image.height), size);
  const brightness = bitsOf && image.data instanceof Uint16Array ? white / whiteAt(await bitsOf(used)) : 1;
  toLevels(square, brightness);
  return square;
}

function toLevels(square: Float32Array, brightness: number): void {
  for (let i = 0; i < square.length; i++) square[i] = Math.floor(square[i]! * brightness * LEVELS + 0.5) / LEVELS;
}

function shrunk(square: Float32Array, side: number, size: number): Float32Array {
  if (side === size) return square;
  const { data } = resize({ width: side, height: side, data: square }, { width: size, height: size, filter: 'bicubic' });
  for (let i = 0; i < data.length; i++) data[i] = Math.min(1, Math.max(0, data[i]!)); // the filter overshoots at edges
  return data;
}

function centreSquare({ width, height, channels, data }: Image, white: number): Float32Array {
  const side = Math.min(width, height);
  const left = Math.floor((width - side) / 2);
  const top = Math.floor((height - side) / 2);
  const scale = 1 / white;
  const out = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = ((top + y) * width + left + x) * channels;
      // ITU-R BT.601, rounded to the file's levels as image libraries do.
      const value = channels === 1 ? data[at]! : Math.round(0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!);
      out[y * side + x] = value * scale;
    }
  }
  return out;
}
