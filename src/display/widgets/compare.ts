/** Two pictures in one frame, with a divider between them that is dragged. */
import { escapeHtml } from '../escape';
import { asPicture, type Picture, toRaster } from '../pixels';
import { column } from './boxes';
import { slider } from './controls';
import { html, image } from './shown';
import { nodeSymbol, type Widget, widget } from './widget';

/** Before on the left of the divider, after on the right. */
export interface Compare extends Widget {
  /** Undefined until there is one; the other then fills the frame. */
  before: Picture | undefined;
  after: Picture | undefined;
  /** What the two are, a few words each. */
  labels: readonly [before: string, after: string];
  /** Where the divider stands, in percent of the width. */
  divider: number;
}

/** Okabe and Ito's orange, seen on black and on white. */
const LINE = [0.9, 0.62, 0];

/**
 * Two pictures of one size, compared by a divider: a slider that is dragged, or moved with the arrow keys. In a saved page, where nothing moves, they stand
 * side by side.
 *
 * @param options.labels  what the two are
 * @param options.size    screen pixels of the frame's longer side, 256 by default
 * @throws RangeError where the pictures differ in size
 * @example const both = compare({ labels: ['guidance 2', 'guidance 6'], size: 384 }); both.before = weak; both.after = strong;
 */
export function compare(
  options: {
    readonly before?: Picture;
    readonly after?: Picture;
    readonly labels?: readonly [before: string, after: string];
    readonly size?: number;
  } = {},
): Compare {
  const { size = 256 } = options;
  let { before, after, labels = ['before', 'after'] } = options;
  const [names, frame] = [html(), image({ size })];
  const place = slider({ label: 'Divider', min: 0, max: 100, value: 50, onChange: () => draw() });

  function draw(): void {
    if (before && after) expectOneSize(before, after);
    const across = place.value / 100;
    frame.picture = before && after ? divided(before, after, across, size) : (before ?? after);
    const [left, right] = labels.map(escapeHtml);
    names.value = `<div class="rg-compare" style="display:flex;justify-content:space-between;gap:12px;max-width:${size}px;font-size:13px"><span>◂ <b>${left}</b></span><span style="text-align:right"><b>${right}</b> ▸</span></div>`;
    frame.alt = `${labels[0]} to the left of ${place.value} percent, ${labels[1]} to the right${before ? '' : '; no picture yet'}`;
  }

  draw();
  const box = column([names, frame, place]);
  const parts = {
    ...box[nodeSymbol],
    html: () => `<div style="display:flex;gap:12px;flex-wrap:wrap">${still(before, labels[0], size)}${still(after, labels[1], size)}</div>`,
    text: () => (before && after ? `[${labels[0]}, beside ${labels[1]}]` : '[no pictures yet]'),
  };
  return widget<Pick<Compare, 'before' | 'after' | 'labels' | 'divider'>>(parts, {
    get before() {
      return before;
    },
    set before(picture: Picture | undefined) {
      before = picture;
      draw();
    },
    get after() {
      return after;
    },
    set after(picture: Picture | undefined) {
      after = picture;
      draw();
    },
    get labels() {
      return labels;
    },
    set labels(both: readonly [before: string, after: string]) {
      labels = both;
      draw();
    },
    get divider() {
      return place.value;
    },
    set divider(percent: number) {
      place.value = percent;
      draw();
    },
  });
}

function expectOneSize(before: Picture, after: Picture): void {
  const [a, b] = [before, after].map(({ width, height }) => `${width} x ${height}`);
  if (a !== b) throw new RangeError(`compare: expected pictures of one size, got ${a} and ${b}`);
}

/** One picture where nothing moves. */
function still(picture: Picture | undefined, label: string, size: number): string {
  return `<div><b>${escapeHtml(label)}</b>${image({ size, alt: label, ...(picture && { picture }) })[nodeSymbol].html()}</div>`;
}

/** The left of one picture, a line, the right of the other; pixels are repeated, so that the line is thinner than they are. */
function divided(before: Picture, after: Picture, across: number, size: number): Picture {
  const { width, height } = asPicture(before, 'compare');
  const [left, right] = [before, after].map((picture) => toRaster(asPicture(picture, 'compare'), [0, 1]));
  const factor = Math.max(1, Math.ceil(size / Math.max(width, height)));
  const [columns, rows] = [width * factor, height * factor];
  const split = Math.round(across * columns);
  const line = Math.max(1, Math.round(columns / 400));
  const pixels = new Float32Array(columns * rows * 3);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const { data, channels } = x < split ? left! : right!;
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels;
      const onLine = split > 0 && split < columns && Math.abs(x + 0.5 - split) < line;
      for (let c = 0; c < 3; c++) pixels[(y * columns + x) * 3 + c] = onLine ? LINE[c]! : data[from + (channels === 1 ? 0 : c)]! / 255;
    }
  return { pixels, width: columns, height: rows, channels: 3 };
}
