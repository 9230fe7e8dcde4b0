/** `roentgen reader-study read`: with `--reader` the page for one reader until the study is ended, then the tables of all readers so far. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { key } from '../../engine';
import { evaluateReportStudy, openReportStudy } from '../../evaluation';
import { claimFolder } from '../../files/internal';
import { asUsage, type Context } from '../context';
import { oneBar } from '../one-bar';
import { runEvaluation } from '../run-evaluation';
import { type PageFlags, pageOptions, readUntilEnded } from './page';

interface Flags extends PageFlags {
  out: string;
  images?: string;
  json?: boolean;
}

/** The subcommand's arguments, options and action. */
export function addReadStudy(command: Command, context: Context): void {
  pageOptions(
    command
      .description(
        'two reports of the same images side by side, blinded: which is more complete, more correct, more concise; as a page on this machine',
      )
      .argument('<file>', "CheXagent's CSV: sample_id, study_id, images, indication, candidate, reference (reader-study make writes one)"),
  )
    .option('--images <folder>', "the folder that its image paths begin in; by default the file's")
    .option('--out <folder>', 'where ratings are kept, and result.json and ratings.csv go', 'runs/reader-study')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      "\nratings.csv has the file's columns with each reader's scores behind them: -2 the reference is clearly better, 2 the candidate.",
    )
    .action((file: string, flags: Flags) => read(file, flags, context));
}

async function read(given: string, { reader, port, browser = true, ...flags }: Flags, context: Context): Promise<void> {
  const [file, out] = [resolve(given), resolve(flags.out)];
  claimFolder(out, 'a reader study', ['result.json', 'ratings']);
  if (reader !== undefined) {
    const bars = oneBar();
    const images = flags.images === undefined ? {} : { images: resolve(flags.images) };
    try {
      await readUntilEnded({
        reader,
        ...(port !== undefined && { port }),
        browser,
        open: (watched) =>
          asUsage('reader-study', () => openReportStudy(file, { out, reader, signal: context.signal, ...images, ...watched })),
        say: (note) => context.say(note),
        progress: (done, total) => bars.show(`Questions that ${reader} has answered`, done, total),
        signal: context.signal,
      });
    } finally {
      bars.end();
    }
  }
  await runEvaluation(
    {
      command: 'reader-study',
      out,
      facts: { file: given },
      ...(flags.json && { json: true }),
      evaluate: () => evaluateReportStudy(file, { out, key: key(0) }),
    },
    context,
  );
}
