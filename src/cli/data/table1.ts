/** `roentgen data table1`: the paper's Table 1 of any data, beside the paper's own. */

import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Dataset, type ImageRecord, openDataset, openPhantom } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { tableOneOfPaper, tableOnePart, tableOneRows } from '../../experiments';
import { writeFileAtomic } from '../../files/internal';
import { labelReport } from '../../reports';
import { loadTokenizer, type Tokenizer } from '../../tokenizers';
import { type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { defaultDataFolders } from '../paths';
import { alignColumns } from '../table';

interface Flags {
  tokenizer?: string;
  count: number;
  csv?: string;
  paper: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addTable1(command: Command, context: Context): void {
  command
    .description("the paper's Table 1 of any data: images, lengths of texts, labels, views")
    .argument('<sources...>', 'folders of radiographs or reports as published, or "phantom" (its impressions)')
    .option('--tokenizer <folder>', "whose tokens are counted; by default CLIP's, data/tokenizers/clip")
    .option('--count <n>', "the phantom's studies", wholeNumber(1), 10_000)
    .option('--no-paper', "without the paper's own columns")
    .option('--csv <file>', 'write the table there, too')
    .option('--json', 'print {parts} as JSON')
    .action((sources: string[], flags: Flags) => table1(sources, flags, context));
}

async function table1(sources: readonly string[], flags: Flags, context: Context): Promise<void> {
  const tokenizer = await openTokenizer(flags.tokenizer);
  const parts = [];
  for (const source of sources) {
    const dataset = await open(source, flags.count);
    for (const note of dataset.notes ?? []) context.say(`${source}: ${note}`);
    context.signal.throwIfAborted();
    const labelled = recordsOf(dataset).some(({ labels }) => Object.keys(labels).length > 0);
    if (!labelled) context.say(`${source}: has no labels of its own; they are found in its texts by rules`);
    const name = source === 'phantom' ? 'phantom (synthetic)' : basename(resolve(source));
    parts.push(tableOnePart(name, dataset, tokenizer, labelled ? undefined : labelsOfText));
  }
  const rows = tableOneRows([...parts, ...(flags.paper ? tableOneOfPaper() : [])]);
  if (flags.csv !== undefined) await writeFileAtomic(flags.csv, `${rows.map((row) => row.map(csvCell).join(',')).join('\n')}\n`);
  if (flags.json) context.print(JSON.stringify({ parts }, null, 2));
  else for (const line of alignColumns(rows, rows[0]!.map((_, i) => i).slice(1))) context.print(line);
}

/** What a text says is there, with the names of records; what is uncertain or not mentioned does not count. */
function labelsOfText(text: string): ImageRecord['labels'] {
  return Object.fromEntries(Object.entries(labelReport(text).labels).map(([name, value]) => [name.toLowerCase(), value === 1 ? 1 : 0]));
}

const csvCell = (cell: string): string => (/[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

async function open(source: string, count: number): Promise<Dataset> {
  return source === 'phantom'
    ? openPhantom({ style: 'impression', views: ['PA', 'AP', 'LATERAL'], count })
    : openDataset({ data: resolve(source) });
}

async function openTokenizer(folder: string | undefined): Promise<Tokenizer> {
  const usual = defaultDataFolders().map((data) => join(data, 'tokenizers', 'clip'));
  const found = folder ?? usual.find((each) => existsSync(each));
  if (found === undefined) throw new UsageError('data table1: there is no data/tokenizers/clip; name a tokenizer with --tokenizer');
  return loadTokenizer(resolve(found));
}
