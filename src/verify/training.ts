/** Checks training: joint AdamW steps on given latents, noise, timesteps and token ids; losses, norms, schedules, weights, parameters and their average. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { loadClipText } from '../encoders/internal';
import { dispose, flatten, startEngine } from '../engine';
import { readSafetensors } from '../files';
import { readJson, toEngineLayout } from '../files/internal';
import { noiseTables } from '../schedulers';
import { type DiffusionBatch, type DiffusionParams, diffusionBatch, diffusionLoss, type Optimisation } from '../training';
import { compileTrainStep, emaDecay, initTrainState, learningRateAt, stepScalars } from '../training/internal';
import { loadUNet } from '../unet';
import { type Checker, type Measure, Unsupported } from './checker';
import { type Fixture, fixtureImage, fromRows, has } from './fixture';
import { listCases } from './list';
import { absolute, failed, relative } from './measure';

const LOSS = 1e-5;
const NORM = 1e-4;
const TENSOR = 5e-4;
const SCHEDULE = 1e-5;

interface Case {
  readonly beta_schedule: Readonly<Record<string, unknown>>;
  readonly input_ids: readonly (readonly (readonly number[])[])[];
  readonly timesteps: readonly (readonly number[])[];
  readonly optimizer: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly weight_decay: number;
    readonly eps: number;
    readonly max_grad_norm: number;
  };
  readonly steps: number;
  readonly prediction_type: 'epsilon' | 'v_prediction' | 'sample';
  readonly variant?: { readonly ema_decay: number; readonly snr_gamma: number; readonly warmup: number; readonly total: number };
  readonly log: {
    readonly loss: readonly number[];
    readonly grad_norm: readonly number[];
    readonly lr: readonly number[];
    readonly ema_decay?: readonly number[];
    readonly weights?: readonly (readonly number[])[];
  };
  readonly parameters: Readonly<Record<string, { readonly norm: number; readonly compare: boolean }>>;
}

function optimisationOf({ optimizer, steps, timesteps, variant }: Case): Optimisation {
  const schedule = variant ? ('cosine' as const) : ('constant' as const);
  return {
    steps: variant?.total ?? steps,
    batch_size: timesteps[0]!.length,
    learning_rate: { peak: optimizer.lr, schedule, warmup: variant?.warmup ?? 0, floor: 0 },
    betas: optimizer.betas,
    epsilon: optimizer.eps,
    weight_decay: optimizer.weight_decay,
    clip_norm: optimizer.max_grad_norm,
    ema_decay: variant?.ema_decay,
  };
}

/** Step `i`'s rows of a tensor [steps, B, C, H, W], as [B, C, H, W]. */
function rowsOf(fixture: Fixture, name: string, i: number): Fixture {
  const { data, shape, dtype } = fixture[name]!;
  const each = data.length / shape[0]!;
  return { [name]: { dtype, shape: shape.slice(1), data: data.slice(i * each, (i + 1) * each) } };
}

function batchOf(spec: Case, inputs: Fixture, i: number): DiffusionBatch {
  const tables = noiseTables({ _class_name: 'DDPMScheduler', ...spec.beta_schedule, prediction_type: spec.prediction_type });
  const [latents, noise] = [fixtureImage(rowsOf(inputs, 'latents', i), 'latents'), fixtureImage(rowsOf(inputs, 'noise', i), 'noise')];
  try {
    return diffusionBatch(tables, spec.variant ? { min_snr_gamma: spec.variant.snr_gamma } : {}, {
      x0: latents.dataSync<'float32'>(),
      noise: noise.dataSync<'float32'>(),
      shape: latents.shape,
      timesteps: spec.timesteps[i]!,
      texts: { ids: fromRows(spec.input_ids[i]!, 'int32') },
    });
  } finally {
    dispose(latents, noise);
  }
}

const normOf = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));

/** The parameters and their average under the fixture's names: its text encoder's keys lack the prefix that ours have, its average is the U-Net's. */
function named(params: DiffusionParams, ema: DiffusionParams | undefined): Map<string, tf.Tensor> {
  const all = new Map<string, tf.Tensor>();
  for (const [path, leaf] of Object.entries(flatten(params.unet))) all.set(`unet.${path}`, leaf);
  for (const [path, leaf] of Object.entries(flatten(params.textEncoder ?? {})))
    all.set(`text_encoder.${path.replace(/^text_model\./, '')}`, leaf);
  for (const [path, leaf] of Object.entries(ema ? flatten(ema.unet) : {})) all.set(`ema.${path}`, leaf);
  return all;
}

