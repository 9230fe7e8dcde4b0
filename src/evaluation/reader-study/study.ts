/** The study of a bench: its images behind the page. */

import { join } from 'node:path';
import { encodePng, readRange } from '../../files/internal';
import type { Bench } from '../bench';
import { generatedImages, type ImageSet, REAL, realImages } from '../image-set';
import { type PlanOptions, planReaderStudy, type ReaderPlan } from './plan';
import { readerList } from './reader-list';
import { readerScales, scaleWords } from './scales';
import { type ServeOptions, serveReaderStudy } from './server';
import { openSitting, type ReaderSitting } from './sitting';

/** Where the ratings of a plan are kept. */
export const ratingsFolder = ({ out }: Bench, { identity }: ReaderPlan): string =>
  join(out, 'reader-study', 'ratings', identity.slice(0, 16));

/**
 * Opens the study's page for one reader: makes the images where they are not there yet, and goes on where the reader was.
 *
 * @throws RangeError where the name can't be a reader's; FileError where another process serves the same reader, or ratings cannot be read or written
 */
export async function openReaderStudy(
  bench: Bench,
  reader: string,
  options: PlanOptions & Pick<ServeOptions, 'port' | 'onRated'> = {},
): Promise<ReaderSitting> {
  const { port, onRated, ...counts } = options;
  const plan = planReaderStudy(bench, counts);
  const list = readerList(plan, reader);
  for (const note of plan.notes) bench.note(note);
  const sets = new Map<string, ImageSet>([[REAL, await realImages(bench, 'test')]]);
  for (const model of bench.models) sets.set(model.name, await generatedImages(bench, model));
  return await openSitting(ratingsFolder(bench, plan), reader, list, (ratings) =>
    serveReaderStudy(
      {
        reader,
        parts: readerScales.map((scale) => ({ scale, ...scaleWords[scale] })),
        list,
        ratings,
        beside: ({ item, scale }) => (scale === 'alignment' ? { text: bench.records[plan.items[item]!.record]!.text } : {}),
        png({ item, syntheticRight }, side) {
          const { scale, images, record } = plan.items[item]!;
          const real = scale === 'realism' && (side === 1) !== syntheticRight;
          return pngOf(sets.get(real ? REAL : images)!, record);
        },
      },
      { ...(port !== undefined && { port }), ...(bench.signal && { signal: bench.signal }), ...(onRated && { onRated }) },
    ),
  );
}

/** Of real and synthetic images alike: 8 bits of grey and no text, which generated images have elsewhere and here would tell. */
async function pngOf({ pixels, size }: ImageSet, row: number): Promise<Uint8Array> {
  const data = Uint8Array.from(await readRange(pixels, row, row + 1), (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return encodePng({ width: size, height: size, channels: 1, data });
}
