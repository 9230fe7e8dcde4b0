import type { Resvg } from '@resvg/resvg-js';
import { fontFamily, fontFiles } from './font';
import type { Raster } from './png';

let renderer: typeof Resvg | undefined;

/** No picture has more pixels than this: four bytes each are already a quarter of a gigabyte. */
const mostPixels = 64e6;

/**
 * Draws an SVG with the package's own fonts on white.
 *
 * @param size  width and height of the SVG in its own units
 * @param zoom  pixels of the picture for one unit of the SVG
 * @throws RangeError where the picture would be too large; Error where the SVG cannot be read
 */
export function rasterise(svg: string, size: { readonly width: number; readonly height: number }, zoom = 1): Raster {
  const pixels = size.width * size.height * zoom * zoom;
  if (!(pixels <= mostPixels)) {
    throw new RangeError(
      `a picture of ${size.width} x ${size.height} is too large: it needs ${pixels} pixels, at most ${mostPixels} are drawn`,
    );
  }
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
