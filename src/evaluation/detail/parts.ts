/** Whether ribs, tubes and lines are to be seen in each stage's images, of the phantom alone, of which images without them can be had. */

import type { PhantomDataset } from '../../datasets';
import { foldIn, type Key } from '../../engine';
import { nextTurn } from '../../engine/internal';
import { auroc } from '../../metrics';
import type { Bench } from '../bench';
import { bootstrap, type Estimate, shareOf } from '../estimate';
import { inEightBits } from '../instruments/degradations';
import type { DrawnPart, PartReader } from '../networks/part-reader';
import { type DetailImages, pixelsOf, throughAutoencoder } from './images';
import type { PartRow } from './rows';

/** Fewer images with the part say nothing. */
const LEAST = 8;
const EIGHT_BITS = 255;

/**
 * Shares of images in which the network sees the part: of real ones and through each autoencoder with it and without, which is what the network can do, and of
 * generated ones whose texts ask for it, and where there are some of those that do not.
 *
 * @returns none where fewer than 8 of the images have it
 */
export async function partRows(
  bench: Bench,
  { real, models, cases }: DetailImages,
  { part, reader, phantom, key, draws }: { part: DrawnPart; reader: PartReader; phantom: PhantomDataset; key: Key; draws: number },
): Promise<PartRow[]> {
  const having = cases.filter((row) => part.has(phantom.study(row)));
  const others = cases.filter((row) => !part.has(phantom.study(row)));
  if (having.length < LEAST) return [];
  const seen = async (pixels: Float32Array): Promise<Float32Array> => reader.read(pixels);
  const share = (there: Float32Array): Pick<PartRow, 'count' | 'seen'> => ({
    count: there.length,
    seen: shareOf(there.filter((value) => value > 0.5).length, there.length),
  });
  const without = await leftOut(bench, part, phantom, having);
  /** The part there and not, with how well both are told apart. */
  const both = (about: Pick<PartRow, 'model' | 'stage'>, drawn: Float32Array, gone: Float32Array, number: number): PartRow[] => [
    { ...about, part: part.name, images: 'drawn', ...share(drawn), told: toldApart(drawn, gone, { key: foldIn(key, number), draws }) },
    { ...about, part: part.name, images: 'left out', ...share(gone) },
  ];
  const rows = both({ stage: 'real' }, await seen(await pixelsOf(real, having)), await seen(without), 0);
  for (const [i, { name: model, autoencoder, generated }] of models.entries()) {
    if (autoencoder) {
      const through = inEightBits(await throughAutoencoder(bench, bench.models[i]!, without));
      rows.push(...both({ model, stage: 'autoencoder' }, await seen(await pixelsOf(autoencoder, having)), await seen(through), i + 1));
    }
    const made = { model, stage: 'generated' as const, part: part.name };
    rows.push({ ...made, images: 'asked for', ...share(await seen(await pixelsOf(generated, having))) });
    if (others.length >= LEAST) rows.push({ ...made, images: 'not asked for', ...share(await seen(await pixelsOf(generated, others))) });
    bench.progress(part.name, i + 1, models.length);
  }
  return rows;
}

/** That the network's answer is higher with the part than without; both of a chest are drawn together. */
function toldApart(drawn: Float32Array, gone: Float32Array, options: { key: Key; draws: number }): Estimate {
  const of = (rows: Int32Array): number =>
    auroc(
      [...Array.from(rows, (row) => drawn[row]!), ...Array.from(rows, (row) => gone[row]!)],
      [...Array.from(rows, () => 1), ...Array.from(rows, () => 0)],
    );
  return bootstrap(drawn.length, of, options);
}

/** The images of records without the part, 0 to 1. */
async function leftOut({ size, signal }: Bench, part: DrawnPart, phantom: PhantomDataset, rows: Int32Array): Promise<Float32Array> {
  const area = size * size;
  const out = new Float32Array(rows.length * area);
  for (let i = 0; i < rows.length; i++) {
    part.without(phantom.study(rows[i]!), size).forEach((value, k) => {
      out[i * area + k] = value / EIGHT_BITS;
    });
    if (i % 4 === 3) await nextTurn();
    signal?.throwIfAborted();
  }
  return out;
}
