/** `roentgen verify DIR`: measures this library against the outputs of the reference implementations. */

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Planned, type Row, verify } from '../verify';
import { planVerification } from '../verify/internal';
import { type Context, collect, exitCodes, Interrupted, UsageError } from './context';
import { shortNumber } from './table';

interface Flags {
  json?: boolean;
  data?: readonly string[];
  only?: readonly string[];
}

/** The command's arguments, options and action. */
export function addVerify(command: Command, context: Context): void {
  command
    .argument('<dir>', 'a folder of reference fixtures: one sub-folder a component')
    .option('--data <dir>', 'where source pictures, CT and tokenizers lie; repeatable (default: "data" beside the fixtures)', collect)
    .option('--only <prefix>', 'only cases whose component/case begins so; repeatable', collect)
    .option('--json', 'print {rows, passed, failed, unsupported} as JSON')
    .addHelpText('after', '\nExit status: 0 where no row failed, 1 where one did, 2 where the folder is no fixtures folder.')
    .action((dir: string, flags: Flags) => runVerify(dir, flags, context));
}

async function runVerify(dir: string, flags: Flags, context: Context): Promise<void> {
  const folder = await existingFolder(dir, 'verify');
  const data = flags.data ?? [resolve(folder, '..', 'data')];
  if (flags.data) for (const each of flags.data) await existingFolder(each, 'verify --data');
  const only = flags.only ?? [];
  const planned = await planVerification(folder, { only });
  if (planned.length === 0) {
    const what = only.length > 0 ? `no case begins with ${only.join(' or ')}` : 'no fixture in any sub-folder';
    throw new UsageError(`verify: ${folder}: ${what}; expected sub-folders such as unet/sd1 or schedulers/cases.json`);
  }
  const rows: Row[] = [];
  const width = widthsOf(planned);
  if (!flags.json) context.print(line('', 'component/case', 'error', 'tolerance', 'quantity', width));
  const options = { data: data.map((d) => resolve(d)), only, signal: context.signal, warn: context.say };
  for await (const row of verify(folder, planned, options)) {
    rows.push(row);
    if (!flags.json) context.print(rowLine(row, width));
  }
  const totals = countRows(rows);
  if (flags.json) context.print(JSON.stringify({ rows: rows.map(plainRow), ...totals }, null, 2));
  else context.print(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.unsupported} not yet supported`);
  if (context.signal.aborted) throw new Interrupted(`verify: interrupted after ${rows.length} rows of ${planned.length} cases`);
  if (totals.failed > 0) context.endWith(exitCodes.failed);
}

async function existingFolder(path: string, where: string): Promise<string> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats) throw new UsageError(`${where}: ${path}: there is no such folder`);
  if (!stats.isDirectory()) throw new UsageError(`${where}: ${path}: expected a folder, this is a file`);
  return resolve(path);
}

/** How many rows passed, failed and are not yet supported. */
export function countRows(rows: readonly Row[]): { passed: number; failed: number; unsupported: number } {
  const count = (verdict: boolean | null): number => rows.filter((row) => row.pass === verdict).length;
  return { passed: count(true), failed: count(false), unsupported: count(null) };
}

/** The six keys of a row in a fixed order; JSON has no infinity, so an error that is not finite is null (such a row never passes). */
function plainRow(row: Row): Row {
  const error = row.error !== null && Number.isFinite(row.error) ? row.error : null;
  return { component: row.component, case: row.case, quantity: row.quantity, error, tolerance: row.tolerance, pass: row.pass };
}

const widthsOf = (planned: readonly Planned[]): number => Math.max(14, ...planned.map((p) => join(p.component, p.case).length));

function rowLine(row: Row, width: number): string {
  const verdict = row.pass === null ? '-' : row.pass ? 'ok' : 'FAILED';
  return line(verdict, join(row.component, row.case), shortNumber(row.error), shortNumber(row.tolerance), row.quantity, width);
}

function line(verdict: string, name: string, error: string, tolerance: string, quantity: string, width: number): string {
  return `${verdict.padEnd(6)}  ${name.padEnd(width)}  ${error.padStart(9)}  ${tolerance.padStart(9)}  ${quantity}`;
}
