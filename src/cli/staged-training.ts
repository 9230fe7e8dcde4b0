/** How systems that train in stages are trained: a run's folder for each stage, bars, an interrupt that can be gone on from. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { startEngine } from '../engine';
import { openRunFolder, type RunFolder, writeRunConfig } from '../experiments/internal';
import type { Watched } from '../training';
import { asUsage, type Context, Interrupted, UsageError } from './context';
import { type OneBar, oneBar } from './one-bar';

export interface StagedTraining<S extends string, R> {
  /** The command, for errors. */
  readonly command: string;
  readonly out: string;
  readonly recipe: { readonly run: { readonly checkpoint_every: number } };
  readonly seed: number;
  /** Where the data come from, for the run's config. */
  readonly data: string;
  /** What tells these data from others: a checkpoint of others is refused. */
  readonly identity: unknown;
  readonly stages: Readonly<Record<S, { readonly bar: string; readonly batch: number }>>;
  readonly fit: (watch: (stage: S) => Omit<Watched, 'signal'>, show: OneBar['show']) => Promise<R>;
}

/** How fast a shown loss follows. */
const FOLLOWS = 0.02;

/** @throws Interrupted where it was stopped: the same command goes on */
export async function runStages<S extends string, R>(
  { command, out, recipe, seed, data, identity, stages, fit }: StagedTraining<S, R>,
  context: Context,
): Promise<{ readonly result: R; readonly seconds: number }> {
  const engine = await startEngine();
  const identityHash = createHash('sha256').update(JSON.stringify(identity)).digest('hex'); // it may be all reports
  const runs = new Map<S, RunFolder>();
  const losses = new Map<S, number>();
  const bars = oneBar();
  const started = performance.now();
  const watch = (stage: S): Omit<Watched, 'signal'> => {
    const folder = join(out, stage);
    const run = openRunFolder(folder);
    runs.set(stage, run);
    return {
      checkpoints: {
        folder: join(folder, 'checkpoints'),
        identity: JSON.stringify([recipe, seed, identityHash]),
        resume: 'always',
        every: recipe.run.checkpoint_every,
      },
      async onStart(log) {
        await writeRunConfig(folder, { recipe, seed, data, stage }, engine);
        await run.begin(log);
      },
      onStep(log) {
        run.step(log, stages[stage].batch);
        const before = losses.get(stage) ?? log.loss;
        losses.set(stage, before + FOLLOWS * (log.loss - before));
        bars.show(`${stages[stage].bar}, loss ${losses.get(stage)!.toFixed(3)}`, log.step, log.steps);
      },
    };
  };
  try {
    await writeRunConfig(out, { recipe, seed, data }, engine);
    const result = await asUsage(command, () => fit(watch, bars.show));
    return { result, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted(`${command}: interrupted; the same command goes on`);
    throw error;
  } finally {
    bars.end();
    for (const run of runs.values()) run.end();
  }
}

/** Steps of stages, by name, in place of the recipe's. */
export type StageSteps = Readonly<Record<string, number>>;

/** Adds `--steps`. */
export const stageStepsOption = (command: Command, stages: readonly string[]): Command =>
  command.option(
    '--steps <stage=n>',
    `steps of a stage (${stages.join(', ')}), in place of the recipe's; may be given several times`,
    (given: string, before: StageSteps): StageSteps => {
      const [, stage, steps] = /^([a-z]+)=([1-9]\d*)$/.exec(given) ?? [];
      if (stage === undefined || !stages.includes(stage))
        throw new InvalidArgumentError(`Expected a stage and a number, such as ${stages[0]}=100; stages are ${stages.join(', ')}.`);
      return { ...before, [stage]: Number(steps) };
    },
    {},
  );

/** The recipe with other steps, where they are given. @throws UsageError where it has no such stage */
export function withStageSteps<R extends { readonly stages: Readonly<Record<string, { readonly steps: number } | undefined>> }>(
  recipe: R,
  steps: StageSteps,
): R {
  const lacking = Object.keys(steps).find((stage) => recipe.stages[stage] === undefined);
  if (lacking !== undefined)
    throw new UsageError(`--steps: the recipe has no stage ${lacking}; it has ${Object.keys(recipe.stages).join(', ')}`);
  const stages = Object.entries(recipe.stages).map(([stage, optimisation]) => [
    stage,
    { ...optimisation, steps: steps[stage] ?? optimisation!.steps },
  ]);
  return { ...recipe, stages: Object.fromEntries(stages) };
}
