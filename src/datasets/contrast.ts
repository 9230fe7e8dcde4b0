/** A dataset whose images have their contrast changed before a network sees them. */

import { createHash } from 'node:crypto';
import { clahe, equaliseHistogram } from '../imaging';
import type { Dataset } from './dataset';
import { inLevels } from './square';

/** `equalise`: grey levels of each image become equally frequent; `clahe`: those of each of its tiles, within a limit (Zuiderveld 1994). */
export type Contrast = 'equalise' | 'clahe';

export const contrasts: readonly Contrast[] = ['equalise', 'clahe'];

/**
 * The same records with images whose contrast is changed at the size that is asked for, from their values in 8 bits.
 *
 * @throws RangeError where there is no such change
 */
export function withContrast(dataset: Dataset, contrast: Contrast): Dataset {
  if (!contrasts.includes(contrast)) throw new RangeError(`contrast: expected ${contrasts.join(' or ')}, got ${JSON.stringify(contrast)}`);
  const { fingerprint, original: _, batch, ...rest } = dataset;
  return {
    ...rest,
    fingerprint:
      fingerprint === undefined
        ? undefined
        : createHash('sha256')
            .update(JSON.stringify([fingerprint, contrast]))
            .digest('hex'),
    async pixels(i, size, threads) {
      return changed(await dataset.pixels(i, size, threads), size, contrast);
    },
    ...(batch
      ? {
          async batch(indices, size, options) {
            const images = await batch(indices, size, options);
            const area = size * size;
            for (let at = 0; at < images.length; at += area) images.set(changed(images.subarray(at, at + area), size, contrast), at);
            return images;
          },
        }
      : {}),
  };
}

function changed(image: Float32Array, size: number, contrast: Contrast): Float32Array {
  const bytes = Uint8Array.from(image, (value) => Math.round(value * 255));
  const values = contrast === 'clahe' ? clahe({ width: size, height: size, data: bytes }) : equaliseHistogram(bytes);
  return inLevels({ values });
}
