/** Images from files, or from bytes that came without one, as pipelines take them. */

import { basename } from 'node:path';
import { FileError, type Image, readImage } from '../files';
import { decodeImage, usedBits, whiteAt } from '../files/internal';
import { type GreyImage, resize } from '../imaging';
import type { InputImage } from './image-input';

/** A file's path, or a name and what the file holds. */
export type ImageSource = string | { readonly name: string; readonly bytes: Uint8Array };

const nameOf = (source: ImageSource): string => (typeof source === 'string' ? source : source.name);

const imageOf = (source: ImageSource, side: number | undefined): Promise<Image> =>
  typeof source === 'string' ? readImage(source, { side }) : decodeImage(source.name, Buffer.from(source.bytes), { side });

/** An image, and in words how it was brought to another size; undefined where it has its own. */
export interface ReadInput {
  readonly image: InputImage & { readonly channels: 1 | 3 };
  readonly resampled?: string;
}

/** Mean difference of a pixel's channels, of white, from which on an image is a coloured one: compression leaves less in grey ones. */
const COLOURED = 0.02;

/** Whether its channels differ by more than compression makes of a grey image. */
function isColoured({ channels, data }: Image, white: number): boolean {
  if (channels === 1) return false;
  let sum = 0;
  for (let i = 0; i < data.length; i += channels)
    sum += Math.max(data[i]!, data[i + 1]!, data[i + 2]!) - Math.min(data[i]!, data[i + 1]!, data[i + 2]!);
  return sum / (data.length / channels) > COLOURED * white;
}

/**
 * A radiograph to edit: grey, or colours that are grey, and not smaller than what it is brought to. What else an image is would give a picture of something that
 * the model has never seen.
 *
 * @throws FileError where it cannot be read, is coloured or too small
 */
export async function readRadiograph(source: ImageSource, channels: 1 | 3, side?: number): Promise<ReadInput> {
  const image = await imageOf(source, side);
  const path = nameOf(source);
  if (isColoured(image, whiteAt(usedBits(image))))
    throw new FileError(path, 'is a picture in colours; expected a radiograph, in greys: convert it, or give another file');
  if (side !== undefined && Math.min(image.width, image.height) < side)
    throw new FileError(
      path,
      `is ${image.width} x ${image.height} pixels; the model edits images of ${side} x ${side}: give one that is at least as large (enlarging would invent what it does not show)`,
    );
  return inputOf(image, path, channels, side);
}

/**
 * An image with values from 0 to 1, where 1 is the largest value of the bits that it uses (warned about where a 16-bit file uses fewer).
 *
 * @param channels 1 turns colours to luma; with 3 a grey image stays grey, which pipelines repeat
 * @param side     of the centre square of the shorter side, resampled with antialiasing; the image's own size where left out
 * @throws FileError where it cannot be read as an image
 */
export async function readInputImage(source: ImageSource, channels: 1 | 3, side?: number): Promise<ReadInput> {
  return inputOf(await imageOf(source, side), nameOf(source), channels, side);
}

function inputOf(image: Image, path: string, channels: 1 | 3, side: number | undefined): ReadInput {
  const bits = usedBits(image);
  if (image.data instanceof Uint16Array && bits < 16)
    console.warn(`${path}: no value of the 16 bits is above ${whiteAt(bits)}: taken as ${bits}-bit`);
  const scale = 1 / whiteAt(bits);
  const planes =
    image.channels === 3 && channels === 1
      ? [luma(image, scale)]
      : Array.from({ length: image.channels }, (_, c) => plane(image, c, scale));
  const sized =
    side === undefined ? planes : planes.map((one) => resize(centreSquare(one), { width: side, height: side, filter: 'bicubic' }));
  const { width, height } = sized[0]!;
  const pixels = new Float32Array(width * height * sized.length);
  sized.forEach(({ data }, c) => {
    // The filter overshoots at edges.
    for (let i = 0; i < data.length; i++) pixels[i * sized.length + c] = Math.min(1, Math.max(0, data[i]!));
  });
  const read = { pixels, width, height, channels: sized.length as 1 | 3 };
  if (side === undefined || (image.width === side && image.height === side)) return { image: read };
  const what = image.width === image.height ? '' : ', its centre square';
  return { image: read, resampled: `${basename(path)}${what} to ${side} x ${side} pixels, bicubic` };
}

type Plane = GreyImage<Float32Array>;

function plane({ width, height, channels, data }: Image, channel: number, scale: number): Plane {
  return { width, height, data: Float32Array.from({ length: width * height }, (_, i) => data[i * channels + channel]! * scale) };
}

/** ITU-R BT.601. */
function luma({ width, height, data }: Image, scale: number): Plane {
  const value = (i: number): number => (0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!) * scale;
  return { width, height, data: Float32Array.from({ length: width * height }, (_, i) => value(i)) };
}

function centreSquare({ width, height, data }: Plane): Plane {
  const side = Math.min(width, height);
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const square = new Float32Array(side * side);
  for (let y = 0; y < side; y++) square.set(data.subarray((top + y) * width + left, (top + y) * width + left + side), y * side);
  return { width: side, height: side, data: square };
}
