/** Whether ribs are to be seen in each stage's images, of the phantom alone. */

import type { PhantomDataset } from '../../datasets';
import type { Bench } from '../bench';
import { type Estimate, shareOf } from '../estimate';
import { inEightBits } from '../instruments/degradations';
import { type RibReader, withoutRibs } from '../networks/rib-reader';
import { type DetailImages, pixelsOf, throughAutoencoder } from './images';
import type { RibRow } from './rows';

/** Shares of images in which the network sees ribs; of real ones and through each autoencoder with ribs and without, which is what the network can do. */
export async function ribRows(
  bench: Bench,
  images: DetailImages,
  { reader, phantom }: { reader: RibReader; phantom: PhantomDataset },
): Promise<RibRow[]> {
  const { real, models, cases } = images;
  const area = bench.size ** 2;
  const seen = async (pixels: Float32Array): Promise<{ count: number; seen: Estimate }> => {
    const ribs = await reader.read(pixels);
    return { count: pixels.length / area, seen: shareOf(ribs.filter((value) => value > 0.5).length, ribs.length) };
  };
  bench.progress('ribs', 0, 1 + models.length);
  const without = await withoutRibs(phantom, cases, bench.size, { signal: bench.signal });
  const rows: RibRow[] = [
    { stage: 'real', ribs: 'drawn', ...(await seen(await pixelsOf(real, cases))) },
    { stage: 'real', ribs: 'left out', ...(await seen(without)) },
  ];
  for (const [i, { name: model, autoencoder, generated }] of models.entries()) {
    if (autoencoder) {
      rows.push({ model, stage: 'autoencoder', ribs: 'drawn', ...(await seen(await pixelsOf(autoencoder, cases))) });
      const through = inEightBits(await throughAutoencoder(bench, bench.models[i]!, without));
      rows.push({ model, stage: 'autoencoder', ribs: 'left out', ...(await seen(through)) });
    }
    rows.push({ model, stage: 'generated', ribs: 'asked for', ...(await seen(await pixelsOf(generated, cases))) });
    bench.progress('ribs', i + 2, 1 + models.length);
  }
  return rows;
}
