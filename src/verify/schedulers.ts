/** Schedulers against the reference's timesteps, levels and trajectories under a fake model that is a formula. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { createScheduler, type Scheduler, type SchedulerConfig, schedulerNames } from '../schedulers';
import { cumulativeAlphas, disposeState, makeBetas } from '../schedulers/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { absolute, failed, holds, rel, relative, unsupported } from './measure';

/** One sampling run as `cases.json` records it. */
interface Run {
  readonly timesteps: readonly number[];
  readonly init_noise_sigma: number;
  readonly sigmas?: readonly number[];
  readonly trajectory_steps: readonly number[];
  readonly step_calls_that_draw_noise: readonly number[];
  readonly noise_timesteps: readonly number[];
}

interface Case {
  readonly name: string;
  readonly class: string;
  readonly constructor: Record<string, unknown>;
  readonly step_kwargs: Readonly<Record<string, number>>;
  readonly file: string;
  readonly runs: Readonly<Record<string, Run>>;
}

interface Cases {
  /** The fake model: amp · sin(k · input + t / 1000). */
  readonly k: number;
  readonly amp: number;
  readonly cases: readonly Case[];
}

type Arrays = Record<string, { shape: readonly number[]; data: ArrayLike<number> }>;

const tolerance = { tensor: 2e-4, sigma: 1e-4, fractionalTimestep: 1e-3, table: 1e-5 };

export const schedulersChecker: Checker = {
  component: 'schedulers',
  async cases(folder) {
    const { cases } = (await readJson(join(folder, 'cases.json'))) as Cases;
    return [...cases.map(({ name }) => name), 'alphas', 'configs'];
  },
  async *check(folder, name) {
    if (name === 'alphas') return yield* checkTables(folder);
    if (name === 'configs') return yield* checkConfigs(join(folder, 'configs'));
    const file = (await readJson(join(folder, 'cases.json'))) as Cases;
    const one = file.cases.find((entry) => entry.name === name)!;
    if (!(one.class in schedulerNames)) throw new Unsupported(`class ${one.class}`);
    const unknown = Object.keys(one.step_kwargs).filter((key) => !['eta', 'order'].includes(key));
    if (unknown.length > 0) throw new Unsupported(`step argument ${unknown.join(', ')}`);
    const tensors = (await readSafetensors(join(folder, one.file))) as Arrays;
    const common = (await readSafetensors(join(folder, 'common.safetensors'))) as Arrays;
    for (const [steps, run] of Object.entries(one.runs)) {
      // Object.hasOwn: JSON keys named "constructor" must not be the prototype's.
      const config = { ...(Object.hasOwn(one, 'constructor') ? one.constructor : {}), _class_name: one.class };
      const scheduler = createScheduler(config, { steps: Number(steps) });
      yield checkTimesteps(`timesteps_${steps}`, scheduler.timesteps, run.timesteps);
      yield relative(`init_noise_sigma_${steps}`, scheduler.initNoiseSigma, run.init_noise_sigma, tolerance.sigma);
      if (run.sigmas)
        yield scheduler.sigmas ? rel(`sigmas_${steps}`, scheduler.sigmas, run.sigmas, tolerance.sigma) : unsupported(`sigmas_${steps}`);
      yield checkTrajectory(steps, scheduler, run, tensors, common, file, one.step_kwargs);
      yield* checkNoise(steps, scheduler, run, tensors, common);
    }
  },
};

/** Whole timesteps are exact; fractional ones come from a float32 interpolation. */
function checkTimesteps(quantity: string, got: readonly number[], want: readonly number[]): Measure {
  return absolute(quantity, got, want, want.every(Number.isInteger) ? 0 : tolerance.fractionalTimestep);
}

