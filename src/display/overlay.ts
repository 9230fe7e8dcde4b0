import type { Picture } from './pixels';

/** The palette's vermilion, red and green and blue from 0 to 1: it shows on black and on white, and to colour-blind eyes. */
const tint: readonly [number, number, number] = [0.835, 0.369, 0];

/**
 * A grey picture with a map laid over it in colour: the stronger the map, the more colour, up to three quarters.
 *
 * @param map        values at the map's places, row by row
 * @param size       the map's [width, height]; it is stretched to the picture (bilinear)
 * @param range      the values that get no colour and full colour; by default the map's least and greatest
 * @throws RangeError where the map's values do not fill its size
 * @example overlay(picture, maps[3], [width, height])
 */
export function overlay(
  picture: Picture,
  map: Float32Array,
  [width, height]: readonly [width: number, height: number],
  range?: readonly [low: number, high: number],
): Picture {
  if (map.length !== width * height) throw new RangeError(`overlay: map: expected ${width} x ${height} values, got ${map.length}`);
  const [low, high] = range ?? map.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)] as const, [Infinity, -Infinity] as const);
  const pixels = new Float32Array(picture.width * picture.height * 3);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const at = y * picture.width + x;
      const value = sample(map, width, height, ((x + 0.5) * width) / picture.width - 0.5, ((y + 0.5) * height) / picture.height - 0.5);
      const alpha = high > low ? 0.75 * Math.min(1, Math.max(0, (value - low) / (high - low))) : 0;
      for (let c = 0; c < 3; c++) {
        const grey = picture.pixels[picture.channels === 1 ? at : 3 * at + c]!;
        pixels[3 * at + c] = (1 - alpha) * grey + alpha * tint[c]!;
      }
    }
  }
  const { pixels: _, ...rest } = picture;
  return { ...rest, pixels, channels: 3 };
}

/** Bilinear, the edge going on outside. */
function sample(map: Float32Array, width: number, height: number, x: number, y: number): number {
  const clampX = (i: number): number => Math.min(width - 1, Math.max(0, i));
  const clampY = (j: number): number => Math.min(height - 1, Math.max(0, j));
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - i, y - j];
  const at = (column: number, line: number): number => map[clampY(line) * width + clampX(column)]!;
  return (1 - v) * ((1 - u) * at(i, j) + u * at(i + 1, j)) + v * ((1 - u) * at(i, j + 1) + u * at(i + 1, j + 1));
}
