/** `roentgen instruct bench`: a bench of CheXbench's layout out of any data set. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { key } from '../../engine';
import { writeJson } from '../../files';
import { makeCheXbench } from '../../systems';
import { asUsage, type Context } from '../context';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { openSource, type SourceFlags, sourceOptions } from './source';

interface Flags extends SourceFlags {
  perTask: number;
  json?: boolean;
}

/** The subcommand's arguments, options and action. */
export function addInstructBench(command: Command, context: Context): void {
  sourceOptions(
    command.description(
      "write a bench of CheXbench's layout, right answers balanced over their places; use patients that no training has seen; not for diagnosis",
    ),
    600,
  )
    .option('--per-task <n>', 'the most items of a task', wholeNumber(1), 100)
    .option('--json', 'print how many items each task has as JSON')
    .addHelpText('after', '\nA model is put to it by roentgen chexbench. Same options, same bytes.')
    .action((source: string, flags: Flags) => bench(source, flags, context));
}

async function bench(name: string, flags: Flags, context: Context): Promise<void> {
  const { perTask, seed } = flags;
  const { folder, source, draw } = await openSource(name, flags, context);
  const bars = oneBar();
  const { items, records } = await asUsage('instruct bench', () =>
    makeCheXbench(source, {
      key: key(seed),
      perTask,
      signal: context.signal,
      onProgress: (done, total) => bars.show('Tasks', done, total),
    }),
  ).finally(() => bars.end());
  await draw(records);
  const file = join(folder, 'chexbench.json');
  await writeJson(file, items);
  const counts = Object.fromEntries(Object.entries(items).map(([task, of]) => [task, of.length]));
  if (flags.json) {
    context.print(JSON.stringify({ folder, tasks: counts }, null, 2));
    return;
  }
  for (const [task, count] of Object.entries(counts)) context.print(`${String(count).padStart(6)}  ${task}`);
  context.print(`${file}; put a model to it: roentgen chexbench MODEL --bench ${file}. Not for diagnosis.`);
}
