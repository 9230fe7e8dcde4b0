/** `roentgen instruct build`: samples of CheXinstruct's form out of any data set. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { key } from '../../engine';
import { writeJson } from '../../files';
import { buildInstructions, type InstructSample, instructTaskNames, publishedSamples } from '../../systems';
import { asUsage, type Context, collect } from '../context';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';
import { openSource, type SourceFlags, sourceOptions } from './source';

interface Flags extends SourceFlags {
  perTask: number;
  task: readonly string[];
  json?: boolean;
}

/** The subcommand's arguments, options and action. */
export function addInstructBuild(command: Command, context: Context): void {
  sourceOptions(
    command.description(`write samples of ${instructTaskNames.length} tasks as JSON in CheXinstruct's form; not for diagnosis`),
    1000,
  )
    .option('--per-task <n>', 'the most samples of a task', wholeNumber(1), 200)
    .option('--task <name>', 'a task by its name; may be given several times; all where it is left out', collect, [])
    .option('--json', 'print how many samples each task has as JSON')
    .addHelpText('after', `\nTasks: ${instructTaskNames.join(', ')}.\nSame options, same bytes.`)
    .action((source: string, flags: Flags) => build(source, flags, context));
}

async function build(name: string, flags: Flags, context: Context): Promise<void> {
  const { perTask, task: tasks, seed } = flags;
  const { folder, source, draw } = await openSource(name, flags, context);
  const bars = oneBar();
  const samples = await asUsage('instruct build', () =>
    buildInstructions(source, {
      key: key(seed),
      perTask,
      ...(tasks.length > 0 && { tasks }),
      signal: context.signal,
      onProgress: (done, total) => bars.show('Tasks', done, total),
    }),
  ).finally(() => bars.end());
  await draw([...new Set(samples.flatMap(({ images }) => images))].sort((a, b) => a - b));
  await writeJson(join(folder, 'instructions.json'), publishedSamples(source, samples));
  const counts = countsOf(samples);
  if (flags.json) {
    context.print(JSON.stringify({ folder, samples: samples.length, tasks: counts }, null, 2));
    return;
  }
  for (const [task, count] of Object.entries(counts)) context.print(`${String(count).padStart(6)}  ${task}`);
  const without = instructTaskNames.filter((task) => (tasks.length === 0 || tasks.includes(task)) && !(task in counts));
  if (without.length > 0) context.say(`${source.name} says nothing that these tasks ask for: ${without.join(', ')}.`);
  context.print(`${samples.length} samples in ${join(folder, 'instructions.json')}; not for diagnosis.`);
}

function countsOf(samples: readonly InstructSample[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { task } of samples) counts[task] = (counts[task] ?? 0) + 1;
  return counts;
}
