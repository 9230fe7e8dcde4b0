/** Files of radiographs as a model is shown them, with progress. */

import { readRadiograph } from '../../pipelines';
import type { Context } from '../context';
import { oneBar } from '../one-bar';

export interface ImagesRead {
  /** The row of each file. */
  readonly rows: Map<string, number>;
  /** Size × size values a row, 0 to 1. */
  readonly pixels: Float32Array;
}

/** @throws FileError where one can't be read or is smaller than the model's images; the signal's reason */
export async function imagesRead(files: readonly string[], size: number, context: Context): Promise<ImagesRead> {
  const rows = new Map<string, number>();
  const pixels = new Float32Array(files.length * size * size);
  const bars = oneBar();
  try {
    for (const path of files) {
      context.signal.throwIfAborted();
      const { image } = await readRadiograph(path, 1, size);
      pixels.set(image.pixels, rows.size * size * size);
      rows.set(path, rows.size);
      bars.show('Images read', rows.size, files.length);
    }
    return { rows, pixels };
  } finally {
    bars.end();
  }
}
