/** A base model on its way into another domain: trained by a recipe, its weights kept at some of the steps for every evaluation that looks at them. */

import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { pixelRows } from '../datasets';
import { textsOf } from '../datasets/internal';
import { cloneTree, dispose, type FlatTree, flatten, foldIn, type Tree } from '../engine';
import { merge } from '../engine/internal';
import { fitDiffusion, overrideRecipe, type Recipe } from '../experiments';
import { loadParameters, saveParameters } from '../files/internal';
import { disposeModel, loadModel, type Model } from '../pipelines';
import { hasLora, mergeLora } from '../pipelines/internal';
import { strategyOf } from '../training/internal';
import { type Bench, type EvaluatedModel, openEvaluated } from './bench';
import { hashOf } from './hash-of';

/** A model after some steps of a recipe; at step 0 it is the base. */
export interface Snapshot extends EvaluatedModel {
  /** The recipe's name. */
  readonly recipe: string;
  readonly step: number;
}

/** Part of what snapshots follow from: changes when the training here does. */
const VERSION = 1;
/** The child of the bench's key that trainings draw from: the same order, noise and timesteps for every recipe. */
const TRAINING = 1501;

/**
 * Adapts the bench's first model to its training part by a recipe, and gives the model at each of these steps. What changed of the weights is kept in
 * `snapshots` of the bench's folder, a file for each step, for all evaluations with the same base, data, seed and recipe; an interrupted training goes on.
 * The recipe's own number of steps is replaced by the last of these.
 *
 * @param steps whole numbers from 0, the base
 * @returns one for each step, in rising order
 * @throws RangeError where the recipe exchanges networks, adds tokens or rewords prompts, so that models before and after cannot be asked alike; the
 *         signal's reason where it was raised
 */
export async function adaptationSnapshots(bench: Bench, recipe: Recipe, steps: readonly number[]): Promise<Snapshot[]> {
  const wanted = [...new Set(steps)].sort((a, b) => a - b);
  const wrong = wanted.find((step) => !Number.isSafeInteger(step) || step < 0);
  if (wrong !== undefined || wanted.length === 0)
    throw new RangeError(`adaptation: steps: expected whole numbers from 0, got ${wrong ?? 'none'}`);
  const base = bench.models[0]!;
  const last = wanted.at(-1)!;
  const adapted = overrideRecipe(recipe, { size: bench.size, 'diffusion.optimisation.steps': Math.max(1, last) });
  if (strategyOf(adapted.diffusion.strategy).prompt)
    throw new RangeError(`adaptation: ${recipe.name} rewords prompts; name recipes that train on the texts as they are`);
  const identity = await identityOf(bench, adapted);
  const folder = join(bench.out, 'snapshots', `${recipe.name}-${identity.slice(0, 16)}`);
  const fileOf = (step: number): string => join(folder, `${stemOf(step)}.safetensors`);
  if (wanted.some((step) => step > 0 && !existsSync(fileOf(step)))) await adapt(bench, adapted, folder, wanted);
  return wanted.map((step) =>
    step === 0
      ? { ...base, recipe: recipe.name, step }
      : {
          name: `${recipe.name}-${step}`,
          folder: base.folder,
          identity: hashOf([identity, step]),
          recipe: recipe.name,
          step,
          open: () => openSnapshot(base, fileOf(step)),
        },
  );
}

const stemOf = (step: number): string => `step-${String(step).padStart(6, '0')}`;

/** All that the weights follow from. */
async function identityOf(bench: Bench, { diffusion, sampling, name }: Recipe): Promise<string> {
  const { train, size, seed, models } = bench;
  const pixels = await trainingPixels(bench);
  return hashOf([VERSION, models[0]!.identity, size, seed, name, diffusion, sampling, pixels.identity, textsOf(train)]);
}

const trainingPixels = (bench: Bench): ReturnType<typeof pixelRows> =>
  pixelRows(bench.train, bench.size, {
    ...(bench.signal && { signal: bench.signal }),
    onProgress: (done, total) => bench.progress('images of the training part', done, total),
    onNote: bench.note,
  });

/** The weights that a training of the diffusion model may change, by their paths. */
const weightsOf = ({ unet, textEncoder }: Model): FlatTree => flatten({ unet: unet.params, textEncoder: textEncoder.params } as Tree);

