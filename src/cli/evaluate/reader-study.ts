/** `roentgen evaluate reader-study`: with `--reader` the page for one reader until the study is ended, then the tables of all readers so far. */

import type { Command } from 'commander';
import type { Bench, ReaderSitting, ReaderStudyResult, ServeOptions } from '../../evaluation';
import { wholeNumber } from '../numbers';
import { type PageFlags, pageOptions, readUntilEnded } from '../reader-study/page';

interface Flags extends PageFlags {
  pairs?: number;
  texts?: number;
}

/** The command's own options. */
export function readerStudyOptions(command: Command): void {
  pageOptions(command)
    .option('--pairs <n>', 'pairs of a real and a synthetic image of each model; 104 as in the paper, 24 with --quick', wholeNumber(0))
    .option('--texts <n>', 'synthetic images with their texts of each model; 107 as in the paper, 24 with --quick', wholeNumber(0));
}

/** @throws Interrupted where the page was left by Ctrl-C: what is rated is kept */
export async function runReaderStudy(bench: Bench, flags: Readonly<Record<string, unknown>>): Promise<ReaderStudyResult> {
  const { evaluateReaderStudy, openReaderStudy } = require('../../evaluation') as typeof import('../../evaluation');
  const { reader, port, browser = true, pairs, texts }: Flags = flags;
  const counts = { ...(pairs !== undefined && { pairs }), ...(texts !== undefined && { texts }) };
  if (reader !== undefined) {
    const open = (watched: Pick<ServeOptions, 'onRated' | 'port'>): Promise<ReaderSitting> =>
      openReaderStudy(bench, reader, { ...counts, ...watched });
    const say = (note: string): void => bench.note(note);
    const progress = (done: number, total: number): void => bench.progress(`items that ${reader} has rated`, done, total);
    await readUntilEnded({
      reader,
      ...(port !== undefined && { port }),
      browser,
      open,
      say,
      progress,
      ...(bench.signal && { signal: bench.signal }),
    });
  }
  return evaluateReaderStudy(bench, counts);
}
