import { scalePosition } from './colour-bar';
import { scaleColour } from './colour-scale';
import { type ImageGrid, showGrid } from './grid';
import { type GridOptions, planGrid } from './grid-plan';
import { asPicture, type Picture } from './pixels';

/** A number at each place of a grid, such as how much attention a word gets there. */
export interface ScalarMap {
  /** Row by row, width × height. */
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** How maps are drawn and explained; the rest as for `imageGrid`. */
export interface MapGridOptions extends Omit<GridOptions, 'window'> {
  /** What the values are; it stands under the colour bar. */
  readonly unit: string;
  /** The values at the two ends of the scale; by default the largest of all maps, on both sides of zero where there are values below it. */
  readonly range?: readonly [low: number, high: number];
  /** A sentence that says how the maps are read. */
  readonly reading?: string;
}

/**
 * Maps beside the images that they belong to, all in one colour scale with its bar: blue below zero, orange above it. Places are drawn
 * as the squares that they are; one whose value is not finite is magenta.
 *
 * @param items  pictures, which stay as they are, and maps, in the order in which they are shown
 * @throws RangeError where there is no map, values do not fill a map's size, the range is empty, or labels and items differ in number
 * @example mapGrid([image, ...words], { labels: ['', ...words.map(({ word }) => word)], unit: 'attention, less the mean of all words' })
 */
export function mapGrid(items: readonly (Picture | ScalarMap)[], options: MapGridOptions): ImageGrid {
  const maps = items.filter(isMap);
  if (maps.length === 0) throw new RangeError('mapGrid: expected at least one map, got none');
  const [low, high] = options.range ?? rangeOf(maps);
  if (!(high > low)) throw new RangeError(`mapGrid: range: expected [low, high] with low < high, got [${low}, ${high}]`);
  const images = items.map((item) => (isMap(item) ? coloured(item, low, high) : asPicture(item, 'mapGrid')));
  const { unit, reading, ...layout } = options;
  const captions = items.map(() => '');
  const plan = planGrid(images, captions, layout);
  return showGrid({
    ...plan,
    cells: plan.cells.map((cell, i) => {
      const item = items[i]!;
      return isMap(item) ? { ...cell, alt: `map of ${cell.label || 'values'}, ${extent(item)}` } : cell;
    }),
    bar: { low, high, unit },
    notes: [...(reading ? [reading] : []), ...plan.notes],
  });
}

function isMap(item: Picture | ScalarMap): item is ScalarMap {
  return 'values' in item;
}

/** @throws RangeError where the values do not fill the map's size */
export function checkMap(where: string, { values, width, height }: ScalarMap): void {
  if (!(width > 0 && height > 0) || values.length !== width * height) {
    throw new RangeError(`${where}: map: expected ${width} x ${height} values, got ${values.length}`);
  }
}

/** What a colour scale has to reach for these maps: from zero up, or as far below zero as above. */
export function rangeOf(maps: readonly ScalarMap[]): readonly [low: number, high: number] {
  const [low, high] = bounds(maps);
  const largest = Math.max(-low, high);
  if (!(largest > 0)) return [0, 1];
  return [low < 0 ? -largest : 0, largest];
}

/** Least and greatest finite value. */
function bounds(maps: readonly ScalarMap[]): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of maps) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

function extent(map: ScalarMap): string {
  return bounds([map])
    .map((value) => value.toPrecision(2))
    .join(' to ');
}

/** A map as a picture in the colours of the scale. */
function coloured(map: ScalarMap, low: number, high: number): Picture {
  checkMap('mapGrid', map);
  const { values, width, height } = map;
  const pixels = new Float32Array(3 * values.length);
  values.forEach((value, i) => {
    pixels.set(scaleColour(scalePosition(value, { low, high })), 3 * i);
  });
  return { pixels, width, height, channels: 3 };
}
