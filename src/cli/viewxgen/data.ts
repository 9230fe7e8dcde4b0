/** Where studies with several views come from. */

import { openDataset } from '../../datasets';
import { datasetViewStudies, phantomViewStudies, type ViewStudyParts, type ViewxgenRecipe } from '../../systems';
import type { Context } from '../context';
import { type DataFlags, dataOf } from '../data-options';
import { oneBar } from '../one-bar';

/** The studies of a data set, or of the phantom. */
export async function viewStudiesOf(
  where: string,
  flags: DataFlags,
  { size, network: { images }, phantom }: Pick<ViewxgenRecipe, 'size' | 'network' | 'phantom'>,
  context: Context,
): Promise<ViewStudyParts> {
  const bars = oneBar();
  const options = {
    size,
    images,
    signal: context.signal,
    onProgress: (done: number, total: number): void => bars.show('Images', done, total),
    onNote: (note: string) => context.say(note),
  };
  try {
    const source = dataOf(where, flags);
    if (source.data !== 'phantom') return await datasetViewStudies(await openDataset(source), options);
    return {
      train: await phantomViewStudies('train', phantom.train, options),
      test: await phantomViewStudies('test', phantom.test, options),
    };
  } finally {
    bars.end();
  }
}
