/** `roentgen doctor`: what was found on this machine, and what to do about each thing that is missing. */

import type { Command } from 'commander';
import { type Context, collect, exitCodes } from '../context';
import { defaultDataFolders } from '../paths';
import { alignColumns } from '../table';
import { examine } from './examine';
import type { Finding } from './finding';

/** The command's arguments, options and action. */
export function addDoctor(command: Command, context: Context): void {
  command
    .option('--data <dir>', 'a folder in which tokenizers are looked for; repeatable', collect)
    .option('--class', 'also what a room of students needs: models, the base, memory')
    .option('--json', 'print {ok, findings, ...} as JSON')
    .addHelpText('after', '\nExit status: 0 where all that is needed is there, 1 where something is missing.')
    .action(async (flags: { class?: boolean; json?: boolean; data?: readonly string[] }) => {
      const report = await examine(flags.data ?? defaultDataFolders(), flags.class === true);
      if (flags.json) context.print(JSON.stringify(report, null, 2));
      else for (const text of describe(report.findings)) context.print(text);
      if (!report.ok) context.endWith(exitCodes.failed);
    });
}

const marks: Readonly<Record<Finding['status'], string>> = { ok: 'ok', note: 'note', missing: 'MISSING' };

function describe(findings: readonly Finding[]): string[] {
  const lines = alignColumns(findings.map((f) => [marks[f.status], f.name, f.found]));
  const advice = findings.flatMap((f) => (f.advice ? [`${f.name}: ${f.advice}`] : []));
  return advice.length > 0 ? [...lines, '', 'What to do:', ...advice.map((text) => `  ${text}`)] : [...lines, '', 'Nothing is missing.'];
}