function checkTrajectory(
  steps: string,
  scheduler: Scheduler,
  run: Run,
  tensors: Arrays,
  common: Arrays,
  { k, amp }: Cases,
  options: Readonly<Record<string, number>>,
): Measure {
  const quantity = `trajectory_${steps}`;
  const expected = tensors[quantity];
  if (!expected) return failed(quantity, 'not in the file');
  const [x0, noise] = [common.x0!, common.noise!];
  const size = x0.data.length;
  const tensor = (data: ArrayLike<number>, from = 0): tf.Tensor =>
    tf.tensor(
      Float32Array.from({ length: size }, (_, i) => data[from + i]!),
      [...x0.shape],
    );
  const rows: number[] = [];
  let state = scheduler.start();
  let x = scope(() => tf.mul(tensor(x0.data), scheduler.initNoiseSigma));
  for (let call = 0; call <= scheduler.timesteps.length; call++) {
    if (run.trajectory_steps.includes(call)) rows.push(...x.dataSync());
    const t = scheduler.timesteps[call];
    if (t === undefined) break;
    const input = scheduler.scaleInput(state, x);
    // In float64, rounded to float32, as the reference's fake model does it.
    const output = tensor(Float64Array.from(input.dataSync(), (value) => amp * Math.sin(k * value + t / 1000)));
    const drawn = run.step_calls_that_draw_noise.includes(call) ? tensor(noise.data, call * size) : undefined;
    const next = scheduler.step(state, x, output, t, { ...options, noise: drawn });
    disposeState(state);
    for (const old of [x, input, output, drawn]) old?.dispose();
    ({ x, state } = next);
  }
  disposeState(state);
  x.dispose();
  return rel(quantity, rows, expected.data, tolerance.tensor);
}

function* checkNoise(steps: string, scheduler: Scheduler, run: Run, tensors: Arrays, common: Arrays): Iterable<Measure> {
  const [original, eps] = [common.original!, common.eps!].map(({ data, shape }) => tf.tensor(Float32Array.from(data), [...shape])) as [
    tf.Tensor,
    tf.Tensor,
  ];
  try {
    for (const [name, fn] of [
      ['add_noise', scheduler.addNoise],
      ['velocity', scheduler.velocity],
    ] as const) {
      const expected = tensors[`${name}_${steps}`];
      if (!expected) continue;
      // Fractional timesteps may differ in their last digits; a level is looked up by our own.
      const nearest = run.noise_timesteps.map(
        (t) => scheduler.timesteps.find((timestep) => Math.abs(timestep - t) <= tolerance.fractionalTimestep) ?? t,
      );
      const got = fn(original, eps, nearest);
      yield rel(`${name}_${steps}`, got, expected.data, tolerance.tensor);
      got.dispose();
    }
  } finally {
    original.dispose();
    eps.dispose();
  }
}

/** Tables whose config the fixtures' generator fixes: names after `alphas_cumprod_` say how they differ from the scaled linear ones. */
const tables: Readonly<Record<string, Partial<Parameters<typeof makeBetas>[0]>>> = {
  '': {},
  _zero_snr: { rescale_betas_zero_snr: true },
  _cosine: { beta_schedule: 'squaredcos_cap_v2' },
  _linear: { beta_schedule: 'linear', beta_start: 1e-4, beta_end: 0.02 },
};

async function* checkTables(folder: string): AsyncIterable<Measure> {
  const { cases } = (await readJson(join(folder, 'cases.json'))) as Cases;
  const settings = cases[0] && Object.hasOwn(cases[0], 'constructor') ? cases[0].constructor : {};
  const expected = (await readSafetensors(join(folder, 'alphas.safetensors'))) as Arrays;
  for (const [name, { data }] of Object.entries(expected)) {
    const change = tables[name.replace(/^(betas|alphas_cumprod)/, '')];
    if (!change) {
      yield unsupported(name);
      continue;
    }
    const { beta_start = 0.0001, beta_end = 0.02, beta_schedule = 'linear' } = settings as Partial<Parameters<typeof makeBetas>[0]>;
    const betas = makeBetas({ num_train_timesteps: data.length, beta_start, beta_end, beta_schedule, trained_betas: null, ...change });
    yield absolute(name, name.startsWith('betas') ? betas : cumulativeAlphas(betas), data, tolerance.table);
  }
}

async function* checkConfigs(folder: string): AsyncIterable<Measure> {
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    const config = (await readJson(join(folder, file))) as SchedulerConfig;
    if (!(String(config._class_name) in schedulerNames)) {
      yield unsupported(`loads ${file}`);
      continue;
    }
    let refused = '';
    try {
      createScheduler(config, { steps: 10 });
    } catch (error) {
      refused = (error as Error).message;
    }
    yield holds(`loads ${file}`, refused === '', refused);
  }
}
