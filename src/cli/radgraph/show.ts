/** `roentgen radgraph show`: annotated reports as a page. */

import { basename } from 'node:path';
import type { Command } from 'commander';
import { type NotebookCell, notebookHtml } from '../../display/internal';
import { writeFileAtomic } from '../../files/internal';
import { radGraphPicture } from '../../systems';
import { type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { ANNOTATED, readAnnotated } from './annotated';

interface Flags {
  out: string;
  count: number;
  key?: string;
}

/** The command's arguments, options and action. */
export function addShow(command: Command, context: Context): void {
  command
    .description('draw annotated reports as an HTML page: entities in boxes, absence and doubt, relations as arcs')
    .argument('<file>', ANNOTATED)
    .requiredOption('--out <file>', 'the page, a .html file')
    .option('--count <n>', 'the first so many reports', wholeNumber(1), 20)
    .option('--key <key>', 'this report alone')
    .addHelpText('after', '\nThe page quotes the reports and their keys.')
    .action((file: string, flags: Flags) => show(file, flags, context));
}

async function show(file: string, { out, count, key }: Flags, context: Context): Promise<void> {
  if (!/\.html?$/.test(out)) throw new UsageError(`radgraph show: --out: expected a file ending in .html, got ${out}`);
  const documents = await readAnnotated(file);
  const chosen = key === undefined ? documents.slice(0, count) : documents.filter((one) => one.key === key);
  if (chosen.length === 0) throw new UsageError(`radgraph show: ${file} has no report of that key`);
  const cells = chosen.flatMap(({ key: name, annotations }): NotebookCell[] => [
    { cell_type: 'markdown', source: `### ${name.replace(/[\\`*_{}[\]<>#|]/g, '\\$&')}` },
    ...annotations.map((report, i): NotebookCell => {
      const title: NotebookCell['outputs'] =
        annotations.length > 1 ? [{ output_type: 'stream', name: 'stdout', text: `annotator ${i + 1}\n` }] : [];
      return {
        cell_type: 'code',
        source: '',
        outputs: [...title, { output_type: 'display_data', data: radGraphPicture(report!).bundle(), metadata: {} }],
      };
    }),
  ]);
  const note = { cell_type: 'markdown', source: `# ${basename(file)}\n\nAnnotations are not for diagnosis.` } as NotebookCell;
  await writeFileAtomic(
    out,
    notebookHtml({ nbformat: 4, cells: [note, ...cells] }, { name: basename(file), folder: '.', date: new Date() }).html,
  );
  context.print(`${out}: ${chosen.length} of ${documents.length} reports; not for diagnosis`);
}
