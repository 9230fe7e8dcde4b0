import { scalePosition } from './colour-bar';
import { scaleColour } from './colour-scale';
import { checkMap, rangeOf, type ScalarMap } from './map-grid';
import { asPicture, type Picture } from './pixels';

/** How much of the picture the ends of the scale cover. */
const mostCover = 0.8;

/**
 * A picture with a map laid over it in the colours of `mapGrid`: the further from zero, the more colour and the less picture.
 *
 * @param map    stretched to the picture (bilinear)
 * @param range  the values at the two ends of the scale; by default the map's own, as in `mapGrid`
 * @throws RangeError where the map's values do not fill its size
 * @example overlay(picture, words[3])
 */
export function overlay(picture: Picture, map: ScalarMap, range?: readonly [low: number, high: number]): Picture {
  checkMap('overlay', map);
  const { pixels: own, width, height, channels } = asPicture(picture, 'overlay');
  const [low, high] = range ?? rangeOf([map]);
  const pixels = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const value = sample(map, ((x + 0.5) * map.width) / width - 0.5, ((y + 0.5) * map.height) / height - 0.5);
      const position = scalePosition(value, { low, high });
      const cover = mostCover * Math.min(1, Math.abs(position));
      const colour = scaleColour(Math.sign(position));
      for (let c = 0; c < 3; c++) pixels[3 * at + c] = (1 - cover) * own[channels === 1 ? at : 3 * at + c]! + cover * colour[c]!;
    }
  }
  return { ...picture, pixels, channels: 3 };
}

/** Bilinear, the edge going on outside. */
function sample({ values, width, height }: ScalarMap, x: number, y: number): number {
  const clampX = (i: number): number => Math.min(width - 1, Math.max(0, i));
  const clampY = (j: number): number => Math.min(height - 1, Math.max(0, j));
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - i, y - j];
  const at = (column: number, line: number): number => values[clampY(line) * width + clampX(column)]!;
  return (1 - v) * ((1 - u) * at(i, j) + u * at(i + 1, j)) + v * ((1 - u) * at(i, j + 1) + u * at(i + 1, j + 1));
}
