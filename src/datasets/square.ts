/** Any image as a grey square, as a network takes it. */

import type { Image } from '../files';
import { decodeImage, headerSize, usedBits, whiteAt } from '../files/internal';
import { resize } from '../imaging';
import { type ImagePlace, readPlace } from './image-place';

/** A square as its file has it. */
export interface Square {
  /** 0 to 1, where 1 is the largest value of the bits that the image itself uses. */
  readonly values: Float32Array;
  /** Of a 16-bit image: how many bits its values use. */
  readonly bits?: number;
}

/**
 * Reads an image as `size` × `size` grey values: colours to luma, the centre square of the shorter side (so that nothing is stretched; what lies outside is
 * lost), then antialiased bicubic resampling. White is the largest value of the bits that the image uses: 4095 where a 16-bit file holds 12-bit values.
 *
 * @throws FileError where the file is missing, truncated or not an image; RangeError where `size` is not a positive integer
 */
export async function decodeSquare(place: ImagePlace, size: number): Promise<Square> {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`${place.path}: size: expected a positive integer, got ${size}`);
  const image = await decodeImage(place.path, await readPlace(place), { side: size, greys: place.greys });
  const bits = usedBits(image);
  const values = shrunk(centreSquare(image, whiteAt(bits)), Math.min(image.width, image.height), size);
  return image.data instanceof Uint16Array ? { values, bits } : { values };
}

/** The shorter side of an image, pixels, from its header; infinity where `headerSize` does not know it. */
export async function shortSide(place: ImagePlace): Promise<number> {
  const size = await headerSize(place.offset === undefined ? place.path : await readPlace(place));
  return size ? Math.min(...size) : Number.POSITIVE_INFINITY;
}

/** Values are whole fractions of this: as fine as any file has them, and exact in what is kept on disk in 16 bits. */
const LEVELS = 65535;

/**
 * A square's values, changed in place, from 0 to 1 in whole 65535ths.
 *
 * @param white bits that white has in images which belong together, as many as a 16-bit image's own or more; by default its own
 */
export function inLevels({ values, bits }: Square, white: number | undefined = bits): Float32Array {
  const brightness = bits === undefined ? 1 : whiteAt(bits) / whiteAt(white!);
  for (let i = 0; i < values.length; i++) values[i] = Math.floor(values[i]! * brightness * LEVELS + 0.5) / LEVELS;
  return values;
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
