import type { ScalarMap } from './map-grid';
import { asPicture, type Picture } from './pixels';

/**
 * What changed from one picture to another of the same size, for `mapGrid`: the second less the first, the mean of the colours.
 *
 * @returns values from -1 to 1, above 0 where the second is brighter
 * @throws RangeError where the sizes differ
 * @example mapGrid([a, b, difference(a, b)], { labels: ['A', 'B', 'B − A'], unit: 'B − A', range: [-0.2, 0.2] })
 */
export function difference(first: Picture, second: Picture): ScalarMap {
  const [a, b] = [asPicture(first, 'difference'), asPicture(second, 'difference')];
  const { width, height, channels } = a;
  if (b.width !== width || b.height !== height || b.channels !== channels) {
    throw new RangeError(
      `difference: expected ${width} x ${height} x ${channels} as of the first, got ${b.width} x ${b.height} x ${b.channels}`,
    );
  }
  const values = new Float32Array(width * height);
  for (let i = 0; i < a.pixels.length; i++) values[Math.floor(i / channels)]! += (b.pixels[i]! - a.pixels[i]!) / channels;
  return { values, width, height };
}
