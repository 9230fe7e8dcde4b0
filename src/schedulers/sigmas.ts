/**
 * Noise levels σ = √((1-ᾱ)/ᾱ) for methods written in the scaling x = x0 + σ ε, and their spacings: Karras et al. 2022 (arXiv:2206.00364),
 * equal ratios, and beta quantiles (Lee et al. 2024, arXiv:2407.12173).
 */

import { cumulativeAlphas, linspace, makeBetas } from './betas';
import { type CommonConfig, commonDefaults } from './config';
import { betaQuantile } from './quantile';
import { checkSteps, type StepsRequest } from './schedule';
import { cutByStrength, roundHalfEven, spacedTimesteps, type TimestepSpacing } from './spacing';

/** The keys that define levels and timesteps; a method has those of them that its defaults name. */
export interface SigmaConfig extends CommonConfig {
  readonly timestep_spacing?: TimestepSpacing;
  readonly steps_offset?: number;
  readonly use_karras_sigmas?: boolean;
  readonly use_exponential_sigmas?: boolean;
  readonly use_beta_sigmas?: boolean;
  readonly use_lu_lambdas?: boolean;
  readonly sigma_min?: number | null;
  readonly sigma_max?: number | null;
  readonly final_sigmas_type?: 'zero' | 'sigma_min';
  readonly lambda_min_clipped?: number;
  readonly rescale_betas_zero_snr?: boolean;
}

/** Defaults of the methods that evaluate at the ends of the range (Euler, Heun, LMS, KDPM2). */
export const sigmaDefaults: SigmaConfig & Required<Pick<SigmaConfig, 'timestep_spacing' | 'steps_offset'>> = {
  ...commonDefaults,
  timestep_spacing: 'linspace',
  steps_offset: 0,
};

/** The alternatives to levels at evenly spaced timesteps. */
export const sigmaSpacings: Required<Pick<SigmaConfig, 'use_karras_sigmas' | 'use_exponential_sigmas' | 'use_beta_sigmas'>> = {
  use_karras_sigmas: false,
  use_exponential_sigmas: false,
  use_beta_sigmas: false,
};

export interface SigmaTables {
  /** From noisy to clean, one per step. */
  readonly timesteps: readonly number[];
  /** σ at them, and after the last one. */
  readonly sigmas: readonly number[];
  /** σ of every training timestep, rising. */
  readonly levels: Float64Array;
  /** ᾱ of every training timestep. */
  readonly alphasCumprod: Float64Array;
}

export interface SigmaRules {
  /** Solvers that end below the last timestep they visit: integer timesteps, steps + 1 intervals. */
  readonly openEnd?: boolean;
  /** What Karras timesteps become for those: the nearest integer, or the one below. */
  readonly karrasRound?: 'nearest' | 'down';
  /** σ after the last step if the config does not say. */
  readonly final?: 'zero' | 'sigma_min';
}

/**
 * Timesteps and levels for one sampling run.
 *
 * @throws RangeError where `steps` or the combination of keys is not possible
 */
export function makeSigmas(config: SigmaConfig, request: StepsRequest, rules: SigmaRules = {}): SigmaTables {
  const { steps, strength = 1 } = request;
  const { openEnd = false, karrasRound = 'nearest' } = rules;
  const trainSteps = config.num_train_timesteps;
  checkSteps(steps, trainSteps);
  const alphasCumprod = cumulativeAlphas(makeBetas(config));
  // A level that is infinite becomes a very large one: the smallest positive float16 as ᾱ.
  if (config.rescale_betas_zero_snr) alphasCumprod[trainSteps - 1] = 2 ** -24;
  const levels = alphasCumprod.map((alpha) => Math.fround(Math.sqrt(Math.fround(Math.fround(1 - alpha) / alpha))));
  const logLevels = logarithms(levels);

  const respaced = respace(config, levels, steps);
  const clipped = logLevels.filter((logSigma) => -logSigma < (config.lambda_min_clipped ?? Number.NEGATIVE_INFINITY)).length;
  const spacing = { spacing: config.timestep_spacing ?? 'linspace', steps, trainSteps, offset: config.steps_offset ?? 0, openEnd, clipped };
  const timesteps = respaced ? respaced.map((sigma) => timestepOf(sigma, logLevels)) : spacedTimesteps(spacing);
  const sigmas = respaced ?? timesteps.map((t) => levelAt(t, levels));
  const round = openEnd ? (config.use_karras_sigmas || config.use_lu_lambdas ? rounding[karrasRound] : rounding.down) : Math.fround;
  const last = (config.final_sigmas_type ?? rules.final ?? 'zero') === 'zero' ? 0 : levels[0]!;
  return {
    timesteps: cutByStrength(timesteps, strength).map(round),
    sigmas: [...cutByStrength(sigmas, strength), last].map(Math.fround),
    levels,
    alphasCumprod,
  };
}

/** The small number keeps what is whole but for rounding errors. */
const rounding: Readonly<Record<'nearest' | 'down', (t: number) => number>> = { nearest: roundHalfEven, down: (t) => Math.floor(t + 1e-6) };

/** Levels that do not follow the timesteps; undefined where they do. */
function respace(config: SigmaConfig, levels: Float64Array, steps: number): number[] | undefined {
  const spacings = Object.keys({ ...sigmaSpacings, use_lu_lambdas: false }).filter((key) => config[key as keyof SigmaConfig]);
  if (spacings.length > 1) throw new RangeError(`${spacings.join(' and ')}: only one of them can be true`);
  const low = config.sigma_min ?? levels[0]!;
  const high = config.sigma_max ?? levels[levels.length - 1]!;
  if (config.use_karras_sigmas) return linspace(high ** (1 / 7), low ** (1 / 7), steps).map((root) => root ** 7); // eq. (5), ρ = 7
  if (config.use_exponential_sigmas || config.use_lu_lambdas) return linspace(Math.log(high), Math.log(low), steps).map(Math.exp);
  if (config.use_beta_sigmas) return linspace(1, 0, steps).map((q) => low + betaQuantile(q, 0.6, 0.6) * (high - low));
  return undefined;
}

/** σ at a timestep that may be fractional, linear between the training timesteps. */
function levelAt(t: number, levels: Float64Array): number {
  const last = levels.length - 1;
  const below = Math.min(Math.max(Math.floor(t), 0), last);
  const w = Math.min(Math.max(t - below, 0), 1);
  return levels[below]! * (1 - w) + levels[Math.min(below + 1, last)]! * w;
}

/** log σ of a table, rounded as the table is. */
export function logarithms(levels: Float64Array): Float64Array {
  return levels.map((sigma) => Math.fround(Math.log(sigma)));
}

/** The (fractional) timestep of a level, linear in log σ between the training timesteps. */
export function timestepOf(sigma: number, logLevels: Float64Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  let below = 0;
  while (below < logLevels.length - 2 && logLevels[below + 1]! <= logSigma) below++;
  const w = (logSigma - logLevels[below]!) / (logLevels[below + 1]! - logLevels[below]!);
  return below + Math.min(Math.max(w, 0), 1);
}
