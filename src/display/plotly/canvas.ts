import { encodePngSync } from '../png';

/** The part of a canvas that Plotly paints heat maps and pictures with: pixels, filled rectangles, and a PNG of them. */
export interface PixelCanvas {
  readonly context: object;
  toDataUrl(): string;
}

/** Red, green, blue in 0..255 and opacity in 0..1 of `rgb(…)`, `rgba(…)` or `#rrggbb`; black where it is something else. */
function colour(style: unknown): readonly [number, number, number, number] {
  const text = String(style);
  const parts = /^rgba?\(([^)]*)\)$/.exec(text)?.[1]?.split(',').map(Number);
  if (parts) return [parts[0]!, parts[1]!, parts[2]!, parts[3] ?? 1];
  const hex = /^#([0-9a-f]{6})$/i.exec(text)?.[1];
  const value = hex ? Number.parseInt(hex, 16) : 0;
  return [value >> 16, (value >> 8) & 255, value & 255, 1];
}

/** A canvas of RGBA pixels without anything that draws shapes or text: jsdom has none of its own. */
export function pixelCanvas(width: number, height: number): PixelCanvas {
  const pixels = new Uint8ClampedArray(Math.max(1, width * height) * 4);
  const blank = (w: number, h: number): object => ({ data: new Uint8ClampedArray(w * h * 4), width: w, height: h });
  const context = {
    fillStyle: '#000000',
    fillRect(x: number, y: number, w: number, h: number): void {
      const [red, green, blue, opacity] = colour(context.fillStyle);
      for (let row = Math.max(0, Math.round(y)); row < Math.min(height, Math.round(y + h)); row++) {
        for (let column = Math.max(0, Math.round(x)); column < Math.min(width, Math.round(x + w)); column++) {
          pixels.set([red, green, blue, 255 * opacity], (row * width + column) * 4);
        }
      }
    },
    clearRect(): void {
      pixels.fill(0);
    },
    createImageData: blank,
    getImageData: (_x: number, _y: number, w: number, h: number): object => blank(w, h),
    putImageData(image: { data: Uint8ClampedArray; width: number; height: number }, x: number, y: number): void {
      for (let row = 0; row < Math.min(image.height, height - y); row++) {
        const from = row * image.width * 4;
        pixels.set(image.data.subarray(from, from + Math.min(image.width, width - x) * 4), ((row + y) * width + x) * 4);
      }
    },
  };
  const toDataUrl = (): string => {
    const data = new Uint8Array(pixels.buffer, 0, width * height * 4);
    return `data:image/png;base64,${encodePngSync({ width, height, channels: 4, data }).toString('base64')}`;
  };
  return { context, toDataUrl };
}
