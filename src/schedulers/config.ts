/** scheduler_config.json: the keys as the model folder holds them, checked against what a method reads. */

import { completeSettings, is, optional, type PublishedKeys, withoutNulls } from '../files/internal';
import type { BetaConfig } from './betas';

export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';

/** A scheduler_config.json as read: `_class_name` and any of the keys that its class knows. */
export interface SchedulerConfig {
  readonly _class_name?: string;
  readonly [key: string]: unknown;
}

/** Keys that every method reads. */
export interface CommonConfig extends BetaConfig {
  readonly prediction_type: PredictionType;
}

export const commonDefaults: CommonConfig = {
  num_train_timesteps: 1000,
  beta_start: 0.0001,
  beta_end: 0.02,
  beta_schedule: 'linear',
  trained_betas: null,
  prediction_type: 'epsilon',
};

const numbers: is.Check = (value) => {
  const fits = is.number()(value) === undefined || is.list(is.number())(value) === undefined;
  return fits ? undefined : 'a number or a list of numbers';
};

/** What keys may hold that are not simply of their default's type. A method may narrow the texts (`choices`). */
const checks: Readonly<Record<string, is.Check>> = {
  beta_schedule: is.oneOf('linear', 'scaled_linear', 'squaredcos_cap_v2'),
  prediction_type: is.oneOf('epsilon', 'v_prediction', 'sample'),
  timestep_spacing: is.oneOf('leading', 'trailing', 'linspace'),
  final_sigmas_type: is.oneOf('zero', 'sigma_min'),
  // Tables are as long as it, so that it is checked before one is made.
  num_train_timesteps: is.whole(1, 1_000_000),
  steps_offset: is.whole(0, 1_000_000),
};

/**
 * Keys of diffusers' schedulers. A folder's file may hold those of a method that stood there before, since `from_config` carries them over; a method
 * that has no such key passes over it, as diffusers does. Not listed, so that they are refused unless they are off, are keys of another noise schedule
 * than that of the betas: `rescale_betas_zero_snr`, `use_flow_sigmas`, `use_dynamic_shifting`.
 */
const FURTHER: PublishedKeys = Object.fromEntries(
  (
    'algorithm_type clip_sample clip_sample_range disable_corrector dynamic_thresholding_ratio euler_at_final final_sigmas_type flow_shift ' +
    'interpolation_type lambda_min_clipped lower_order_final predict_x0 sample_max_value set_alpha_to_one shift_terminal ' +
    'sigma_max sigma_min skip_prk_steps snr_shift_scale solver_order solver_p solver_type steps_offset thresholding time_shift_type ' +
    'timestep_spacing timestep_type use_beta_sigmas use_exponential_sigmas use_karras_sigmas ' +
    'use_lu_lambdas variance_type original_inference_steps timestep_scaling clip_sample_value tensor_format'
  )
    .split(' ')
    .map((key) => [key, is.anything]),
);

export interface ConfigRules<C> {
  /** Every key that the method reads, with the value it has where the file does not name it. */
  readonly defaults: C;
  /** Allowed values of keys, beyond or narrower than the usual ones. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** Keys known to the format whose other values would change the numbers in a way that is not offered here. */
  readonly only?: Readonly<Record<string, unknown>>;
}

/**
 * The values a method works with: those of the file, in which null stands for the default, over the method's own.
 *
 * @param where the class's name, for errors
 * @throws RangeError where a key is unknown to all methods, or a value is not of the key's type or not one of those offered
 */
export function resolveConfig<C extends CommonConfig>(
  where: string,
  { defaults, choices = {}, only = {} }: ConfigRules<C>,
  config: SchedulerConfig,
): C {
  const check = (key: string, standard: unknown): is.Check =>
    key in choices ? is.oneOf(...choices[key]!) : (checks[key] ?? (standard === null ? numbers : is.like(standard)));
  const shape = Object.fromEntries(Object.entries(defaults).map(([key, standard]) => [key, optional(check(key, standard), standard)]));
  const fixed = Object.fromEntries(Object.entries(only).map(([key, value]) => [key, is.oneOf(value)]));
  return completeSettings<Record<string, unknown>>(where, withoutNulls(config), shape, { ...FURTHER, ...fixed }) as unknown as C;
}
