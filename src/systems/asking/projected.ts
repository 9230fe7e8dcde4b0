/** The phantom's studies by another renderer: a CT volume of each patient, projected as a radiograph. */

import { join } from 'node:path';
import { type LoadPixelsOptions, type PhantomDataset, phantomVolume, radiographsOf } from '../../datasets';
import { foldIn, key } from '../../engine';
import type { Rows } from '../../files';
import { keepRows } from '../../files/internal';
import { withLungTexture } from '../drr-rate/data/ways';

/** Voxels' sides, mm. */
const SPACING = 4;

/** Changes with the way from a study to its projection, beyond the phantom's own fingerprint. */
const VERSION = 1;

/** Projections in a file: what an interruption loses. */
const PER_FILE = 32;

/**
 * Rays through voxels instead of solids, with scatter, noise, the grain of lungs and the display of DRRs. Kept in `.cache/asking`.
 *
 * @returns grey images, size × size a row, 0 to 1
 * @throws the signal's reason where it was raised
 */
export async function projectedRows(phantom: PhantomDataset, size: number, { signal, onProgress }: LoadPixelsOptions = {}): Promise<Rows> {
  const area = size * size;
  const { columns } = await keepRows(
    join('.cache', 'asking'),
    {
      source: { projections: VERSION, phantom: phantom.fingerprint, spacing: SPACING, size },
      length: phantom.length,
      columns: { pixels: { shape: [size, size], dtype: 'U16' } },
      rowsPerFile: PER_FILE,
      async make(from, to) {
        const pixels = new Float32Array((to - from) * area);
        for (let i = from; i < to; i++) {
          signal?.throwIfAborted();
          const study = phantom.study(i);
          const volume = withLungTexture(phantomVolume(study, SPACING), foldIn(key(study.detail), 8));
          const view = study.view === 'PA' ? 'pa' : 'ap';
          pixels.set((await radiographsOf(volume)({ size, view, seed: study.detail })).pixels, (i - from) * area);
        }
        return { values: { pixels } };
      },
    },
    { ...(signal && { signal }), ...(onProgress && { onProgress }) },
  );
  return columns.pixels;
}
