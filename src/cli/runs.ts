/** `roentgen runs`: what was trained, and losses of several runs in one plot. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { compareRuns, describeRun, runsBelow } from '../experiments/internal';
import { type Context, UsageError } from './context';
import { root } from './paths';
import { alignColumns, shortNumber } from './table';

interface Flags {
  out?: string;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addRuns(command: Command, context: Context): void {
  command
    .argument('[folders...]', 'a folder of runs (by default runs/), or runs to compare')
    .option('--out <file>', 'the page with the plot; by default compare.html')
    .option('--json', 'print the runs as JSON')
    .action((folders: string[], flags: Flags) => runRuns(folders, flags, context));
}

async function runRuns(paths: readonly string[], flags: Flags, context: Context): Promise<void> {
  const folders = paths.map((folder) => resolve(folder));
  const isRun = (folder: string): boolean => existsSync(join(folder, 'config.json'));
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing) throw new UsageError(`runs: ${missing}: there is no such folder`);
  if (folders.length > 1 || flags.out !== undefined) {
    const other = folders.find((folder) => !isRun(folder));
    if (other) throw new UsageError(`runs: ${other}: holds no run (no config.json); name runs to compare`);
    if (folders.length < 2) throw new UsageError('runs: --out: name two runs or more to compare');
  }
  const runFolders =
    folders.length === 0 ? runsBelow(join(root, 'runs')) : folders.flatMap((folder) => (isRun(folder) ? [folder] : runsBelow(folder)));
  const runs = await Promise.all(runFolders.map(describeRun));
  const plot = folders.length > 1 ? resolve(flags.out ?? 'compare.html') : undefined;
  if (plot) await compareRuns(folders, plot);
  if (flags.json) {
    context.print(JSON.stringify({ runs, plot }, null, 2));
    return;
  }
  if (runs.length === 0) context.print('no runs');
  const rows = runs.map(({ name, recipe, seed, step, steps, loss, imagesPerSecond }) => [
    name,
    recipe,
    String(seed),
    `${step}/${steps}`,
    shortNumber(loss),
    shortNumber(imagesPerSecond),
  ]);
  if (rows.length > 0)
    for (const row of alignColumns([['run', 'recipe', 'seed', 'steps', 'loss', 'images/s'], ...rows], [2, 3, 4, 5])) context.print(row);
  if (plot) context.print(`\n${plot}`);
}
