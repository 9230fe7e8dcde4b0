/** `roentgen train`: a recipe from its data to a model, in a run's folder. */

import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Progress, progress } from '../display';
import { duration } from '../display/internal';
import { type ClusterOptions, joinCluster, startEngine } from '../engine';
import { slurmCluster } from '../engine/internal';
import { loadRecipe, overrideRecipe, type Recipe, type RunProgress, type RunResult, reportRun, runRecipe } from '../experiments';
import { modelToAdapt, recipeForSize, recipeNames } from '../experiments/internal';
import { asUsage, type Context, collect, exitCodes, Interrupted, UsageError } from './context';
import { addDataOptions, type DataFlags, dataOf } from './data-options';
import { findModel } from './models';
import { wholeNumber } from './numbers';
import { root } from './paths';
import { runInTunnel } from './tunnel/outside';
import { insideAddress } from './tunnel/places';
import { readSecret } from './tunnel/secret';

interface Flags extends DataFlags {
  out: string;
  size?: number;
  model?: string;
  steps?: number;
  seed: number;
  resume?: boolean;
  set?: readonly string[];
  workers?: readonly string[];
  rank?: number;
  secret?: string;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addTrain(command: Command, context: Context): void {
  command
    .argument('[recipe]', `a recipe's JSON file, or one of ${recipeNames().join(', ')}; --size finds one`)
    .requiredOption('--out <folder>', "the run's folder, new or empty");
  addDataOptions(command)
    .option(
      '--model <model>',
      'a model to start from, a folder, a packed file or a name; without it, that of the recipe that this one adapts, else random weights, the autoencoder first',
    )
    .option('--size <pixels>', "side of the images: the recipe for anybody's images of this size, in place of a named one", wholeNumber(1))
    .option('--steps <n>', 'steps of the diffusion model, in place of the recipe’s', wholeNumber(0))
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--resume', "go on from the run's last checkpoint")
    .option('--set <key.path=value>', 'a value of the recipe in place of its own; repeatable', collect)
    .option(
      '--workers <host:port,…>',
      'addresses of the processes that share the steps, the same list for each; srun gives them by itself',
      commaList,
    )
    .option('--rank <n>', "this process's place in --workers, from 0, the leader", wholeNumber(0))
    .option(
      '--secret <file>',
      'what the processes know of each other: each runs in a network of its own, and all between them is encrypted; needs user namespaces',
    )
    .option('--json', 'print how it went as JSON')
    .addHelpText(
      'after',
      '\nSays first how long it takes here and how much memory, from a few steps of each part on random images.' +
        '\nProcesses of --workers share the batches of each step (accumulation); docs/cluster.md says how, and why without --secret on trusted networks only.' +
        '\nCtrl-C stops after the step under way with a checkpoint; --resume goes on to the same bytes as without the stop.',
    )
    .action((recipe: string | undefined, flags: Flags) => runTrain(recipe, flags, context));
}

/** The recipe that is named, or the one for a size. */
async function chosenRecipe(name: string | undefined, { size }: Flags): Promise<string> {
  if (name !== undefined && size !== undefined) throw new UsageError(`train: give a recipe (${name}) or a size (${size}), not both`);
  if (size !== undefined) return asUsage('train', () => recipeForSize(size));
  if (name === undefined) throw new UsageError('train: name a recipe, or give --size for the one for images of that size');
  return name;
}

/** `--set` arguments as paths and values: JSON where it is, else text. */
function overrides({ set = [], steps }: Flags): Record<string, unknown> {
  const overrides: Record<string, unknown> = steps === undefined ? {} : { 'diffusion.optimisation.steps': steps };
  for (const each of set) {
    const at = each.indexOf('=');
    if (at <= 0) throw new UsageError(`train: --set: expected key.path=value, got "${each}"`);
    const [path, text] = [each.slice(0, at), each.slice(at + 1)];
    try {
      overrides[path] = JSON.parse(text);
    } catch {
      overrides[path] = text;
    }
  }
  return overrides;
}

/** What training starts from: the model that is named, or that of the recipe that this one adapts. */
function startOf({ name, adapts }: Recipe, named: string | undefined): string | undefined {
  if (named !== undefined) return resolve(findModel('train', named));
  if (adapts === undefined) return undefined;
  const model = modelToAdapt(adapts);
  if (model !== undefined) return resolve(model);
  throw new UsageError(
    `train: ${name} starts from the model of ${adapts}, which is not here: train it (roentgen train ${adapts} --out runs/${adapts}), ` +
      `put its packed file in models/${adapts}.safetensors, or name another with --model`,
  );
}

async function runTrain(named: string | undefined, flags: Flags, context: Context): Promise<void> {
  const all = await asUsage('train', () => clusterOf(flags));
  if (all && flags.secret !== undefined) return await runInside(all, flags.secret, context);
  const name = await chosenRecipe(named, flags);
  if (named === undefined) context.say(`Recipe ${name}.`);
  const recipe = await asUsage('train', async () => overrideRecipe(await loadRecipe(name), overrides(flags)));
  const { seed, resume = false } = flags;
  const model = startOf(recipe, flags.model);
  const out = resolve(flags.out);
  const leads = await asUsage('train', () => joined(all));
  const result = await asUsage('train', () =>
    runRecipe({
      recipe,
      out,
      data: dataOf('train', flags),
      model,
      seed,
      resume,
      signal: context.signal,
      ...(leads && { progress: bars(context) }),
      estimate: true,
    }),
  );
  if (!leads) return context.endWith(result.interrupted ? exitCodes.interrupted : exitCodes.ok); // the leader says it
  const report = result.part === 'diffusion model' && result.steps > 0 ? await reportRun(out) : undefined;
  if (result.interrupted)
    throw new Interrupted(
      `train: interrupted after step ${result.steps} of the ${result.part}; the checkpoint is in ${out}, go on with --resume`,
    );
  print(result, report, flags.json === true, context);
}

const commaList = (text: string): string[] => text.split(',').map((part) => part.trim());

type Place = Pick<ClusterOptions, 'rank' | 'addresses'>;

/** The processes that are named, or those of a Slurm step; none where this one is alone. */
function clusterOf({ workers, rank }: Flags): Place | undefined {
  if ((workers === undefined) !== (rank === undefined)) throw new UsageError('train: give --workers and --rank, or neither');
  return workers !== undefined && rank !== undefined ? { addresses: workers, rank } : slurmCluster(process.env);
}

/** @returns whether this process leads: alone it does */
async function joined(all: Place | undefined): Promise<boolean> {
  if (!all) return true;
  await startEngine();
  await joinCluster(all);
  return all.rank === 0;
}

/** The same command in a network of its own, where all processes are called otherwise. */
async function runInside({ rank, addresses }: Place, secret: string, { signal, say, endWith }: Context): Promise<void> {
  const code = await runInTunnel({
    rank,
    addresses,
    key: await readSecret(secret),
    program: [
      join(root, 'bin', 'roentgen.mjs'),
      ...withoutOptions(process.argv.slice(2), ['--secret', '--workers', '--rank']),
      ...['--workers', addresses.map((_, other) => insideAddress(other)).join(), '--rank', String(rank)],
    ],
    signal,
    say: (sentence) => say(`roentgen: train: ${sentence}`),
  });
  endWith(Object.values(exitCodes).find((one) => one === code) ?? exitCodes.failed);
}

/** Arguments without these options and their values. */
const withoutOptions = (args: readonly string[], names: readonly string[]): string[] =>
  args.filter((arg, i) => !names.includes(arg) && !names.includes(args[i - 1]!) && !names.some((name) => arg.startsWith(`${name}=`)));

/** Progress with rate, time left and loss, one bar for each part. */
function bars(context: Context): RunProgress {
  let bar: Progress | undefined;
  return {
    start: (label, total) => {
      bar?.end();
      bar = progress(total, label);
    },
    step: (done, log) => bar?.update(done, log && `loss ${log.loss.toFixed(4)}`),
    end: () => {
      bar?.end();
      bar = undefined;
    },
    say: (sentence) => context.say(sentence),
  };
}

function print(result: RunResult, report: string | undefined, json: boolean, context: Context): void {
  if (json) {
    context.print(JSON.stringify({ ...result, report }, null, 2));
    return;
  }
  context.print(`${result.steps} steps in ${duration(result.seconds)}, loss ${result.loss.toFixed(4)}`);
  context.print(`model   ${result.model}`);
  context.print(`report  ${report}`);
  context.print('Pictures that the model makes are synthetic, not for diagnosis.');
}
