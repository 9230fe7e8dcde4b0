/** Schedulers by the `_class_name` of a scheduler_config.json, and the exchange of one for another. */

import { resolveConfig, type SchedulerConfig } from './config';
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

const warned = new Set<string>();

/**
 * The scheduler that a model folder's scheduler_config.json describes, ready for one run.
 *
 * @param config  the parsed file; `_class_name` says which method
 * @param request steps, and for image-to-image the strength
 * @throws RangeError where the class or a value is not offered, or `steps` exceeds the training timesteps
 */
export function createScheduler(config: SchedulerConfig, request: StepsRequest): Scheduler {
  const chosen = findClass(config._class_name);
  const { values, unknownKeys } = resolveConfig(chosen.className, chosen, config);
  const message = `${chosen.className}: config keys that it does not know: ${unknownKeys.join(', ')}`;
  if (unknownKeys.length > 0 && !warned.has(message)) {
    warned.add(message);
    console.warn(message);
  }
  return wrapMethod(chosen.className, { ...values }, unknownKeys, chosen.build(values, request));
}

/**
 * The config for another method on the same noise schedule: what the network predicts and keys that both know are kept, the others and the
 * method's own variants dropped. `clip_sample` is false unless the config says otherwise, since latents are not limited to [-1, 1].
 *
 * @param name a short name (`ddim`) or a class name (`DDIMScheduler`)
 */
export function exchangeScheduler(config: SchedulerConfig, name: string): SchedulerConfig {
  const chosen = findClass(name);
  const known = { ...('clip_sample' in chosen.defaults ? { clip_sample: false } : {}), ...config };
  const isVariant = (key: string): boolean => key !== 'prediction_type' && key in (chosen.choices ?? {});
  const kept = Object.entries(known).filter(([key]) => key in chosen.defaults && !isVariant(key));
  return { _class_name: chosen.className, ...Object.fromEntries(kept) };
}

/** Every key of the noise schedule with its value, as training reads it: the class's own defaults where the file has none. */
export function trainingConfig(config: SchedulerConfig): SchedulerClass['defaults'] {
  const chosen = findClass(config._class_name);
  return resolveConfig(chosen.className, chosen, config).values;
}

function findClass(name: string | undefined): SchedulerClass {
  const found = classes.find((one) => one.className === name || one.shortName === name);
  if (found) return found;
  const names = classes.map((one) => `${one.className} (${one.shortName})`).join(', ');
  throw new RangeError(
    `scheduler: ${name === undefined ? 'the config has no _class_name' : `${name} is not supported`}; choose one of ${names}`,
  );
}
