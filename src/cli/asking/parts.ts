/** Where radiographs come from that a model is asked about: options' data set, or the phantom. */

import { openDataset, type Projection } from '../../datasets';
import { datasetParts, type PhantomParts, phantomParts, type RadiographParts } from '../../systems';
import type { Context } from '../context';
import { type DataFlags, dataOf } from '../data-options';
import { oneBar } from '../one-bar';

/** @param views of the phantom */
export async function radiographPartsOf(
  where: string,
  flags: DataFlags,
  { size, phantom, views }: { readonly size: number; readonly phantom: PhantomParts; readonly views: readonly Projection[] },
  context: Context,
): Promise<RadiographParts> {
  const bars = oneBar();
  const reading = {
    signal: context.signal,
    onProgress: (done: number, total: number): void => bars.show('Images', done, total),
    onNote: (note: string) => context.say(note),
  };
  try {
    const source = dataOf(where, flags);
    if (source.data !== 'phantom') return await datasetParts(await openDataset(source), size, reading);
    return await phantomParts(phantom, size, views, reading);
  } finally {
    bars.end();
  }
}
