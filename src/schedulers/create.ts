/** Schedulers by the `_class_name` of a scheduler_config.json, and the exchange of one for another. */

import { withoutNulls } from '../files/internal';
import { commonDefaults, resolveConfig, type SchedulerConfig } from './config';
import { ddim } from './ddim';
import { ddpm } from './ddpm';
import { deis } from './deis';
import { dpmSolver } from './dpm-solver';
import { dpmSolverSinglestep } from './dpm-solver-singlestep';
import { euler, eulerAncestral } from './euler';
import { heun } from './heun';
import { kdpm2 } from './kdpm2';
import { lms } from './lms';
import { pndm } from './pndm';
import type { StepsRequest } from './schedule';
import { type Scheduler, wrapMethod } from './scheduler';
import type { SchedulerClass } from './scheduler-class';
import { unipc } from './unipc';

const classes: readonly SchedulerClass[] = [
  pndm,
  ddim,
  ddpm,
  euler,
  eulerAncestral,
  heun,
  lms,
  kdpm2,
  dpmSolver,
  dpmSolverSinglestep,
  unipc,
  deis,
] as readonly SchedulerClass[];

/** Short names (`pndm`, `ddim`, …) of the schedulers by their class names. */
export const schedulerNames: Readonly<Record<string, string>> = Object.fromEntries(classes.map((one) => [one.className, one.shortName]));

/**
 * The scheduler that a model folder's scheduler_config.json describes, ready for one run.
 *
 * @param config  the parsed file; `_class_name` says which method
 * @param request steps, and for image-to-image the strength
 * @throws RangeError where the class, a key or a value is not offered, or `steps` exceeds the training timesteps
 */
export function createScheduler(config: SchedulerConfig, request: StepsRequest): Scheduler {
  const target = findClass(config._class_name);
  const values = resolveConfig(target.className, target, config);
  return wrapMethod(target.className, { ...values }, target.build(values, request));
}

/**
 * Whether a config can be worked with, whatever the number of steps will be.
 *
 * @returns the name of its class
 * @throws RangeError as `createScheduler`
 */
export function checkScheduler(config: SchedulerConfig): string {
  const { num_train_timesteps: n } = trainingConfig(config);
  return createScheduler(config, { steps: n < 8 ? 1 : 4 }).className; // the Runge-Kutta start of PNDM takes four
}

/** Keys of configs whose noise schedule is not that of their betas alone, with the value that leaves it so. */
const betasAlone: Readonly<Record<string, unknown>> = { use_flow_sigmas: false, snr_shift_scale: 1, timestep_type: 'discrete' };

/**
 * The config for another method on the same noise schedule, as diffusers' `from_config` makes it: what the network predicts and keys that both know are
 * kept, the others and another method's own variants dropped. The config's own class need not be one that is offered here. Two differences:
 * `clip_sample` is false unless the config says otherwise, since latents are not limited to [-1, 1]; betas that a known class's config leaves out
 * are that class's, not the other one's.
 *
 * @param name a short name (`ddim`) or a class name (`DDIMScheduler`)
 * @throws RangeError where the method is not offered, or the config's noise schedule is not given by betas that the method can take over
 */
export function exchangeScheduler(config: SchedulerConfig, name: string): SchedulerConfig {
  const target = findClass(name);
  const settings = settingsFor(config, target);
  const why = whyNot(settings, target);
  if (why) {
    const others = schedulersFor(config);
    const advice = others.length > 0 ? `; choose one of ${others.join(', ')}` : '';
    throw new RangeError(`${config._class_name ?? 'the scheduler config'} can't be exchanged for ${target.className}: ${why}${advice}`);
  }
  const source = sourceOf(config);
  const isVariant = (key: string): boolean => source !== target && key !== 'prediction_type' && key in (target.choices ?? {});
  const entries = Object.entries(settings).filter(([key]) => key in target.defaults && !isVariant(key));
  return { _class_name: target.className, ...Object.fromEntries(entries) };
}

/** Short names of the methods that can take over a config's noise schedule (`exchangeScheduler`): what a model can be sampled with. */
export function schedulersFor(config: SchedulerConfig): string[] {
  return classes.filter((target) => whyNot(settingsFor(config, target), target) === undefined).map(({ shortName }) => shortName);
}

const sourceOf = ({ _class_name: name }: SchedulerConfig): SchedulerClass | undefined =>
  classes.find(({ className, shortName }) => name === className || name === shortName);

/** A config's keys as another method may take them over, with the betas that its own class has where it names none. */
function settingsFor(config: SchedulerConfig, target: SchedulerClass): SchedulerConfig {
  const source = sourceOf(config);
  const betas =
    source && Object.fromEntries(Object.keys(commonDefaults).map((key) => [key, source.defaults[key as keyof typeof commonDefaults]]));
  return { ...('clip_sample' in target.defaults ? { clip_sample: false } : {}), ...betas, ...withoutNulls(config) };
}

/** Why a method can't take over a noise schedule; undefined where it can. */
function whyNot(settings: SchedulerConfig, { defaults }: SchedulerClass): string | undefined {
  const { beta_schedule: schedule, beta_start: start, beta_end: end, trained_betas: trained } = settings;
  if (!trained && !(schedule === 'squaredcos_cap_v2' || (schedule && typeof start === 'number' && typeof end === 'number')))
    return 'its config gives no betas (beta_schedule with beta_start and beta_end, or trained_betas), which the other method would need';
  for (const [key, value] of Object.entries(betasAlone))
    if (key in settings && settings[key] !== value)
      return `its ${key} is ${JSON.stringify(settings[key])}: noise does not follow its betas alone`;
  if (settings.rescale_betas_zero_snr && !('rescale_betas_zero_snr' in defaults))
    return 'the model was trained with rescale_betas_zero_snr, which that method does not know';
  return undefined;
}

/** Every key of the noise schedule with its value, as training reads it: the class's own defaults where the file has none. */
export function trainingConfig(config: SchedulerConfig): SchedulerClass['defaults'] {
  const target = findClass(config._class_name);
  return resolveConfig(target.className, target, config);
}

/**
 * The class name of a method.
 *
 * @param name a short name (`ddim`) or a class name
 * @throws RangeError where it is not offered, listing those that are
 */
export function schedulerClassName(name: string): string {
  return findClass(name).className;
}

function findClass(name: string | undefined): SchedulerClass {
  const match = classes.find((one) => one.className === name || one.shortName === name);
  if (match) return match;
  const names = classes.map((one) => `${one.className} (${one.shortName})`).join(', ');
  throw new RangeError(
    `scheduler: ${name === undefined ? 'the config has no _class_name' : `${name} is not supported`}; choose one of ${names} ` +
      '(--scheduler of roentgen generate, `scheduler` of loadModel, or _class_name in the config)',
  );
}
