/** Where studies come from: options that subcommands share. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { annotatedStudies, phantomStudies, type SeiRecipe, type SeiStudies, type SharedFindings } from '../../systems';
import { type Context, UsageError } from '../context';
import { oneBar } from '../one-bar';

export interface StudiesFlags {
  data?: string;
  images?: string;
}

export const addStudiesOptions = (command: Command): Command =>
  command
    .option('--data <file>', "an annotation in SEI's JSON (docs/sei.md); without it studies of the phantom")
    .option('--images <folder>', 'the folder that its image paths begin in, with --data');

/** @throws UsageError where one option is given without the other; FileError naming what of the annotation is wrong */
export async function studiesOf(
  where: string,
  { data, images }: StudiesFlags,
  { image: { size }, phantom }: Pick<SeiRecipe, 'image' | 'phantom'>,
  context: Context,
): Promise<SeiStudies> {
  if ((data === undefined) !== (images === undefined)) throw new UsageError(`${where}: --data and --images belong together`);
  const bars = oneBar();
  const onProgress = (done: number, total: number): void => bars.show('Images', done, total);
  const options = { size, signal: context.signal, onProgress, onNote: (note: string) => context.say(note) };
  try {
    return data === undefined ? await phantomStudies(phantom, options) : await annotatedStudies(data, resolve(images!), options);
  } finally {
    bars.end();
  }
}

/** A retrieval in a sentence. */
export const sharingInWords = ({ queries, retrieved, chance }: SharedFindings): string =>
  queries === 0
    ? 'No study names a finding that a case could share.'
    : `The best case shares a finding with ${(100 * retrieved).toFixed(1)}% of ${queries} studies; a case at random would with ${(100 * chance).toFixed(1)}%.`;