function* checkParameters(spec: Case, after: Fixture, actual: ReadonlyMap<string, tf.Tensor>): Generator<Measure> {
  const got: number[] = [];
  const want: number[] = [];
  const missing: string[] = [];
  for (const [name, { norm, compare }] of Object.entries(spec.parameters)) {
    const leaf = actual.get(name) ?? actual.get(name.replace('text_encoder.text_model.', 'text_encoder.'));
    if (!leaf) missing.push(name);
    else if (compare) {
      got.push(normOf(leaf.dataSync()) / (norm || 1));
      want.push(norm === 0 ? 0 : 1);
    }
  }
  if (missing.length > 0) yield failed('parameters', `there is no ${missing.join(', ')}`, TENSOR);
  yield absolute(`norms of ${got.length} parameters`, got, want, TENSOR);
  for (const [name, { shape, data }] of Object.entries(after)) {
    if (spec.parameters[name]?.compare === false) continue;
    const leaf = actual.get(name) ?? actual.get(name.replace('text_encoder.text_model.', 'text_encoder.'));
    if (leaf) yield absolute(name, leaf, toEngineLayout(name, shape, data).data, TENSOR);
    else yield failed(name, 'there is no such parameter', TENSOR);
  }
}

async function* checkTraining(folder: string, name: string): AsyncGenerator<Measure> {
  await startEngine();
  const spec = await readJson<Case>(join(folder, `${name}.json`));
  const optimisation = optimisationOf(spec);
  const { learning_rate } = optimisation;
  const count = spec.log.loss.length;
  const steps = Array.from({ length: count }, (_, i) => i);
  const rates = steps.map((t) => learningRateAt(learning_rate, t, optimisation.steps));
  yield relative('learning rate', rates, spec.log.lr, SCHEDULE);
  const { ema_decay: decays, weights } = spec.log;
  if (decays)
    yield relative(
      'EMA decay',
      steps.map((t) => emaDecay(t + 1, optimisation.ema_decay!)),
      decays,
      SCHEDULE,
    );

  const inputs = await readSafetensors(join(folder, 'inputs.safetensors'));
  const unet = await loadUNet(join(folder, 'unet'));
  const text = await loadClipText(join(folder, 'text_encoder'));
  const params: DiffusionParams = { unet: unet.params, textEncoder: text.params };
  const state = initTrainState(params, optimisation);
  const configs = { unet: unet.config, textEncoder: text.config, predictionType: spec.prediction_type };
  const step = compileTrainStep(
    state,
    {},
    (params: DiffusionParams, batch: DiffusionBatch) => diffusionLoss(configs, params, batch),
    optimisation,
  );
  dispose(state, params);
  try {
    for (const i of steps) {
      const batch = batchOf(spec, inputs, i);
      const scalars = stepScalars(i + 1, optimisation, true);
      const out = step.run(batch, scalars);
      if (weights) yield relative(`step ${i + 1} weights`, batch.weights, weights[i]!, SCHEDULE);
      yield relative(`step ${i + 1} loss`, out.loss, [spec.log.loss[i]!], LOSS);
      yield relative(`step ${i + 1} gradient norm`, out.gradientNorm, [spec.log.grad_norm[i]!], NORM);
      dispose(batch, scalars, out);
    }
    const last = step.read();
    const after = has(folder, `${name}_after.safetensors`) ? await readSafetensors(join(folder, `${name}_after.safetensors`)) : {};
    yield* checkParameters(spec, after, named(last.train.params, last.train.ema));
    dispose(last);
  } finally {
    step.dispose();
  }
}

export const trainingChecker: Checker = {
  component: 'training',

  async cases(folder) {
    return (await listCases(folder)).filter((name) => has(folder, `${name}.json`));
  },

  async *check(folder, name) {
    if (!has(folder, 'inputs.safetensors')) throw new Unsupported('a case without inputs.safetensors');
    yield* checkTraining(folder, name);
  },
};
