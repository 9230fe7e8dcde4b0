import type { Resvg } from '@resvg/resvg-js';
import { fontFamily, fontFiles } from './font';
import type { Raster } from './png';

let renderer: typeof Resvg | undefined;

/**
 * Draws an SVG with the package's own fonts on white.
 *
 * @param zoom  pixels of the picture for one unit of the SVG
 * @throws Error where the SVG cannot be read
 */
export function rasterise(svg: string, zoom = 1): Raster {
  // The native renderer is loaded with the first picture: importing this room stays cheap.
  renderer ??= (require('@resvg/resvg-js') as { Resvg: typeof Resvg }).Resvg;
  const picture = new renderer(svg, {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: zoom },
    font: { loadSystemFonts: false, fontFiles: fontFiles(), defaultFontFamily: fontFamily, sansSerifFamily: fontFamily },
    logLevel: 'off',
  }).render();
  return { width: picture.width, height: picture.height, channels: 4, data: picture.pixels };
}
