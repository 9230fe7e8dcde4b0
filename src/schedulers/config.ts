/** scheduler_config.json: the keys as the model folder holds them, checked against what a method reads. */

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

/** The values that a key of text can have; a method may narrow them. */
const choices: Readonly<Record<string, readonly string[]>> = {
  beta_schedule: ['linear', 'scaled_linear', 'squaredcos_cap_v2'],
  prediction_type: ['epsilon', 'v_prediction', 'sample'],
  timestep_spacing: ['leading', 'trailing', 'linspace'],
  final_sigmas_type: ['zero', 'sigma_min'],
};

/** The least and the largest value of keys that hold whole numbers: tables are as long as the first, so that it is checked before one is made. */
const wholeNumbers: Readonly<Record<string, readonly [least: number, most: number]>> = {
  num_train_timesteps: [1, 1_000_000],
  steps_offset: [0, 1_000_000],
};

export interface ConfigRules<C> {
  /** Every key that the method reads, with the value it has where the file does not name it. */
  readonly defaults: C;
  /** Allowed values of keys, beyond or narrower than the usual ones. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
  /** Keys known to the format whose other values would change the numbers in a way that is not offered here. */
  readonly only?: Readonly<Record<string, unknown>>;
}

export interface ResolvedConfig<C> {
  readonly values: C;
  /** Keys of the file that the method does not read. */
  readonly unknownKeys: readonly string[];
}

/**
 * The values a method works with.
 *
 * @param where the class's name, for errors
 * @throws TypeError  where a value has another type than the key
 * @throws RangeError where a value is not one of those offered
 */
export function resolveConfig<C extends CommonConfig>(where: string, rules: ConfigRules<C>, config: SchedulerConfig): ResolvedConfig<C> {
  const values = { ...rules.defaults } as unknown as Record<string, unknown>;
  const unknownKeys: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (key.startsWith('_')) continue;
    if (key in values) {
      checkType(`${where}: ${key}`, value, values[key]);
      values[key] = value ?? values[key];
    } else if (rules.only && key in rules.only) {
      const one = rules.only[key];
      if (value !== one && value !== null)
        throw new RangeError(`${where}: ${key}: only ${JSON.stringify(one)} is supported, got ${JSON.stringify(value)}`);
    } else {
      unknownKeys.push(key);
    }
  }
  for (const [key, allowed] of Object.entries({ ...choices, ...rules.choices })) {
    if (key in values && !allowed.includes(values[key] as string))
      throw new RangeError(`${where}: ${key}: expected one of ${allowed.join(', ')}, got ${JSON.stringify(values[key])}`);
  }
  for (const [key, [least, most]] of Object.entries(wholeNumbers)) {
    const n = values[key] as number;
    if (key in values && !(Number.isInteger(n) && n >= least && n <= most))
      throw new RangeError(`${where}: ${key}: expected a whole number from ${least} to ${most}, got ${n}`);
  }
  return { values: values as unknown as C, unknownKeys };
}

/** Keys whose default is null hold numbers or lists of numbers; the others hold what their default is, or null for the default. */
function checkType(where: string, value: unknown, example: unknown): void {
  if (value === null || value === undefined) return;
  const isNumber = (one: unknown): boolean => typeof one === 'number' && (Number.isFinite(one) || one === example);
  const isNumbers = Array.isArray(value) && value.every(isNumber);
  const [fits, expected] =
    example === null
      ? [isNumber(value) || isNumbers, 'a number or a list of numbers']
      : Array.isArray(example)
        ? [isNumbers, 'a list of numbers']
        : [typeof example === 'number' ? isNumber(value) : typeof value === typeof example, `a ${typeof example}`];
  if (!fits) {
    const got = typeof value === 'number' ? String(value) : JSON.stringify(value)!.slice(0, 100);
    throw new TypeError(`${where}: expected ${expected}, got ${got}`);
  }
}
