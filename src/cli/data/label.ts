/** `roentgen data label SOURCE`: labels of reports by rules, as columns of a table. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { openDataset } from '../../datasets';
import { isEmptyCell, readTable, recordsOf, requireColumns, type Table } from '../../datasets/internal';
import { FileError } from '../../files';
import { writeFileAtomic } from '../../files/internal';
import { type Label, type LabelScheme, labelClasses, labelReport, type ReportLabels } from '../../reports';
import { type Context, UsageError } from '../context';
import { alignColumns } from '../table';

interface LabelFlags {
  readonly textColumn?: string;
  readonly out: string;
  readonly scheme: LabelScheme;
  readonly words?: boolean;
  readonly json?: boolean;
}

/** The command's arguments, options and action. */
export function addLabel(command: Command, context: Context): void {
  command
    .argument('<source>', 'reports: CSV, TSV or JSON lines with a header, also .gz, or Parquet; or a folder of reports as published')
    .option(
      '--text-column <name>',
      'the column of reports, or of parts of them such as impressions; of a folder text (by default), findings, impression, indication, comparison or technique',
    )
    .requiredOption(
      '--out <file>',
      'the CSV file to write: all columns of the table (of a folder id, patient and the texts), then one for each class',
    )
    .addOption(
      new Option('--scheme <name>', 'which classes: the 14 of CheXpert, or those of Open-i')
        .choices(['chexpert', 'openi14'])
        .default('chexpert'),
    )
    .option('--words', 'add a column with the words that decided; it quotes the reports')
    .option('--json', 'print {out, reports, withoutText, classes} as JSON, with counts for each class')
    .description('label reports by rules: 1 there, 0 not, -1 uncertain, blank not mentioned')
    .addHelpText(
      'after',
      '\nIndication, history, comparison and technique are not read where a report has headings. The rules are JSON files in data/labeler.\nReports are neither logged nor printed.',
    )
    .action((source: string, flags: LabelFlags) => labelTable(source, flags, context));
}

const WORDS = 'words';

/** What a class has in all reports. */
type Counts = Record<'positive' | 'negative' | 'uncertain' | 'blank', number>;

const countOf = (label: Label): keyof Counts =>
  label === 1 ? 'positive' : label === 0 ? 'negative' : label === -1 ? 'uncertain' : 'blank';

/**
 * Labels every row and writes the table with the labels.
 *
 * @throws FileError where the table cannot be read, lacks the column, or has one that would be written twice; UsageError where the output is no CSV or the table itself
 */
async function labelTable(path: string, flags: LabelFlags, context: Context): Promise<void> {
  const { out, scheme } = flags;
  if (!/\.csv$/i.test(out)) throw new UsageError(`data label: --out: expected a file ending in .csv, got ${out}`);
  if (resolve(out) === resolve(path)) throw new UsageError('data label: --out is the table itself; name another file');
  const { table, textColumn } = await openReports(path, flags.textColumn, context);
  requireColumns(table, table.columns);
  const classes = labelClasses(scheme);
  const added = flags.words ? [...classes, WORDS] : classes;
  const taken = added.find((name) => table.columns.includes(name));
  if (taken !== undefined)
    throw new FileError(path, `has a column ${JSON.stringify(taken)} already, which the labels would be written to; rename or remove it`);
  const counts = Object.fromEntries(classes.map((name): [string, Counts] => [name, { positive: 0, negative: 0, uncertain: 0, blank: 0 }]));
  let withoutText = 0;
  const lines = [csvLine([...table.columns, ...added])];
  for (const { cells } of table.rows) {
    if (context.signal.aborted) context.signal.throwIfAborted();
    const text = cells[textColumn]!;
    const empty = isEmptyCell(text);
    if (empty) withoutText++;
    const found = labelReport(empty ? '' : text, { scheme });
    for (const name of classes) counts[name]![countOf(found.labels[name]!)]++;
    const values = classes.map((name) => found.labels[name]?.toString() ?? '');
    if (flags.words) values.push(decidingWords(found));
    lines.push(csvLine([...table.columns.map((name) => cells[name]!), ...values]));
  }
  await writeFileAtomic(out, lines.join(''));
  const reports = table.rows.length;
  if (flags.json) {
    context.print(JSON.stringify({ out, reports, withoutText, classes: counts }));
    return;
  }
  context.print(`${out}: ${reports} reports${withoutText > 0 ? `, of which ${withoutText} have no text and no labels` : ''}`);
  const rows = classes.map((name) => [
    name,
    ...(['positive', 'negative', 'uncertain', 'blank'] as const).map((kind) => String(counts[name]![kind])),
  ]);
  for (const line of alignColumns([['class', '1', '0', '-1', 'blank'], ...rows], [1, 2, 3, 4])) context.print(line);
}

/** `Edema 0: edema [no]; …`: class, value, mention, and in brackets the words that denied or doubted it. */
function decidingWords({ mentions }: ReportLabels): string {
  const oneLine = (words: string): string => words.replace(/\s+/g, ' ');
  return mentions
    .map(({ class: name, value, words, scope }) => `${name} ${value}: ${oneLine(words.text)}${scope ? ` [${oneLine(scope.text)}]` : ''}`)
    .join('; ');
}

/** The table that the source is, or that its records make, and its column to label. */
async function openReports(
  source: string,
  textColumn: string | undefined,
  context: Context,
): Promise<{ table: Table; textColumn: string }> {
  if (!statSync(source, { throwIfNoEntry: false })?.isDirectory()) {
    if (textColumn === undefined) throw new UsageError('data label: say which column of the table holds the reports with --text-column');
    return { table: await readTable(source, [textColumn]), textColumn };
  }
  const dataset = await openDataset({ data: resolve(source) });
  for (const note of dataset.notes ?? []) context.say(`${source}: ${note}`);
  const rows = recordsOf(dataset).map(({ id, patient, text, sections }, i) => ({
    number: i + 1,
    cells: { id, patient, text, ...sections },
  }));
  const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const table = { path: source, columns, rows: rows.map(({ number, cells }) => ({ number, cells: { ...blank(columns), ...cells } })) };
  const chosen = textColumn ?? 'text';
  requireColumns(table, [chosen]);
  return { table, textColumn: chosen };
}

const blank = (columns: readonly string[]): Record<string, string> => Object.fromEntries(columns.map((name) => [name, '']));

function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\n`;
}
