/** A reader's sitting with a study of reports: its page, and the ratings that are there already. */

import { join } from 'node:path';
import { encodePng } from '../../files/internal';
import { readRadiograph } from '../../pipelines';
import { type ServeOptions, serveReaderStudy } from '../reader-study/server';
import { openSitting, type ReaderSitting } from '../reader-study/sitting';
import { imageFiles, type ReportPair, readReportPairs } from './file';
import { type ReportItem, reportList, reportPart, studyIdentity } from './list';

/** Where the ratings of a study are kept. */
export const reportRatings = (out: string, pairs: readonly ReportPair[]): string => join(out, 'ratings', studyIdentity(pairs).slice(0, 16));

export interface OpenReportStudyOptions extends ServeOptions {
  /** Where ratings are kept. */
  readonly out: string;
  readonly reader: string;
  /** The folder that paths of images begin in; by default the file's. */
  readonly images?: string;
}

/**
 * Opens a study's page for one reader, where the reader was.
 *
 * @param file CheXagent's CSV
 * @throws FileError where file or images can't be read, or another process serves the same reader; RangeError where the name can't be a reader's
 */
export async function openReportStudy(
  file: string,
  { out, reader, images: folder, ...options }: OpenReportStudyOptions,
): Promise<ReaderSitting> {
  const pairs = await readReportPairs(file);
  const list = reportList(pairs, reader);
  const files = pairs.map((pair) => imageFiles(pair, file, folder));
  return await openSitting(reportRatings(out, pairs), reader, list, (ratings) =>
    serveReaderStudy<ReportItem>(
      {
        reader,
        parts: [reportPart],
        list,
        ratings,
        statement: 'One of each two reports was written by a network. None is for diagnosis.',
        beside: ({ pair, candidateIsB, question }) => {
          const { indication, candidate, reference } = pairs[pair]!;
          const [a, b] = candidateIsB ? [reference, candidate] : [candidate, reference];
          return {
            question,
            texts: [
              ...(indication === '' ? [] : [{ title: 'Indication', text: indication }]),
              { title: 'Report A', text: a },
              { title: 'Report B', text: b },
            ],
          };
        },
        png: ({ pair }, image) => pngOf(files[pair]![image]!),
      },
      options,
    ),
  );
}

/** 8 bits of grey and no text. */
async function pngOf(path: string): Promise<Uint8Array> {
  const { image } = await readRadiograph(path, 1);
  const { width, height, pixels } = image;
  const data = Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return encodePng({ width, height, channels: 1, data });
}