async function adapt(bench: Bench, recipe: Recipe, folder: string, steps: readonly number[]): Promise<void> {
  const { signal, train } = bench;
  const { name } = recipe;
  const model = await openEvaluated(bench.models[0]!);
  const before = cloneTree(weightsOf(model));
  const checkpoints = join(folder, 'checkpoints');
  await mkdir(folder, { recursive: true });
  try {
    const { interrupted, stopped } = await fitDiffusion(model, recipe, await trainingPixels(bench), textsOf(train), {
      key: foldIn(bench.key, TRAINING),
      checkpoint: { folder: checkpoints, every: Math.max(1, Math.min(...steps.filter((step) => step > 0))), keep: 1, resume: 'unfinished' },
      ...(signal && { signal }),
      onPrepare: (done, total, what) => bench.progress(`${name}: ${what}`, done, total),
      onStart: () => expectSameNetworks(name, before, weightsOf(model)),
      onStep: async ({ step, steps: all, loss }, update) => {
        bench.progress(`${name}: training, loss ${loss.toFixed(3)}`, step, all);
        if (!steps.includes(step) || existsSync(join(folder, `${stemOf(step)}.safetensors`))) return;
        update();
        if (hasLora(model.unet.params) || hasLora(model.textEncoder.params)) mergeLora(model);
        await saveChanged(folder, stemOf(step), before, weightsOf(model));
      },
    });
    if (interrupted) {
      signal?.throwIfAborted();
      throw new Error(`adaptation: ${name}: ${stopped}`);
    }
    await rm(checkpoints, { recursive: true, force: true });
  } finally {
    dispose(before);
    disposeModel(model);
  }
}

/** @throws RangeError where the recipe has made other networks of the base's before it trains */
function expectSameNetworks(recipe: string, before: FlatTree, now: FlatTree): void {
  const other = Object.keys(now).find((path) => !before[path] || !tf.util.arraysEqual(before[path]!.shape, now[path]!.shape));
  if (other !== undefined)
    throw new RangeError(
      `adaptation: ${recipe} exchanges networks or adds tokens (${other}); name recipes that train the base's own weights`,
    );
}

/** Writes the leaves whose values are others than before. */
async function saveChanged(folder: string, stem: string, before: FlatTree, now: FlatTree): Promise<void> {
  const same = (path: string): boolean => {
    const [a, b] = [before[path]!.dataSync(), now[path]!.dataSync()];
    return a.length === b.length && a.every((value, i) => value === b[i]);
  };
  const changed = Object.fromEntries(Object.entries(now).filter(([path]) => !same(path)));
  await saveParameters(folder, stem, changed);
}

async function openSnapshot(base: EvaluatedModel, file: string): Promise<Model> {
  const model = await loadModel(base.folder);
  try {
    const changed = (await loadParameters(file)) as { unet?: Tree; textEncoder?: Tree };
    const replaced = <T extends Tree>(params: T, over: Tree | undefined): T => {
      if (!over) return params;
      const flat = flatten(params);
      for (const path of Object.keys(flatten(over))) flat[path]?.dispose();
      return merge<T>(params, over);
    };
    model.unet = { ...model.unet, params: replaced(model.unet.params, changed.unet) };
    const params = replaced(model.textEncoder.params as Tree, changed.textEncoder);
    model.textEncoder = { ...model.textEncoder, params: params as typeof model.textEncoder.params };
    return model;
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

/** Steps of a training, and between looks at it; where they are left out, as `snapshotSteps` says. */
export interface SnapshotOptions {
  readonly steps?: number;
  readonly every?: number;
}

/** 0, `every`, 2 · `every`, … and the last step: by default the recipe's own steps by 50; 60 by 20 where it is to be quick. */
export function snapshotSteps({ quick }: Pick<Bench, 'quick'>, recipe: Recipe, options: SnapshotOptions): number[] {
  const { steps = quick ? 60 : recipe.diffusion.optimisation.steps, every = quick ? 20 : 50 } = options;
  for (const [name, value] of Object.entries({ steps, every }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`adaptation: ${name}: expected a whole number from 1, got ${value}`);
  return [...new Set([...Array.from({ length: Math.ceil(steps / every) }, (_, i) => i * every), steps])];
}
