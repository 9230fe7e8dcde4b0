/** How TorchXRayVision brings radiographs to its networks: the largest square in the middle, resampled by scikit-image. */

import type { GreyImage } from '../imaging';

type Floats = GreyImage<Float32Array>;

/** The largest square in the middle; an odd row or column more stays on the near side (`XRayCenterCrop`). */
export function xrvCentreCrop({ width, height, data }: Floats): Floats {
  const side = Math.min(width, height);
  const start = (size: number): number => Math.floor(size / 2) - Math.floor(side / 2);
  const [left, top] = [start(width), start(height)];
  const out = new Float32Array(side * side);
  for (let y = 0; y < side; y++) out.set(data.subarray((top + y) * width + left, (top + y) * width + left + side), y * side);
  return { width: side, height: side, data: out };
}

/** Weights of an axis [to, from]; each is a sum over the source, of which zeros stand around. */
type AxisWeights = (i: number) => readonly (readonly [from: number, weight: number])[];

/** A Gaussian cut off at four deviations. */
function gaussian(sigma: number): AxisWeights {
  const radius = Math.trunc(4 * sigma + 0.5);
  const raw = Array.from({ length: 2 * radius + 1 }, (_, k) => (sigma === 0 ? 1 : Math.exp(-0.5 * ((k - radius) / sigma) ** 2)));
  const sum = raw.reduce((a, b) => a + b, 0);
  return (i) => raw.map((weight, k) => [i + k - radius, weight / sum] as const);
}

/** Linear between pixels' centres. */
function linear(from: number, to: number): AxisWeights {
  return (i) => {
    const position = ((i + 0.5) * from) / to - 0.5;
    const below = Math.floor(position);
    return [
      [below, 1 - (position - below)],
      [below + 1, position - below],
    ];
  };
}

/** Applies weights along rows (`stride` 1) or columns. */
function along({ width, height, data }: Floats, axis: 'x' | 'y', size: number, weights: AxisWeights): Floats {
  const [outWidth, outHeight] = axis === 'x' ? [size, height] : [width, size];
  const out = new Float32Array(outWidth * outHeight);
  const inside = axis === 'x' ? width : height;
  for (let i = 0; i < size; i++)
    for (const [from, weight] of weights(i)) {
      if (from < 0 || from >= inside) continue;
      if (axis === 'x') for (let y = 0; y < height; y++) out[y * size + i]! += weight * data[y * width + from]!;
      else for (let x = 0; x < width; x++) out[i * width + x]! += weight * data[from * width + x]!;
    }
  return { width: outWidth, height: outHeight, data: out };
}

/**
 * `XRayResizer`, which is skimage's `resize` with its defaults: a Gaussian of half the shrinking, then linear interpolation, zeros around the image,
 * the result kept in the range of what came.
 */
export function xrvResize(image: Floats, side: number): Floats {
  const { width, height, data } = image;
  const sigma = (from: number): number => Math.max(0, (from / side - 1) / 2);
  let resized = along(image, 'y', height, gaussian(sigma(height)));
  resized = along(resized, 'x', width, gaussian(sigma(width)));
  resized = along(resized, 'y', side, linear(height, side));
  resized = along(resized, 'x', side, linear(width, side));
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return { ...resized, data: resized.data.map((value) => Math.min(most, Math.max(least, value))) };
}
