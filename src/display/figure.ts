import { writeFileAtomic } from '../files/internal';
import { type Displayable, displayable } from './displayable';
import type { MimeBundle } from './host';
import { type FigureSpec, figureRaster } from './plotly/render';
import { encodePngSync } from './png';
import { houseTemplate } from './template';

/** A Plotly figure (https://plotly.com/javascript/reference/) as one writes it: typed arrays may stand for arrays. */
export interface FigureInput {
  readonly data: readonly object[];
  readonly layout?: object;
}

/** A plot: interactive in a notebook, a picture in a saved one, one line in a terminal. */
export interface Figure extends Displayable {
  /** What Plotly gets: plain JSON, our template included. */
  readonly spec: FigureSpec;
  /** The picture, rendered without a browser on white paper, twice as many pixels as CSS pixels. */
  png(): Uint8Array;
  /** Writes the picture. */
  save(path: string): Promise<void>;
}

/** The MIME type of interactive Plotly figures. */
export const plotlyMime = 'application/vnd.plotly.v1+json';

/** Of a saved picture. The bundle's has as many pixels as CSS pixels: JupyterLab's plot renderer shows it first, in its own size. */
const pixelRatio = 2;
const defaultSize: { readonly width: number; readonly height: number } = { width: 760, height: 420 };

/**
 * A Plotly figure in the house's look as one bundle: interactive JSON, PNG and one line of text. Where the PNG cannot be made the
 * bundle goes without and its text says so.
 *
 * @param input  traces and layout; non-finite numbers become gaps
 * @example figure({ data: [{ x: [1, 2], y: [3, 1] }], layout: { title: { text: 'Loss' } } })
 */
export function figure(input: FigureInput): Figure {
  const data = plainJson(input.data) as FigureSpec['data'];
  const layout = plainJson(input.layout ?? {}) as FigureSpec['layout'];
  const spec: FigureSpec = { data, layout: { template: houseTemplate, ...layout } };
  const width = Number(layout.width) || defaultSize.width;
  const height = Number(layout.height) || defaultSize.height;
  // A height, but no width: the figure then fills the cell, and neighbours keep their place while it loads.
  const interactive = { data, layout: { height, ...spec.layout }, config: { responsive: true, displaylogo: false } };

  const draw = (ratio: number): Buffer => encodePngSync(withoutAlpha(figureRaster(spec, width, height, ratio)));
  const png = (): Buffer => draw(pixelRatio);
  const make = (draft: boolean): MimeBundle => {
    // JupyterLab's plot renderer keeps the first figure that a place in the output was given: while it changes it is a picture.
    const forms = draft ? {} : { [plotlyMime]: interactive };
    try {
      return { ...forms, 'text/plain': summary(spec), 'image/png': draw(1).toString('base64') };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { ...forms, 'text/plain': `${summary(spec)} (no picture: ${reason})` };
    }
  };
  const item = displayable(make, () => ({ 'image/png': { width, height } }));
  return Object.assign(item, { spec, png, save: (path: string) => writeFileAtomic(path, png()) });
}

/** One line that says what a figure shows: its title, and how many traces and points. */
export function summary(spec: FigureSpec): string {
  const title = textOf(spec.layout.title) || 'figure';
  const axes = [textOf(titleOf(spec.layout.yaxis)), textOf(titleOf(spec.layout.xaxis))].filter(Boolean).join(' against ');
  const names = spec.data.map((trace) => trace.name).filter((name) => typeof name === 'string' && name !== '');
  const points = spec.data.reduce((sum, trace) => sum + pointsOf(trace), 0);
  const gaps = spec.data.reduce((sum, trace) => sum + (Array.isArray(trace.y) ? trace.y.filter((y) => y === null).length : 0), 0);
  const counts = [`${points} ${points === 1 ? 'point' : 'points'}`, gaps > 0 ? `${gaps} not finite` : ''];
  const text = `[${title}: ${[axes, names.join(', '), ...counts].filter(Boolean).join('; ')}]`;
  const plain = text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  return plain.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function titleOf(axis: unknown): unknown {
  return (axis as { title?: unknown } | undefined)?.title;
}

function textOf(title: unknown): string {
  if (typeof title === 'string') return title;
  const text = (title as { text?: unknown } | undefined)?.text;
  return typeof text === 'string' ? text : '';
}

function pointsOf(trace: Readonly<Record<string, unknown>>): number {
  if (Array.isArray(trace.z)) return trace.z.reduce((sum: number, row) => sum + (Array.isArray(row) ? row.length : 1), 0);
  return Math.max(0, ...['x', 'y', 'values'].map((key) => (Array.isArray(trace[key]) ? (trace[key] as unknown[]).length : 0)));
}

/** A value as JSON has it: typed arrays as arrays, float32 without its rounding noise, non-finite numbers as null. */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value !== 'object') return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Float32Array) return Array.from(value, (v) => (Number.isFinite(v) ? Number(v.toPrecision(7)) : null));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as unknown as ArrayLike<unknown>, plainJson);
  if (Array.isArray(value)) return value.map((element) => plainJson(element) ?? null);
  const entries = Object.entries(value).map(([key, inner]) => [key, plainJson(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

/** Drops the alpha channel of a picture that has no transparent pixel. */
function withoutAlpha(image: ReturnType<typeof figureRaster>): ReturnType<typeof figureRaster> {
  const pixels = image.width * image.height;
  const data = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    data[3 * i] = image.data[4 * i]!;
    data[3 * i + 1] = image.data[4 * i + 1]!;
    data[3 * i + 2] = image.data[4 * i + 2]!;
  }
  return { width: image.width, height: image.height, channels: 3, data };
}
