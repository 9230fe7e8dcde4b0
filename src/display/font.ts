import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a line of text takes in one font, in units of the font size. */
interface FontMetrics {
  readonly advance: (codePoint: number) => number;
  readonly ascent: number;
  readonly descent: number;
}

/** The font of all our pictures; it comes with the package, so that a picture looks the same on every machine. */
export const fontFamily = 'DejaVu Sans';

let folder: string | undefined;
const loaded = new Map<string, FontMetrics>();

/** The font files that pictures are drawn with. */
export function fontFiles(): string[] {
  folder ??= join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  return ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(folder!, name));
}

function metrics(bold: boolean): FontMetrics {
  const file = fontFiles()[bold ? 1 : 0]!;
  let font = loaded.get(file);
  if (!font) {
    font = readMetrics(readFileSync(file));
    loaded.set(file, font);
  }
  return font;
}

/** Width of one line of text in pixels, as the font's advances give it (no kerning). */
export function textWidth(text: string, size: number, bold = false): number {
  const { advance } = metrics(bold);
  let width = 0;
  for (const character of text) width += advance(character.codePointAt(0)!);
  return width * size;
}

/** How far a line reaches above and below its baseline, in pixels. */
export function lineExtent(size: number): { ascent: number; descent: number } {
  const { ascent, descent } = metrics(false);
  return { ascent: ascent * size, descent: descent * size };
}

/**
 * Breaks text into lines that fit a width: at spaces, and inside words that are wider than a line. Where the text needs
 * more lines than allowed the last one ends with an ellipsis.
 */
export function wrapText(text: string, size: number, width: number, maxLines: number): string[] {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const lines: string[] = [];
  let line = '';
  for (let word of words) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined, size) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    while (textWidth(word, size) > width && [...word].length > 1) {
      const head = longestPrefix(word, size, width);
      lines.push(head);
      word = word.slice(head.length);
    }
    line = word;
  }
  if (line !== '') lines.push(line);
  if (lines.length <= maxLines) return lines;
  const shown = lines.slice(0, maxLines);
  shown[maxLines - 1] = ellipsize(`${shown[maxLines - 1]} …`, size, width);
  return shown;
}

/** One line of text, cut with an ellipsis where it is wider than allowed. */
export function ellipsize(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  return `${longestPrefix(text, size, width - textWidth('…', size)).trimEnd()}…`;
}

/** The longest beginning that fits, at least one character. */
function longestPrefix(text: string, size: number, width: number): string {
  let prefix = '';
  for (const character of text) {
    if (prefix !== '' && textWidth(prefix + character, size) > width) break;
    prefix += character;
  }
  return prefix;
}

/** Reads the tables head, hhea, hmtx and cmap (format 12 or 4) of a TrueType file (OpenType 1.9). */
function readMetrics(font: Buffer): FontMetrics {
  const tables = new Map<string, number>();
  for (let i = 0; i < font.readUInt16BE(4); i++) {
    const entry = 12 + 16 * i;
    tables.set(font.toString('latin1', entry, entry + 4), font.readUInt32BE(entry + 8));
  }
  const hhea = tables.get('hhea')!;
  const hmtx = tables.get('hmtx')!;
  const unitsPerEm = font.readUInt16BE(tables.get('head')! + 18);
  const wide = font.readUInt16BE(hhea + 34); // glyphs from here on repeat the last advance
  const glyphOf = characterMap(font, tables.get('cmap')!);
  return {
    advance: (codePoint) => font.readUInt16BE(hmtx + 4 * Math.min(glyphOf(codePoint), wide - 1)) / unitsPerEm,
    ascent: font.readInt16BE(hhea + 4) / unitsPerEm,
    descent: -font.readInt16BE(hhea + 6) / unitsPerEm,
  };
}

/** Code point to glyph, 0 where the font lacks it. */
function characterMap(font: Buffer, cmap: number): (codePoint: number) => number {
  const glyphs = new Map<number, number>();
  for (let i = 0; i < font.readUInt16BE(cmap + 2); i++) {
    const table = cmap + font.readUInt32BE(cmap + 8 + 8 * i);
    if (font.readUInt16BE(table) === 12) readSegments12(font, table, glyphs);
    else if (font.readUInt16BE(table) === 4) readSegments4(font, table, glyphs);
  }
  return (codePoint) => glyphs.get(codePoint) ?? 0;
}

function readSegments12(font: Buffer, table: number, glyphs: Map<number, number>): void {
  for (let i = 0; i < font.readUInt32BE(table + 12); i++) {
    const group = table + 16 + 12 * i;
    const [start, end, glyph] = [0, 4, 8].map((offset) => font.readUInt32BE(group + offset)) as [number, number, number];
    for (let code = start; code <= end; code++) glyphs.set(code, glyph + code - start);
  }
}

function readSegments4(font: Buffer, table: number, glyphs: Map<number, number>): void {
  const twice = font.readUInt16BE(table + 6);
  for (let offset = 0; offset < twice; offset += 2) {
    const end = font.readUInt16BE(table + 14 + offset);
    const start = font.readUInt16BE(table + 16 + twice + offset);
    const delta = font.readUInt16BE(table + 16 + 2 * twice + offset);
    const rangeAt = table + 16 + 3 * twice + offset;
    const range = font.readUInt16BE(rangeAt);
    for (let code = start; code <= end && code !== 0xffff; code++) {
      const glyph = range === 0 ? code : font.readUInt16BE(rangeAt + range + 2 * (code - start));
      if (glyph !== 0) glyphs.set(code, (glyph + delta) & 0xffff);
    }
  }
}
