import { scaleColour } from './colour-scale';
import type { ColourBar } from './grid-plan';
import type { Raster } from './png';

/** Where a value stands on the scale, -1 to 1: zero in the middle, so that a range on one side of zero takes one side of the colours. */
export function scalePosition(value: number, { low, high }: Pick<ColourBar, 'low' | 'high'>): number {
  return value / Math.max(Math.abs(low), Math.abs(high));
}

/** The colours from low to high, left to right. */
export function barRaster({ low, high }: Pick<ColourBar, 'low' | 'high'>, width: number, height: number): Raster {
  const data = new Uint8Array(width * height * 3);
  for (let x = 0; x < width; x++) {
    const colour = scaleColour(scalePosition(low + ((x + 0.5) / width) * (high - low), { low, high }));
    for (let y = 0; y < height; y++) for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = Math.round(255 * colour[c]!);
  }
  return { width, height, channels: 3, data };
}

/** The numbers under a bar: its ends, and zero where that is between them; `at` from 0, the left end, to 1. */
export function barTicks({ low, high }: Pick<ColourBar, 'low' | 'high'>): { readonly at: number; readonly text: string }[] {
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high)))));
  const signed = (value: number): string =>
    `${value > 0 && low < 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(value).toFixed(Math.min(digits, 20))}`;
  const ends = [
    { at: 0, text: signed(low) },
    { at: 1, text: signed(high) },
  ];
  return low < 0 && high > 0 ? [ends[0]!, { at: -low / (high - low), text: '0' }, ends[1]!] : ends;
}
