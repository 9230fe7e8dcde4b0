/** Pixels as a feature space. */

import type { FeatureSpace } from '../features';

/** Pixels a side beyond which images are made smaller: a copy is one at this size too. */
const MOST = 64;

/** Greys of the image, of means over squares where it is larger than 64 pixels; distances are root mean squares of differences of grey. */
export function pixelSpace(size: number): FeatureSpace {
  const factor = Math.max(1, Math.floor(size / MOST));
  const side = Math.floor(size / factor);
  const width = side * side;
  return {
    name: 'pixels',
    definition: `greys from 0 to 1${factor > 1 ? `, means over squares of ${factor} pixels` : ''}, ${side} × ${side}; a distance is the root of the mean squared difference (v1)`,
    identity: `pixels/1/${size}/${factor}`,
    width,
    async extract(pixels) {
      const images = pixels.length / size ** 2;
      const out = new Float32Array(images * width);
      const scale = 1 / (factor ** 2 * Math.sqrt(width));
      for (let i = 0; i < images; i++)
        for (let y = 0; y < side * factor; y++) {
          const from = (i * size + y) * size;
          const to = i * width + Math.floor(y / factor) * side;
          for (let x = 0; x < side * factor; x++) out[to + Math.floor(x / factor)]! += scale * pixels[from + x]!;
        }
      return out;
    },
    dispose: () => undefined,
  };
}
