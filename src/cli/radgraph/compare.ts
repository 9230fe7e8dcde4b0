/** `roentgen radgraph compare`: F1 of entities and relations between two files, or between the two annotators of one. */

import type { Command } from 'commander';
import { key } from '../../engine';
import { EXTRACTION_DEFINITIONS, type ExtractionScores, extractionScores } from '../../evaluation';
import { FileError } from '../../files';
import type { AnnotatedTwice, RadGraphReport } from '../../systems';
import { type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';
import { alignColumns } from '../table';
import { ANNOTATED, readAnnotated } from './annotated';

interface Flags {
  draws: number;
  seed: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addCompare(command: Command, context: Context): void {
  command
    .description('F1 of entities and relations, micro, macro and by class, and kappa: of a network against gold, or of two annotators')
    .argument('<found>', `${ANNOTATED}; or a file of two annotators alone`)
    .argument('[gold]', 'the same reports, annotated otherwise')
    .option('--draws <n>', 'of the bootstrap over reports', wholeNumber(1), 1000)
    .option('--seed <n>', 'of the bootstrap', wholeNumber(0), 1)
    .option('--json', 'print the scores as JSON')
    .action((found: string, gold: string | undefined, flags: Flags) => compare(found, gold, flags, context));
}

async function compare(found: string, gold: string | undefined, { draws, seed, json }: Flags, context: Context): Promise<void> {
  const pairs = gold === undefined ? await twice(found) : await matched(found, gold, context);
  const scores = extractionScores(pairs, { key: key(seed), draws });
  if (json) {
    context.print(JSON.stringify(scores, null, 2));
    return;
  }
  printScores(scores, draws, context);
  sayDefinitions(context);
}

async function twice(path: string): Promise<AnnotatedTwice[]> {
  const documents = await readAnnotated(path);
  return documents.map(({ annotations }) => {
    if (annotations.length !== 2)
      throw new UsageError(`radgraph compare: ${path} is annotated once; name a second file, or one of two annotators`);
    return annotations;
  });
}

async function matched(found: string, gold: string, context: Context): Promise<AnnotatedTwice[]> {
  const read = async (path: string): Promise<Map<string, RadGraphReport>> => {
    const documents = await readAnnotated(path);
    return new Map(documents.map(({ key: name, annotations: [first] }) => [name, first!]));
  };
  const [a, b] = [await read(found), await read(gold)];
  const pairs = [...b].flatMap(([name, report]): AnnotatedTwice[] => (a.has(name) ? [[a.get(name)!, report]] : []));
  if (pairs.length === 0) throw new FileError(found, `has no report of ${gold}: their keys differ`);
  if (pairs.length < b.size) context.say(`${b.size - pairs.length} of ${b.size} reports of ${gold} are not in ${found} and are left out.`);
  const other = pairs.filter(([one, two]) => one.text.toLowerCase() !== two.text.toLowerCase()).length;
  if (other > 0) throw new FileError(found, `${other} of ${pairs.length} reports have other tokens than in ${gold}`);
  return pairs;
}

/** Scores as lines, in hundredths with intervals. */
export function printScores({ reports, measures, counts, kappa }: ExtractionScores, draws: number, context: Context): void {
  const cell = (value: number): string => (100 * value).toFixed(1);
  const rows = Object.entries(measures).map(([name, { value, low, high }]) => [
    name,
    cell(value),
    `${cell(low)} to ${cell(high)}`,
    counts[name] === undefined ? '' : String(counts[name]),
  ]);
  for (const line of alignColumns([['F1, hundredths', 'value', '95%', 'count'], ...rows], [1, 2, 3])) context.print(line);
  context.print(
    `kappa: tokens ${kappa.tokens.toFixed(3)}, marked tokens ${kappa.markedTokens.toFixed(3)}, relations ${kappa.relations.toFixed(3)}`,
  );
  context.print(`${reports} reports; intervals: 95% bootstrap over reports, ${draws} draws`);
}

/** What the scores mean: once, below all of them. */
export function sayDefinitions(context: Context): void {
  for (const definition of Object.values(EXTRACTION_DEFINITIONS)) context.say(`${definition}.`);
}
