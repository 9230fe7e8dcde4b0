/** Features of many sets that share images: each image goes through the network once. */

import { createHash } from 'node:crypto';
import { rowsOf } from '../../files';
import type { Features } from '../../metrics';
import type { Bench } from '../bench';
import { type FeatureSpace, featuresOf } from '../features';

/** Gives features of images one after another, [n, size, size]; those that it has not seen are kept in the bench's folder. */
export function seenFeatures(bench: Bench, space: FeatureSpace): (name: string, pixels: Float32Array) => Promise<Features> {
  const seen = new Map<string, Float32Array>();
  const { size } = bench;
  const { width } = space;
  const area = size * size;
  return async (name, pixels) => {
    const images = Array.from({ length: pixels.length / area }, (_, i) => pixels.subarray(i * area, (i + 1) * area));
    const hashes = images.map((image) =>
      createHash('sha256')
        .update(new Uint8Array(image.buffer, image.byteOffset, image.byteLength))
        .digest('base64'),
    );
    const fresh = [...new Set(hashes)].filter((hash) => !seen.has(hash));
    if (fresh.length > 0) {
      const rows = new Float32Array(fresh.length * area);
      fresh.forEach((hash, i) => {
        rows.set(images[hashes.indexOf(hash)]!, i * area);
      });
      const { values } = await featuresOf(bench, space, { name, pixels: rowsOf(rows, area), size, records: [] });
      fresh.forEach((hash, i) => {
        seen.set(hash, values.subarray(i * width, (i + 1) * width));
      });
    }
    const values = new Float32Array(images.length * width);
    hashes.forEach((hash, i) => {
      values.set(seen.get(hash)!, i * width);
    });
    return { values, rows: images.length, columns: width };
  };
}
