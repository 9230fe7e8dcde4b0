/** `roentgen evaluate`: RoentGen's tables and figures, one subcommand each, and all of them. */

import { join } from 'node:path';
import type { Command } from 'commander';
import { notForDiagnosis } from '../../display';
import { duration } from '../../display/internal';
import { startEngine } from '../../engine';
import type { Bench, EvaluationResult, WrittenResult } from '../../evaluation';
import { writeJson } from '../../files';
import { type Context, describeError, exitCodes, UsageError } from '../context';
import { oneBar } from '../one-bar';
import { findingLine, tableLines } from '../result-tables';
import { type EvaluationCommand, evaluations, type OwnFlags } from './evaluations';
import { addEvaluateOptions, benchOf, DEFAULT_BASE, DEFAULT_MODEL, type EvaluateFlags } from './options';

/** The command's subcommands. */
export function addEvaluate(command: Command, context: Context): void {
  for (const evaluation of evaluations) {
    const own = command.command(evaluation.name).description(`${evaluation.what} (${evaluation.paper})`);
    addEvaluateOptions(own, modelOf(evaluation));
    evaluation.options?.(own);
    own.action((flags: EvaluateFlags & OwnFlags) => evaluate([evaluation], flags, context));
  }
  const images = command
    .command('images')
    .description(
      'write the images of each model as PNG files with their table (prompt, img_savename), for CheXGenBench and others to score',
    );
  addEvaluateOptions(images, DEFAULT_MODEL);
  images.action((flags: EvaluateFlags) => writeImages(flags, context));
  const all = command
    .command('all')
    .description('every evaluation that the data allow, with an index page; with --quick at most 20 minutes on two cores');
  addEvaluateOptions(all, DEFAULT_MODEL);
  all.option('--base <folder>', 'the model of another domain that distillation and forgetting adapt', DEFAULT_BASE);
  all.action((flags: EvaluateFlags & OwnFlags) => evaluate(evaluations, flags, context));
}

const modelOf = ({ adapts = false }: EvaluationCommand): string => (adapts ? DEFAULT_BASE : DEFAULT_MODEL);

async function writeImages(flags: EvaluateFlags, context: Context): Promise<void> {
  if (flags.shard || flags.merge) throw new UsageError('evaluate images: writes all images; --shard and --merge belong to evaluations');
  await startEngine({ seed: flags.seed });
  const bars = oneBar();
  try {
    const bench = await benchOf('evaluate images', flags, DEFAULT_MODEL, context, bars.show);
    const { writeImageTable } = require('../../evaluation') as typeof import('../../evaluation');
    const tables: string[] = [];
    for (const model of bench.models) tables.push(await writeImageTable(bench, model, join(bench.out, 'tables', model.name)));
    bars.end();
    if (flags.json) context.print(JSON.stringify(tables, null, 2));
    else for (const table of tables) context.print(table);
    context.say(`Images are ${notForDiagnosis}.`);
  } finally {
    bars.end();
  }
}

interface Done {
  readonly result: EvaluationResult;
  readonly written: WrittenResult;
  readonly seconds: number;
}

/** Of several evaluations one that fails, as for want of labels, does not end the others: it is named, and the command ends with 1. */
export async function evaluate(chosen: readonly EvaluationCommand[], flags: EvaluateFlags & OwnFlags, context: Context): Promise<void> {
  const { library, device, threads } = await startEngine({ seed: flags.seed });
  const engine = `${library}, ${device}, ${threads} threads`;
  const bars = oneBar();
  const all = chosen.length > 1;
  const where = all ? 'evaluate all' : `evaluate ${chosen[0]!.name}`;
  try {
    const bench = await benchOf(where, flags, all ? DEFAULT_MODEL : modelOf(chosen[0]!), context, bars.show);
    await writeJson(join(bench.out, 'evaluation.json'), {
      models: bench.models.map(({ name, folder }) => ({ name, folder })),
      seed: bench.seed,
    });
    if (flags.shard) return await makeShard(bench, flags, context);
    if (flags.merge) await (require('../../evaluation') as typeof import('../../evaluation')).expectMerged(bench);
    const done: Done[] = [];
    const failed: { name: string; why: string }[] = [];
    for (const each of chosen) {
      const started = performance.now();
      try {
        const own = all && each.adapts ? await benchOf(where, ofBase(flags), DEFAULT_BASE, context, bars.show) : bench;
        done.push(await runOne(own, each, flags, engine, started));
      } catch (error) {
        if (!all || context.signal.aborted) throw error;
        failed.push({ name: each.name, why: describeError(error) });
      } finally {
        bars.end();
      }
      const last = failed.at(-1);
      if (last?.name === each.name) context.say(`${each.name}: ${last.why}`);
      else report(done.at(-1)!, flags, context);
    }
    if (all) await writeIndex(bench, done, failed);
    if (failed.length > 0) context.endWith(exitCodes.failed);
    if (flags.json) context.print(jsonOf(all ? { done: done.map(asJson), failed } : asJson(done[0]!)));
  } finally {
    bars.end();
  }
}

/** The base alone: tables of images have no weights that could be adapted. */
const ofBase = ({ images: _, ...flags }: EvaluateFlags & OwnFlags): EvaluateFlags => ({ ...flags, model: [String(flags.base)] });

/** Of one task: what it has made, and what of the whole is left to others. */
async function makeShard(bench: Bench, { shard, json }: EvaluateFlags, context: Context): Promise<void> {
  const { makePart } = require('../../evaluation') as typeof import('../../evaluation');
  const { files, missing } = await makePart(bench);
  if (json) context.print(JSON.stringify({ shard, files, missing }, null, 2));
  else
    context.print(
      `part ${shard!.index} of ${shard!.count} is made; ${files - missing.length} of ${files} files of images and features are there.` +
        (missing.length === 0 ? ' The same command with --merge in place of --shard evaluates them.' : ''),
    );
}

async function runOne(bench: Bench, { run }: EvaluationCommand, flags: OwnFlags, engine: string, started: number): Promise<Done> {
  const { writeResult } = require('../../evaluation') as typeof import('../../evaluation');
  const result = await run(bench, flags);
  const seconds = (performance.now() - started) / 1000;
  return { result, seconds, written: await writeResult(bench, result, { seconds, engine }) };
}

const asJson = ({ result: { figures: _, ...rest }, written, seconds }: Done): object => ({ ...rest, seconds, ...written });
/** Without arrays of pixels and of a number for each image, which files have. */
const jsonOf = (value: object): string => JSON.stringify(value, (_, item) => (ArrayBuffer.isView(item) ? undefined : item), 2);

function report({ result, written, seconds }: Done, { json }: EvaluateFlags, context: Context): void {
  if (json) return;
  for (const note of result.notes) context.say(note);
  for (const table of result.tables) {
    if (table.name.startsWith('paper-') || table.detail) continue;
    context.print('');
    for (const line of tableLines(table)) context.print(line);
  }
  for (const finding of result.findings ?? []) context.print(findingLine(finding));
  context.print('');
  context.print(`${result.evaluation}: ${duration(seconds)}; ${written.page}; images are ${notForDiagnosis}.`);
}

async function writeIndex(
  bench: Bench,
  done: readonly Done[],
  failed: readonly { readonly name: string; readonly why: string }[],
): Promise<void> {
  const { writeIndex: write } = require('../../evaluation/internal') as typeof import('../../evaluation/internal');
  await write(
    bench,
    done.map(({ result, seconds }) => ({ result, seconds })),
    failed,
  );
}
