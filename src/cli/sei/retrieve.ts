/** `roentgen sei retrieve`: an annotation with the similar cases of its studies. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { dispose, startEngine, type Tree } from '../../engine';
import { loadAlignment, retrieveAll, runParts, sharedOfCases, writeSeiAnnotation } from '../../systems';
import { asUsage, type Context, Interrupted, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { addStudiesOptions, type StudiesFlags, sharingInWords, studiesOf } from './data';

interface Flags extends StudiesFlags {
  out: string;
  count: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addRetrieve(command: Command, context: Context): void {
  addStudiesOptions(
    command
      .description("write an annotation with each study's similar cases of the training split, and say how often these share findings")
      .argument('<run>', "a run's folder (sei train)"),
  )
    .requiredOption('--out <file>', 'the annotation to write, a .json file')
    .option('--count <n>', 'cases kept of each study', wholeNumber(1), 20)
    .option('--json', 'print how often cases share findings, by split, as JSON')
    .action((run: string, flags: Flags) => retrieve(run, flags, context));
}

async function retrieve(run: string, flags: Flags, context: Context): Promise<void> {
  const { out, count } = flags;
  if (flags.data === undefined) throw new UsageError('sei retrieve: name the annotation (--data) and the folder of its images (--images)');
  if (!out.endsWith('.json')) throw new UsageError(`sei retrieve: --out: expected a file ending in .json, got ${out}`);
  await startEngine();
  const model = await loadAlignment(runParts(resolve(run)).alignment);
  const bars = oneBar();
  try {
    const data = await studiesOf('sei retrieve', flags, { image: model.config.image, phantom: { train: 0, val: 0, test: 0 } }, context);
    const { annotation } = await asUsage('sei retrieve', () =>
      retrieveAll(model, data, count, { signal: context.signal, onProgress: (done, total) => bars.show('Studies', done, total) }),
    );
    bars.end();
    await writeSeiAnnotation(out, annotation);
    const { train, val, test } = annotation;
    const shared = Object.fromEntries(
      Object.entries({ train, val, test }).map(([split, studies]) => [split, sharedOfCases(train, studies)]),
    );
    if (flags.json) context.print(JSON.stringify(shared, null, 2));
    else for (const [split, one] of Object.entries(shared)) context.print(`${split}: ${sharingInWords(one)}`);
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted('sei retrieve: interrupted');
    throw error;
  } finally {
    bars.end();
    dispose(model.params as Tree);
  }
}
