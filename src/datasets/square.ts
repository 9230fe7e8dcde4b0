/** Any picture as a grey square, as a network takes it. */

import { type Image, readImage } from '../files';
import { resize } from '../imaging';

/**
 * Reads an image as `size` × `size` grey values from 0 to 1: colours to luma, the centre square of the shorter side (so that
 * nothing is stretched; what lies outside is lost), then antialiased bicubic resampling.
 *
 * @throws FileError where the file is missing, truncated or not an image; RangeError where `size` is not a positive integer
 */
export async function readSquare(path: string, size: number): Promise<Float32Array> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`${path}: size: expected a positive integer, got ${size}`);
  const image = await readImage(path);
  const side = Math.min(image.width, image.height);
  const square = centreSquare(image, side);
  if (side === size) return square;
  const { data } = resize({ width: side, height: side, data: square }, { width: size, height: size, filter: 'bicubic' });
  for (let i = 0; i < data.length; i++) data[i] = Math.min(1, Math.max(0, data[i]!)); // the filter overshoots at edges
  return data;
}

function centreSquare({ width, height, channels, data }: Image, side: number): Float32Array {
  const left = Math.floor((width - side) / 2);
  const top = Math.floor((height - side) / 2);
  const scale = 1 / (data instanceof Uint16Array ? 65535 : 255);
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
