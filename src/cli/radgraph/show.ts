/** `roentgen radgraph show`: annotated reports as a page. */

import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Displayable } from '../../display';
import { type NotebookCell, notebookHtml } from '../../display/internal';
import { FileError } from '../../files';
import { writeFileAtomic } from '../../files/internal';
import { type AnnotatedDocument, radGraphComparison, radGraphPicture } from '../../systems';
import { type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { ANNOTATED, readAnnotated } from './annotated';

interface Flags {
  out: string;
  count: number;
  key?: string;
  against?: string;
}

/** The command's arguments, options and action. */
export function addShow(command: Command, context: Context): void {
  command
    .description('draw annotated reports as an HTML page: entities in boxes, absence and doubt, relations as arcs')
    .argument('<file>', ANNOTATED)
    .requiredOption('--out <file>', 'the page, a .html file')
    .option('--count <n>', 'the first so many reports', wholeNumber(1), 20)
    .option('--key <key>', 'this report alone')
    .option('--against <file>', 'the same reports as they should be, by key: entities are coloured by whether both say the same')
    .addHelpText('after', '\nThe page quotes the reports and their keys.')
    .action((file: string, flags: Flags) => show(file, flags, context));
}

async function show(file: string, { out, count, key, against }: Flags, context: Context): Promise<void> {
  if (!/\.html?$/.test(out)) throw new UsageError(`radgraph show: --out: expected a file ending in .html, got ${out}`);
  const documents = against === undefined ? await readAnnotated(file) : await inBoth(file, against, context);
  const chosen = key === undefined ? documents.slice(0, count) : documents.filter((one) => one.key === key);
  if (chosen.length === 0) throw new UsageError(`radgraph show: ${file} has no report of that key`);
  const cells = chosen.flatMap(({ key: name, annotations }): NotebookCell[] => {
    const heading: NotebookCell = { cell_type: 'markdown', source: `### ${name.replace(/[\\`*_{}[\]<>#|]/g, '\\$&')}` };
    if (against !== undefined)
      return [heading, pictureCell(radGraphComparison(annotations[0]!, annotations[1]!, [basename(file), basename(against)]))];
    const title = (i: number): string | undefined => (annotations.length > 1 ? `annotator ${i + 1}\n` : undefined);
    return [heading, ...annotations.map((report, i) => pictureCell(radGraphPicture(report!), title(i)))];
  });
  const note = { cell_type: 'markdown', source: `# ${basename(file)}\n\nAnnotations are not for diagnosis.` } as NotebookCell;
  await writeFileAtomic(
    out,
    notebookHtml({ nbformat: 4, cells: [note, ...cells] }, { name: basename(file), folder: '.', date: new Date() }).html,
  );
  context.print(`${out}: ${chosen.length} of ${documents.length} reports; not for diagnosis`);
}

const pictureCell = (picture: Displayable, title?: string): NotebookCell => ({
  cell_type: 'code',
  source: '',
  outputs: [
    ...(title === undefined ? [] : [{ output_type: 'stream', name: 'stdout', text: title } as const]),
    { output_type: 'display_data', data: picture.bundle(), metadata: {} },
  ],
});

/** Reports that both files have, as the first file has them and as the second; of two annotators the first is taken. */
async function inBoth(file: string, against: string, context: Context): Promise<AnnotatedDocument[]> {
  const references = new Map((await readAnnotated(against)).map(({ key, annotations: [first] }) => [key, first!]));
  const found = await readAnnotated(file);
  const pairs = found.flatMap(({ key, annotations: [first] }): AnnotatedDocument[] =>
    references.has(key) ? [{ key, annotations: [first!, references.get(key)!] }] : [],
  );
  if (pairs.length === 0) throw new FileError(file, `has no report of ${against}: their keys differ`);
  if (pairs.length < found.length)
    context.say(`${found.length - pairs.length} of ${found.length} reports of ${file} are not in ${against} and are left out.`);
  return pairs;
}
