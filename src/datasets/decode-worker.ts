/** A worker thread that decodes images: takes {job, place, size}, answers with the square or with what is wrong with the file. */

import { parentPort } from 'node:worker_threads';
import { FileError } from '../files';
import type { ImagePlace } from './image-place';
import { decodeSquare, type Square } from './square';

export interface DecodeJob {
  readonly job: number;
  readonly place: ImagePlace;
  readonly size: number;
}

export interface DecodeAnswer {
  readonly job: number;
  readonly square?: Square;
  /** The message of an error, without its path where it is a file's. */
  readonly error?: { readonly message: string; readonly ofFile: boolean };
}

parentPort?.on('message', async ({ job, place, size }: DecodeJob) => {
  try {
    const square = await decodeSquare(place, size);
    parentPort!.postMessage({ job, square } satisfies DecodeAnswer, [square.values.buffer as ArrayBuffer]);
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).replace(`${place.path}: `, '');
    parentPort!.postMessage({ job, error: { message, ofFile: error instanceof FileError } } satisfies DecodeAnswer);
  }
});
