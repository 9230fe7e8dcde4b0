/** `roentgen radgraph infer`: entities and relations of reports, as RadGraph's JSON. */

import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { progress } from '../../display';
import { duration } from '../../display/internal';
import { dispose, startEngine } from '../../engine';
import type { RowsPart } from '../../files';
import { hashFiles } from '../../files/internal';
import { agreementWithLabels, annotateAll, type LabelAgreement, loadRadGraph, radGraphReader, readAnnotations } from '../../systems';
import { type Context, Interrupted, UsageError } from '../context';
import { partOf } from '../numbers';
import { reportsOf, type SourceReport } from './reports';

interface Flags {
  data: string;
  textColumn?: string;
  out: string;
  shard?: RowsPart;
  merge?: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addInfer(command: Command, context: Context): void {
  command
    .description("entities and relations of reports, as RadGraph's JSON; goes on where it was stopped")
    .argument('<model>', "a network's folder (radgraph train), or a published archive with converted weights")
    .requiredOption('--data <source>', 'a folder of reports or images as published, "phantom", or a table of texts')
    .option('--text-column <name>', "a table's column of reports")
    .requiredOption('--out <file>', 'the JSON file to write; parts lie in a folder beside it until all are done')
    .option('--shard <I/N>', 'make part I of N (from 0) alone, as one task of an array does', partOf)
    .option('--merge', 'write the file of what all parts have made, and say what is missing')
    .option('--json', 'print the counts as JSON')
    .addHelpText('after', '\nReports and their keys are neither logged nor printed; they are in the file alone.')
    .action((model: string, flags: Flags) => infer(model, flags, context));
}

async function infer(folder: string, flags: Flags, context: Context): Promise<void> {
  const { data, textColumn, shard, merge } = flags;
  if (!flags.out.endsWith('.json')) throw new UsageError(`radgraph infer: --out: expected a file ending in .json, got ${flags.out}`);
  if (shard && merge) throw new UsageError('radgraph infer: --shard makes a part and --merge none; give one of them');
  const out = resolve(flags.out);
  const reports = await reportsOf(data, textColumn, context);
  await startEngine();
  const model = await loadRadGraph(folder);
  const reader = radGraphReader(model);
  const bar = progress(reports.length, 'Reports');
  const started = performance.now();
  try {
    const files = readdirSync(folder).filter((name) => /\.(safetensors|json|txt)$/.test(name));
    const counts = await annotateAll({
      reader,
      reports,
      out,
      identity: await hashFiles(folder, files, context.signal),
      source: basename(data),
      ...(shard && { part: shard }),
      ...(merge && { merge }),
      signal: context.signal,
      onProgress: (done) => bar.update(done),
    });
    bar.end();
    const seconds = (performance.now() - started) / 1000;
    const labels = counts === undefined ? undefined : await agreementOf(out, reports);
    if (flags.json) context.print(JSON.stringify({ out, seconds, ...(counts ?? { shard }), labels }, null, 2));
    else if (counts === undefined)
      context.print(`part ${shard!.index} of ${shard!.count} is made; with all of them, --merge writes ${out}`);
    else {
      const { empty, cut, lostWords, circles, entities, relations } = counts;
      context.print(`${out}: ${counts.reports - empty} reports, ${entities} entities, ${relations} relations in ${duration(seconds)}`);
      if (labels) context.print(inWords(labels));
      if (empty > 0) context.say(`${empty} reports are empty and left out.`);
      if (cut > 0) context.say(`${cut} reports are longer than is read and were cut; ${lostWords} words were lost.`);
      if (circles > 0) context.say(`${circles} relations that closed a circle were left out.`);
    }
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted('radgraph infer: interrupted; the same command goes on');
    throw error;
  } finally {
    bar.end();
    reader.dispose();
    dispose(model.params);
  }
}

/** Where the data have labels: whether what the entities say is there is what these say. */
async function agreementOf(out: string, reports: readonly SourceReport[]): Promise<LabelAgreement | undefined> {
  const labelled = new Map(reports.flatMap(({ key, labels }) => (Object.keys(labels).length > 0 ? [[key, labels] as const] : [])));
  if (labelled.size === 0) return undefined;
  const documents = await readAnnotations(out);
  return agreementWithLabels(
    documents.flatMap(({ key, annotations: [report] }) => (labelled.has(key) ? [[report!, labelled.get(key)!] as const] : [])),
  );
}

const inWords = ({ reports, classes, precision, recall, f1, equal }: LabelAgreement): string =>
  `presence against the data's labels (${reports} reports, ${classes.length} classes): F1 ${(100 * f1).toFixed(1)}, precision ${(100 * precision).toFixed(1)}, ` +
  `recall ${(100 * recall).toFixed(1)}; ${(100 * equal).toFixed(1)}% of all pairs of report and class are equal`;
