/** Contrast of 8-bit greys: histogram equalisation, stretching between percentiles, gamma. As scikit-image and Pillow do it. */

/** How many pixels have each of the 256 levels. */
function histogram(image: Uint8Array): Float64Array {
  const counts = new Float64Array(256);
  for (const value of image) counts[value]!++;
  return counts;
}

const throughTable = (image: Uint8Array, table: ArrayLike<number>): Uint8Array => image.map((value) => table[value]!);

/**
 * Each pixel's place in the distribution of levels: scikit-image's `equalize_hist` of an 8-bit image, whose bins are its levels.
 *
 * @returns (0, 1], the fraction of pixels that are not brighter
 */
export function equaliseHistogram(image: Uint8Array): Float32Array {
  const counts = histogram(image);
  for (let level = 1; level < 256; level++) counts[level]! += counts[level - 1]!;
  return Float32Array.from(image, (value) => counts[value]! / image.length);
}

/** Levels spread so that each is as frequent as any other, as far as whole levels can be: Pillow's `ImageOps.equalize`. An image of one level stays as it is. */
export function equaliseLevels(image: Uint8Array): Uint8Array {
  const counts = histogram(image);
  const used = counts.filter((count) => count > 0);
  const step = Math.floor((image.length - (used.at(-1) ?? 0)) / 255);
  if (used.length <= 1 || step === 0) return image.slice();
  const table = new Uint8Array(256);
  let below = Math.floor(step / 2);
  for (let level = 0; level < 256; level++) {
    table[level] = Math.min(255, Math.floor(below / step));
    below += counts[level]!;
  }
  return throughTable(image, table);
}

/**
 * Stretches levels over 0 to 255, after a part of the pixels was cut off at both ends: Pillow's `ImageOps.autocontrast`.
 *
 * @param cutoff percent of the pixels, 0 to 50, at each end
 */
export function autocontrast(image: Uint8Array, cutoff: number): Uint8Array {
  const cut = Math.floor((image.length * cutoff) / 100);
  const counts = histogram(image);
  /** The first level of which a part is left; the last where all are cut away. */
  const end = (levels: readonly number[]): number => {
    let passed = 0;
    for (const level of levels) {
      passed += counts[level]!;
      if (passed > cut) return level;
    }
    return levels.at(-1)!;
  };
  const levels = Array.from({ length: 256 }, (_, level) => level);
  const low = end(levels);
  const high = end([...levels].reverse());
  if (high <= low) return image.slice();
  const scale = 255 / (high - low);
  return throughTable(
    image,
    levels.map((level) => Math.min(255, Math.max(0, Math.trunc(level * scale - low * scale)))),
  );
}

/**
 * A percentile of levels, between two of them in proportion (numpy's default, method 7 of Hyndman and Fan 1996).
 *
 * @param percent 0 to 100
 */
export function percentile(image: Uint8Array, percent: number): number {
  const upTo = histogram(image);
  for (let level = 1; level < 256; level++) upTo[level]! += upTo[level - 1]!;
  const place = (percent / 100) * (image.length - 1);
  const levelAt = (rank: number): number => upTo.findIndex((count) => count > rank);
  const low = levelAt(Math.floor(place));
  return low + (place - Math.floor(place)) * (levelAt(Math.ceil(place)) - low);
}

/**
 * Stretches the levels between two percentiles over 0 to 1; what lies beyond is cut off. An image whose percentiles are equal is split at them.
 *
 * @param low, high percent, 0 <= low < high <= 100
 */
export function rescalePercentiles(image: Uint8Array, low: number, high: number): Float32Array {
  if (!(low >= 0 && low < high && high <= 100))
    throw new RangeError(`rescalePercentiles: expected 0 <= low < high <= 100, got ${low} and ${high}`);
  const from = percentile(image, low);
  const range = percentile(image, high) - from;
  return Float32Array.from(image, (value) => (range > 0 ? Math.min(1, Math.max(0, (value - from) / range)) : value > from ? 1 : 0));
}

/** Levels as 0 to 1, raised to a power: below 1 brighter, above 1 darker. */
export function gamma(image: Uint8Array, exponent: number): Float32Array {
  return Float32Array.from(image, (value) => (value / 255) ** exponent);
}
