/** `roentgen radgraph convert`: RadGraph's JSON to DyGIE's lines and back; also a check of either. */

import type { Command } from 'commander';
import { writeAnnotations, writeDygie } from '../../systems';
import { asUsage, type Context, UsageError } from '../context';
import { ANNOTATED, readAnnotated } from './annotated';

/** The command's arguments, options and action. */
export function addConvert(command: Command, context: Context): void {
  command
    .description("RadGraph's JSON to DyGIE's lines and back; what is wrong with a file is said with document and entity")
    .argument('<file>', ANNOTATED)
    .requiredOption('--out <file>', 'the file to write: .json or .jsonl')
    .option('--dataset <name>', "what lines call their data set, which names a network's labels", 'radgraph')
    .action((file: string, flags: { out: string; dataset: string }) => convert(file, flags, context));
}

async function convert(file: string, { out, dataset }: { out: string; dataset: string }, context: Context): Promise<void> {
  if (!/\.jsonl?$/.test(out)) throw new UsageError(`radgraph convert: --out: expected a file ending in .json or .jsonl, got ${out}`);
  const documents = await readAnnotated(file);
  await asUsage('radgraph convert', () =>
    out.endsWith('.jsonl') ? writeDygie(out, documents, dataset) : writeAnnotations(out, documents),
  );
  context.print(`${out}: ${documents.length} reports`);
}
