import { readFileSync } from 'node:fs';
import type { DOMWindow, JSDOM } from 'jsdom';
import { fontFamily } from '../font';
import { rasterise } from '../svg';
import { type Box, localBox, pageBox, textLength } from './boxes';
import { type PixelCanvas, pixelCanvas } from './canvas';

/** What we call of Plotly's API (plotly.js 3). */
interface PlotlyApi {
  newPlot(element: Element, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  purge(element: Element): void;
  Snapshot: { toSVG(element: Element, format: string, scale: number): string };
}

/** A figure as Plotly takes it: plain JSON. */
export interface FigureSpec {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly layout: Readonly<Record<string, unknown>>;
}

let page: { window: DOMWindow; plotly: PlotlyApi } | undefined;

/** The path of the minified Plotly bundle that pages and pictures are made with. */
export function plotlySource(): string {
  return require.resolve('plotly.js-cartesian-dist-min');
}

/** Plotly in a window of jsdom with stand-ins for what jsdom lacks; opened with the first picture (about half a second). */
function openPage(): { window: DOMWindow; plotly: PlotlyApi } {
  const { JSDOM: Dom, VirtualConsole } = require('jsdom') as { JSDOM: typeof JSDOM; VirtualConsole: new () => object };
  const options = { runScripts: 'outside-only', pretendToBeVisual: true, virtualConsole: new VirtualConsole() } as object;
  const { window } = new Dom('<!DOCTYPE html><body></body>', options);
  addStandIns(window);
  window.eval(readFileSync(plotlySource(), 'utf8'));
  return { window, plotly: (window as unknown as { Plotly: PlotlyApi }).Plotly };
}

function addStandIns(window: DOMWindow): void {
  const rectangle = (box: Box | undefined): object => {
    const { left, top, right, bottom } = box ?? { left: 0, top: 0, right: 0, bottom: 0 };
    return { x: left, y: top, left, top, right, bottom, width: right - left, height: bottom - top };
  };
  const svg = window.SVGElement.prototype as unknown as Record<string, unknown>;
  svg.getBBox = function (this: Element) {
    return rectangle(localBox(this));
  };
  svg.getComputedTextLength = function (this: Element) {
    return textLength(this);
  };
  // Violins and contours place marks along paths with these; no mark that we draw depends on the result.
  svg.getTotalLength = () => 0;
  svg.getPointAtLength = () => ({ x: 0, y: 0 });
  const element = window.Element.prototype as unknown as Record<string, unknown>;
  element.getBoundingClientRect = function (this: Element) {
    return rectangle(pageBox(this));
  };
  const canvases = new WeakMap<object, PixelCanvas>();
  const canvasOf = (canvas: HTMLCanvasElement): PixelCanvas => {
    let canvasText = canvases.get(canvas);
    if (!canvasText) {
      canvasText = pixelCanvas(canvas.width, canvas.height);
      canvases.set(canvas, canvasText);
    }
    return canvasText;
  };
  const canvas = window.HTMLCanvasElement.prototype as unknown as Record<string, unknown>;
  canvas.getContext = function (this: HTMLCanvasElement) {
    return canvasOf(this).context;
  };
  canvas.toDataURL = function (this: HTMLCanvasElement) {
    return canvasOf(this).toDataUrl();
  };
  const urls = window.URL as unknown as Record<string, unknown>;
  urls.createObjectURL = () => '';
  urls.revokeObjectURL = () => undefined;
}

/**
 * A figure as SVG, at once: without maths, maps or pictures from files Plotly draws before newPlot returns.
 *
 * @param width, height  size in CSS pixels
 * @throws Error where Plotly cannot draw the figure
 */
export function figureSvg(figure: FigureSpec, width: number, height: number): string {
  page ??= openPage();
  const { window, plotly } = page;
  // Objects of the window's own realm: Plotly compares constructors.
  const { data, layout } = window.JSON.parse(JSON.stringify(figure)) as FigureSpec;
  const element = window.document.createElement('div');
  window.document.body.appendChild(element);
  const clear = (): void => {
    plotly.purge(element);
    element.remove();
  };
  const paper = { paper_bgcolor: '#ffffff', plot_bgcolor: '#ffffff', autosize: false, width, height };
  const font = { color: '#333333', ...(layout.font as object | undefined), family: fontFamily };
  let drawn: Promise<unknown> | undefined;
  try {
    drawn = plotly.newPlot(element, data, { ...layout, ...paper, font }, { staticPlot: true });
    // The renderer knows SVG's own word for pixels with sharp edges, not CSS's.
    return plotly.Snapshot.toSVG(element, 'svg', 1).replaceAll('image-rendering: pixelated', 'image-rendering: optimizeSpeed');
  } finally {
    // Plotly looks at the element once more when its promise settles: it must still be there.
    if (drawn) drawn.then(clear, clear);
    else element.remove();
  }
}

/**
 * A figure as a picture on white paper.
 *
 * @param zoom  pixels of the picture for one CSS pixel
 */
export function figureRaster(figure: FigureSpec, width: number, height: number, zoom: number): ReturnType<typeof rasterise> {
  return rasterise(figureSvg(figure, width, height), { width, height }, zoom);
}
