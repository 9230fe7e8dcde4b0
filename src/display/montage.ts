import { barRaster, barTicks } from './colour-bar';
import { escapeXml } from './escape';
import { ellipsize, fontFamily, textWidth, wrapText } from './font';
import type { GridPlan } from './grid-plan';
import type { Raster } from './png';
import { rasterise } from './svg';

const gap = 12;
const textSize = 11;
const lineHeight = 14;
const labelHeight = 18;
const titleHeight = 26;
const maxLines = 8;
const bar = { width: 256, height: 10 };

/** Where everything of a montage goes, in pixels. */
export interface GridLayout {
  readonly width: number;
  readonly height: number;
  /** Upper left corner of each picture. */
  readonly places: readonly { readonly x: number; readonly y: number }[];
  /** Upper left corner of the colour bar, and its width. */
  readonly bar?: { readonly x: number; readonly y: number; readonly width: number };
  /** Lines of text: baseline start, size, weight. */
  readonly texts: readonly {
    readonly text: string;
    readonly x: number;
    readonly y: number;
    readonly size: number;
    readonly bold: boolean;
  }[];
}

/** Lays a grid out: rows are as high as their tallest picture and longest caption. */
export function layOut(plan: GridPlan): GridLayout {
  const { cells, columns, cellWidth } = plan;
  const width = gap + columns * (cellWidth + gap);
  const places: { x: number; y: number }[] = [];
  const texts: { text: string; x: number; y: number; size: number; bold: boolean }[] = [];
  const line = (text: string, x: number, y: number, size = textSize, bold = false): void => void texts.push({ text, x, y, size, bold });
  let y = gap;
  if (plan.title !== '') {
    line(ellipsize(plan.title, 15, width - 2 * gap), gap, y + 14, 15);
    y += titleHeight;
  }
  for (let first = 0; first < cells.length; first += columns) {
    const row = cells.slice(first, first + columns);
    const captions = row.map(({ caption }) => wrapText(caption, textSize, cellWidth, maxLines));
    const labelled = row.some(({ label }) => label !== '');
    const tallest = Math.max(...row.map(({ picture, scale }) => picture.height * scale));
    const top = y + (labelled ? labelHeight : 0);
    for (const [i, { label }] of row.entries()) {
      const x = gap + i * (cellWidth + gap);
      if (label !== '') line(ellipsize(label, textSize, cellWidth), x, y + 12, textSize, true);
      places.push({ x, y: top });
      for (const [k, text] of captions[i]!.entries()) line(text, x, top + tallest + lineHeight * (k + 1), textSize);
    }
    const captionLines = Math.max(...captions.map(({ length }) => length));
    y = top + tallest + captionLines * lineHeight + gap + (captionLines > 0 ? 4 : 0);
  }
  let barPlace: GridLayout['bar'];
  if (plan.bar) {
    const across = Math.min(bar.width, width - 2 * gap);
    barPlace = { x: gap, y, width: across };
    y += bar.height + lineHeight;
    for (const { at, text } of barTicks(plan.bar)) {
      const shift = at === 0 ? 0 : at === 1 ? 1 : 0.5;
      line(text, gap + at * across - shift * textWidth(text, textSize), y - 2);
    }
    for (const text of wrapText(plan.bar.unit, textSize, width - 2 * gap, 3)) {
      y += lineHeight;
      line(text, gap, y - 2);
    }
    y += gap / 2;
  }
  for (const note of plan.notes) {
    for (const text of wrapText(note, textSize, width - 2 * gap, 3)) {
      line(text, gap, y + textSize);
      y += lineHeight;
    }
  }
  return { width, height: y + (plan.bar || plan.notes.length > 0 ? gap - 2 : 0), places, ...(barPlace && { bar: barPlace }), texts };
}

/**
 * A grid as one picture on white: texts are drawn as SVG, then the pictures are copied in pixel by pixel, so that what is
 * saved has exactly the values that were shown.
 */
export function montage(plan: GridPlan): Raster {
  const { width, height, places, bar: barPlace, texts } = layOut(plan);
  const lines = texts.map(({ text, x, y, size, bold }) => {
    const weight = bold ? ' font-weight="bold"' : '';
    return `<text x="${x}" y="${y}" font-size="${size}"${weight} fill="#222222">${escapeXml(text)}</text>`;
  });
  const canvas = rasterise(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${fontFamily}">${lines.join('')}</svg>`,
    { width, height },
  );
  for (const [i, { picture, scale }] of plan.cells.entries()) paste(canvas, picture, places[i]!.x, places[i]!.y, scale);
  if (barPlace) paste(canvas, barRaster(plan.bar!, barPlace.width, bar.height), barPlace.x, barPlace.y, 1);
  return canvas;
}

/** Copies a picture into an RGBA canvas, each pixel as a square of `scale` pixels. */
function paste(canvas: Raster, picture: Raster, left: number, top: number, scale: number): void {
  const { data, width } = canvas;
  for (let y = 0; y < picture.height * scale; y++) {
    const row = Math.floor(y / scale) * picture.width;
    let at = ((top + y) * width + left) * 4;
    for (let x = 0; x < picture.width * scale; x++, at += 4) {
      const from = (row + Math.floor(x / scale)) * picture.channels;
      const colour = picture.channels === 1 ? 0 : 1;
      data[at] = picture.data[from]!;
      data[at + 1] = picture.data[from + colour]!;
      data[at + 2] = picture.data[from + 2 * colour]!;
      data[at + 3] = 255;
    }
  }
}
