/** What a kernel shows and changes in place: HTML, a label, a picture, a progress bar. */
import type { Displayable } from '../displayable';
import { escapeHtml } from '../escape';
import { type DisplayWindow, type Picture, toRaster } from '../pixels';
import { encodePngSync, type Raster } from '../png';
import { type HearingBar, type Progress, progressOn, under } from '../progress';
import { createModel, type Model } from './model';
import { layout, nodeSymbol, style, type Widget, widget } from './widget';

/** HTML that can be exchanged. */
export interface Html extends Widget {
  value: string;
  /** Shows something as HTML, such as an image grid or a token strip; a figure as its picture. */
  put(item: Displayable): void;
}

function plainText(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

function stringModel(name: 'HTML' | 'Label', value: string): Model {
  const shown = { description: '', description_allow_html: false, placeholder: '\u200b', tabbable: null, tooltip: null };
  return createModel(
    { module: 'controls', name },
    { ...shown, layout: layout({ max_width: '100%' }), style: style(`${name}Style`), value },
  );
}

/**
 * A piece of HTML. It is put into the page as it is: text of others goes through `escapeHtml`, or into a `label`.
 *
 * @example const count = html('<i>no tokens yet</i>'); count.put(tokenStrip(tokens, ids));
 */
export function html(value: string = ''): Html {
  const model = stringModel('HTML', value);
  const current = (): string => model.state.value as string;
  return widget<Pick<Html, 'value' | 'put'>>(
    { model, html: current, text: () => plainText(current()) },
    {
      get value() {
        return current();
      },
      set value(value: string) {
        model.set({ value: value });
      },
      put(item: Displayable) {
        const { 'text/html': own, 'text/plain': plain, 'image/png': png } = item.bundle(true);
        const text = escapeHtml(String(plain ?? ''));
        const other = png ? `<img alt="${text}" src="data:image/png;base64,${png}">` : `<pre>${text}</pre>`;
        model.set({ value: typeof own === 'string' ? own : other });
      },
    },
  );
}

/** A line of text, shown as text whatever it holds. */
export interface Label extends Widget {
  value: string;
}

/** A line of text that can be exchanged. @example const state = label('ready'); state.value = 'step 3 of 20'; */
export function label(value: string = ''): Label {
  const model = stringModel('Label', value);
  const current = (): string => model.state.value as string;
  return widget(
    { model, html: () => `<div>${escapeHtml(current())}</div>`, text: current },
    {
      get value() {
        return current();
      },
      set value(value: string) {
        model.set({ value: value });
      },
    },
  );
}

/** A picture that can be exchanged. */
export interface ImageWidget extends Widget {
  /** The picture; undefined is an empty frame. */
  picture: Picture | undefined;
  /** The values shown as black and white. */
  window: DisplayWindow;
  /** What it shows, for a screen reader and under the mouse. */
  alt: string;
}

/**
 * A picture in a frame of fixed size, pixels sharp; what stands around it does not move when the picture comes.
 *
 * @param options.size    screen pixels of its longer side, 256 by default
 * @param options.window  the values shown as black and white, [0, 1] by default
 * @param options.alt     what it shows, for a screen reader and under the mouse
 * @throws RangeError where the window is empty
 */
export function image(
  options: { readonly picture?: Picture; readonly size?: number; readonly window?: DisplayWindow; readonly alt?: string } = {},
): ImageWidget {
  const { size = 256, alt = 'no picture yet' } = options;
  let { picture, window = [0, 1] } = options;
  const draw = (): Uint8Array => encodePngSync(picture ? enlarged(toRaster(picture, window), size) : blank);
  const sizes = (): { width: string; height: string } => {
    const longer = picture ? Math.max(picture.width, picture.height) : 1;
    const [width, height] = picture ? [picture.width, picture.height].map((side) => Math.round((side / longer) * size)) : [size, size];
    return { width: String(width), height: String(height) };
  };
  const model = createModel(
    { module: 'controls', name: 'Image' },
    {
      format: 'png',
      ...sizes(),
      value: draw(),
      tabbable: null,
      // The front end has no alt text; the tooltip is its picture's title, from which screen readers then take the name. It asks for a description first.
      tooltip: alt,
      description: '',
      layout: layout({ max_width: '100%', flex: '0 0 auto' }),
    },
  );
  const described = (): string => escapeHtml(String(model.state.tooltip));
  const base64 = (): string => Buffer.from(model.state.value as Uint8Array).toString('base64');
  return widget(
    {
      model,
      html: () => `<img width="${sizes().width}" height="${sizes().height}" alt="${described()}" src="data:image/png;base64,${base64()}">`,
      text: () => (picture ? `[picture, ${picture.width} x ${picture.height}]` : '[no picture yet]'),
    },
    {
      get picture() {
        return picture;
      },
      set picture(value: Picture | undefined) {
        picture = value;
        model.set({ ...sizes(), value: draw() });
      },
      get alt() {
        return String(model.state.tooltip);
      },
      set alt(value: string) {
        model.set({ tooltip: value });
      },
      get window() {
        return window;
      },
      set window(value: DisplayWindow) {
        if (!(value[1] > value[0])) throw new RangeError(`image: window: expected [low, high] with low < high, got [${value.join(', ')}]`);
        window = value;
        model.set({ value: draw() });
      },
    },
  );
}

/** A half transparent pixel: an empty frame on light and dark pages. */
const blank: Raster = { width: 1, height: 1, channels: 4, data: Uint8Array.of(128, 128, 128, 40) };

/** A small picture with each pixel repeated, so that no browser blurs it; a large one as it is. */
function enlarged(raster: Raster, size: number): Raster {
  const { width, height, channels, data } = raster;
  const factor = Math.max(1, Math.floor((2 * size) / Math.max(width, height)));
  if (factor === 1) return raster;
  const out = new Uint8Array(width * height * channels * factor * factor);
  let at = 0;
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < width * factor; x++) {
      const from = (row + Math.floor(x / factor)) * channels;
      for (let c = 0; c < channels; c++) out[at++] = data[from + c]!;
    }
  }
  return { width: width * factor, height: height * factor, channels, data: out };
}

/** A bar that can be used again and again. */
export interface ProgressBar extends Widget {
  /** Begins a new run from zero; what an earlier one still says is not heard. */
  start(total: number, label: string): Progress;
  /** Runs something under a new run, as `withProgress` does. */
  run<T>(total: number, label: string, body: (run: Progress) => T | Promise<T>): Promise<T>;
}

/**
 * A progress bar in a fixed place, with rate, time left and a message; `progress` is the one for a cell's output.
 *
 * @example const bar = progressBar(); const run = bar.start(20, 'Steps'); run.update(3); run.end();
 */
export function progressBar(): ProgressBar {
  const empty = '<div style="height:1.4em"></div>';
  const place = html(empty);
  // A width of its own, so that what stands beside it keeps its place while the text changes.
  const { layout: shape } = place[nodeSymbol].model.state;
  (shape as Model).set({ width: '430px', max_width: 'calc(100% - 4px)' });
  let newest: object | undefined;
  const start = (total: number, name: string): HearingBar => {
    const mine = {};
    newest = mine;
    return progressOn(total, name, (drawn) => {
      if (newest === mine) place.value = drawn;
    });
  };
  return Object.assign(place as Widget, {
    start,
    run: <T>(total: number, name: string, body: (run: Progress) => T | Promise<T>) => under(start(total, name), body),
  });
}
