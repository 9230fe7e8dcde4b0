/** `roentgen report`: a notebook with its outputs as one HTML page that opens offline. */

import type { Command } from 'commander';
import { exportNotebook } from '../display';
import type { Context } from './context';

interface Flags {
  out?: string;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addReport(command: Command, context: Context): void {
  command
    .argument('<notebook>', 'an .ipynb file, executed and saved')
    .option('--out <file>', 'the page to write; by default beside the notebook, ending in .html')
    .option('--json', 'print what was written as JSON')
    .action((notebook: string, flags: Flags) => runReport(notebook, flags, context));
}

async function runReport(notebook: string, flags: Flags, context: Context): Promise<void> {
  const report = await exportNotebook(notebook, flags.out);
  if (flags.json) {
    context.print(JSON.stringify(report));
    return;
  }
  const { out, bytes, cells, figures, errors } = report;
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
  const held = [count(cells, 'cell'), count(figures, 'interactive plot'), ...(errors > 0 ? [count(errors, 'error')] : [])];
  context.print(`${out}: ${held.join(', ')}, ${(bytes / 1e6).toFixed(1)} MB`);
}
