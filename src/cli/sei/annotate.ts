/** `roentgen sei annotate`: a data set's frontal images and reports as SEI's annotation. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openDataset } from '../../datasets';
import { key } from '../../engine';
import { annotationOf, coreFindings, readAnnotations, writeSeiAnnotation } from '../../systems';
import { asUsage, type Context, UsageError } from '../context';
import { wholeNumber } from '../numbers';

interface Flags {
  data: string;
  radgraph: string;
  out: string;
  seed: number;
}

/** The command's arguments, options and action. */
export function addAnnotate(command: Command, context: Context): void {
  command
    .description(
      "write SEI's annotation of a data set with reports, such as MIMIC-CXR: sections, cleaned indications, structural entities, splits",
    )
    .requiredOption('--data <folder>', 'images and reports as published')
    .requiredOption('--radgraph <file>', 'entities of its reports (radgraph infer)')
    .requiredOption('--out <file>', 'the annotation to write, a .json file')
    .option('--seed <n>', 'by which patients are divided where the data have no splits', wholeNumber(0), 1)
    .action((flags: Flags) => annotate(flags, context));
}

async function annotate({ data, radgraph, out, seed }: Flags, context: Context): Promise<void> {
  if (!out.endsWith('.json')) throw new UsageError(`sei annotate: --out: expected a file ending in .json, got ${out}`);
  const { byKey } = coreFindings(await readAnnotations(radgraph));
  const dataset = await openDataset({ data: resolve(data) });
  const { annotation, counts } = await asUsage('sei annotate', () => annotationOf(dataset, byKey, key(seed)));
  await writeSeiAnnotation(out, annotation);
  const { notFrontal, withoutFile, withoutFindings, withoutCoreFindings } = counts;
  const { train, val, test } = annotation;
  context.print(`${out}: ${train.length} images to learn from, ${val.length} to validate, ${test.length} to test`);
  context.say(
    `Of ${counts.images} images are left out: ${notFrontal} that are not frontal, ${withoutFile} without a file, ${withoutFindings} without FINDINGS. ${withoutCoreFindings} to learn from have no core findings.`,
  );
}
