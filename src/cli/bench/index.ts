/** `roentgen bench [row]`: how long this library takes for the work of the speed table, on this machine, without Python. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { availableMemory } from '../../engine/internal';
import { readJson } from '../../files/internal';
import { type Context, describeError, exitCodes, Interrupted, UsageError } from '../context';
import { root } from '../paths';
import { alignColumns } from '../table';
import { type Machine, thisMachine } from './machine';
import { type Timing, timeWork } from './time-work';
import { type Work, works } from './works';

/** The command's arguments, options and action. */
export function addBench(command: Command, context: Context): void {
  const names = works.map(({ name, title }) => [`  ${name}`, title]);
  command
    .argument('[rows...]', 'which; by default all for which there is memory')
    .option('--json', 'print {machine, rows} as JSON')
    .addHelpText(
      'after',
      `\nRows:\n${alignColumns(names).join('\n')}\n\nFigures of a machine that does something else meanwhile mean little.`,
    )
    .action((rows: string[], flags: { json?: boolean }) => runBench(rows, flags, context));
}

function chosen(names: readonly string[]): readonly Work[] {
  const strange = names.find((name) => !works.some((work) => work.name === name));
  if (strange !== undefined)
    throw new UsageError(`bench: there is no row ${JSON.stringify(strange)}; there are ${works.map(({ name }) => name).join(', ')}`);
  return names.length === 0 ? works : works.filter(({ name }) => names.includes(name));
}

/** A row as it is printed. */
interface Row extends Timing {
  readonly name: string;
  readonly title: string;
  /** Ours to PyTorch's time as last measured on this machine, where it was. */
  readonly ratio?: number;
}

async function runBench(names: readonly string[], { json }: { json?: boolean }, context: Context): Promise<void> {
  const ratios = ratiosOf(await lastMeasured(), thisMachine());
  const rows: Row[] = [];
  for (const work of chosen(names)) {
    const { name, title, gigabytes } = work;
    const free = availableMemory() / 1024;
    if (gigabytes > free) {
      context.say(`${name}: left out, it needs about ${gigabytes} GiB of memory, and ${free.toFixed(1)} are free`);
      if (names.length > 0) context.endWith(exitCodes.failed);
      continue;
    }
    context.say(`${name}: ${title}`);
    try {
      rows.push({ name, title, ...(await timeWork(work, context.signal)), ratio: ratios.get(name) });
    } catch (error) {
      if (error instanceof Interrupted || context.signal.aborted) throw error;
      context.say(`${name}: failed: ${describeError(error)}`);
      context.endWith(exitCodes.failed);
    }
  }
  if (json) context.print(JSON.stringify({ machine: thisMachine(), rows }, null, 2));
  else for (const line of benchTable(rows)) context.print(line);
}

/** The rows as lines of text. */
function benchTable(rows: readonly Row[]): string[] {
  const known = rows.some(({ ratio }) => ratio !== undefined);
  const head = ['row', 'least ms', 'median ms', 'calls', 'peak MiB', 'first ms', ...(known ? ["of PyTorch's"] : []), 'work'];
  const lines = rows.map(({ name, title, least, median, calls, peak, first, ratio }) => [
    name,
    shortTime(least),
    shortTime(median),
    String(calls),
    peak.toFixed(0),
    shortTime(first),
    ...(known ? [ratio?.toFixed(2) ?? '-'] : []),
    title,
  ]);
  return alignColumns([head, ...lines], [1, 2, 3, 4, 5, ...(known ? [6] : [])]);
}

const shortTime = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3));

/** What is read of bench/results.json. */
interface Results {
  readonly machine: Machine;
  readonly rows: readonly {
    readonly work: string;
    readonly precision: string;
    readonly against?: string;
    readonly ratio: number | null;
  }[];
}

/** Ratios of time to PyTorch's by row, where they were measured on this machine. */
export function ratiosOf(results: Results | undefined, machine: Machine): ReadonlyMap<string, number> {
  const ratios = new Map<string, number>();
  if (!results || !isDeepStrictEqual(results.machine, machine)) return ratios;
  for (const { work, ratio, precision, against } of results.rows)
    if (ratio !== null && precision === 'fp32' && against === 'PyTorch' && !ratios.has(work)) ratios.set(work, ratio); // time comes before memory
  return ratios;
}

/** bench/results.json, where it is. */
async function lastMeasured(): Promise<Results | undefined> {
  const file = join(root, 'bench', 'results.json');
  return existsSync(file) ? ((await readJson(file)) as unknown as Results) : undefined;
}
