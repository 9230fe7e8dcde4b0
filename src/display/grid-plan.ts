import { notForDiagnosis } from './palette';
import { countNonFinite, type DisplayWindow, type Picture, toRaster } from './pixels';
import type { Raster } from './png';

/** How a grid of pictures is laid out and labelled. */
export interface GridOptions {
  /** Pictures in a row; by default as many as fit a notebook's width. */
  readonly columns?: number;
  /** A short bold line above each picture, such as its seed or guidance. */
  readonly labels?: readonly string[];
  /** Screen pixels for one pixel of the widest picture, a whole number; by default what brings it to about 160. */
  readonly scale?: number;
  /** The values shown as black and white, [0, 1] by default. */
  readonly window?: DisplayWindow;
  /** A line above the grid. */
  readonly title?: string;
  /** Whether the grid says "synthetic, not for diagnosis"; by default where a picture has a prompt. */
  readonly synthetic?: boolean;
}

/** A cell of the grid, ready to draw. */
export interface GridCell {
  readonly picture: Raster;
  /** Screen pixels for one pixel of the picture. */
  readonly scale: number;
  readonly label: string;
  readonly caption: string;
  /** What the picture is, for those who cannot see it. */
  readonly alt: string;
}

/** The colours of a grid's maps and what they mean. */
export interface ColourBar {
  readonly low: number;
  readonly high: number;
  /** What the numbers are. */
  readonly unit: string;
}

/** A grid, ready to draw. */
export interface GridPlan {
  readonly cells: readonly GridCell[];
  readonly columns: number;
  /** Screen pixels that the widest picture takes. */
  readonly cellWidth: number;
  readonly title: string;
  /** Under the grid, where it has maps. */
  readonly bar?: ColourBar;
  /** Lines under the grid. */
  readonly notes: readonly string[];
}

/** Checks what a grid is made from and settles what was left open. @throws RangeError as imageGrid */
export function planGrid(images: readonly Picture[], captions: readonly string[] | undefined, options: GridOptions): GridPlan {
  if (images.length === 0) throw new RangeError('imageGrid: expected at least one picture, got none');
  const { labels, window = [0, 1], title = '' } = options;
  for (const [what, texts] of Object.entries({ captions, labels })) {
    if (texts && texts.length !== images.length) {
      throw new RangeError(`imageGrid: expected ${images.length} ${what}, one for each picture, got ${texts.length}`);
    }
  }
  if (!(window[1] > window[0])) throw new RangeError(`imageGrid: window: expected [low, high] with low < high, got [${window.join(', ')}]`);
  const widest = Math.max(...images.map(({ width }) => width));
  const scale = options.scale ?? Math.max(1, Math.round(160 / widest));
  if (!Number.isInteger(scale) || scale < 1) throw new RangeError(`imageGrid: scale: expected a whole number of 1 or more, got ${scale}`);
  const columns = Math.min(images.length, options.columns ?? Math.max(1, Math.floor(960 / (widest * scale + 12))));
  if (!Number.isInteger(columns) || columns < 1) {
    throw new RangeError(`imageGrid: columns: expected a whole number of 1 or more, got ${options.columns}`);
  }
  const broken = images.reduce((sum, image) => sum + countNonFinite(image), 0);
  const synthetic = options.synthetic ?? images.some(({ prompt }) => prompt !== undefined);
  return {
    cells: images.map((image, i) => ({
      picture: toRaster(image, window),
      // Small pictures among large ones are brought to nearly the same width.
      scale: Math.floor((widest * scale) / image.width),
      label: labels?.[i] ?? '',
      caption: captions?.[i] ?? image.prompt ?? '',
      alt: captions?.[i] || labels?.[i] || image.prompt || 'picture',
    })),
    columns,
    cellWidth: widest * scale,
    title,
    notes: [
      ...(broken > 0 ? [`${broken} ${broken === 1 ? 'value is' : 'values are'} not finite (magenta)`] : []),
      ...(synthetic ? [notForDiagnosis] : []),
    ],
  };
}
