import { alarm } from './palette';
import type { Raster } from './png';

/** A picture as the pipelines make it. */
export interface Picture {
  /** Row-major, 0 black to 1 white; with 3 channels red, green and blue interleaved. */
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** What it was made from, where it was generated. */
  readonly prompt?: string;
}

/** The range of values that is spread from black to white: a radiologist's window, as [lowest, highest]. */
export type DisplayWindow = readonly [low: number, high: number];

/**
 * A batch of grey square pictures in one array, such as `loadPixels` gives, as single pictures.
 *
 * @param pixels  [n, size, size], 0..1
 * @throws RangeError where the array is not a whole number of pictures
 */
export function pictures(pixels: Float32Array, size: number): Picture[] {
  const area = size * size;
  if (!(area > 0) || pixels.length === 0 || pixels.length % area !== 0) {
    throw new RangeError(`pictures: expected n x ${size} x ${size} values, got ${pixels.length}`);
  }
  return Array.from({ length: pixels.length / area }, (_, i) => asPicture(pixels.subarray(i * area, (i + 1) * area), 'pictures'));
}

/**
 * A bare array as the square grey picture that it must be; a picture as it is, its size checked.
 *
 * @throws RangeError where the pixels do not fill the size, or a bare array is not square
 */
export function asPicture(image: Picture | Float32Array, where: string): Picture {
  if (image instanceof Float32Array) {
    const size = Math.sqrt(image.length);
    if (!Number.isInteger(size) || size === 0) {
      throw new RangeError(
        `${where}: a bare array must be a square grey picture; ${image.length} values are not, give { pixels, width, height, channels }`,
      );
    }
    return { pixels: image, width: size, height: size, channels: 1 };
  }
  const { pixels, width, height, channels } = image;
  if (!(width > 0 && height > 0) || pixels.length !== width * height * channels) {
    throw new RangeError(`${where}: expected ${width} x ${height} x ${channels} values, got ${pixels.length}`);
  }
  return image;
}

/** How many values of a picture are NaN or infinite. */
export function countNonFinite({ pixels }: Picture): number {
  let count = 0;
  for (const value of pixels) if (!Number.isFinite(value)) count += 1;
  return count;
}

/**
 * A picture as 8-bit samples. Values outside the window become black and white; a non-finite one makes its pixel magenta, which
 * cannot be taken for anatomy.
 */
export function toRaster(picture: Picture, [low, high]: DisplayWindow): Raster {
  const { pixels, width, height, channels } = picture;
  const out = countNonFinite(picture) > 0 ? 3 : channels;
  const data = new Uint8Array(width * height * out);
  const gain = 255 / (high - low);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < out; c++) {
      const value = sample(pixels, i * channels, channels, c);
      data[i * out + c] = value === undefined ? alarm[c]! : Math.min(255, Math.max(0, Math.round((value - low) * gain)));
    }
  }
  return { width, height, channels: out, data };
}

/** One channel of the pixel that starts at `at`; undefined where any of the pixel's channels is not finite. */
function sample(pixels: Float32Array, at: number, channels: number, c: number): number | undefined {
  for (let k = 0; k < channels; k++) if (!Number.isFinite(pixels[at + k]!)) return undefined;
  return pixels[at + (channels === 1 ? 0 : c)];
}
