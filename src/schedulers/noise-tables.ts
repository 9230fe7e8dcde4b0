/** Tables that training gathers from by timestep: numbers computed in JavaScript would become constants in a compiled step. */

import { cumulativeAlphas, makeBetas } from './betas';
import type { PredictionType, SchedulerConfig } from './config';
import { trainingConfig } from './create';

/** One value a training timestep, float32. */
export interface NoiseTables {
  readonly numTrainTimesteps: number;
  readonly predictionType: PredictionType;
  /** ᾱ_t. */
  readonly alphasCumprod: Float32Array;
  /** √ᾱ_t: what multiplies the clean latents. */
  readonly signal: Float32Array;
  /** √(1-ᾱ_t): what multiplies the noise. */
  readonly noise: Float32Array;
  /** ᾱ_t / (1-ᾱ_t). */
  readonly snr: Float32Array;
}

/** The tables of a model folder's scheduler_config.json, whatever its class. */
export function noiseTables(config: SchedulerConfig): NoiseTables {
  const values = trainingConfig(config);
  const alphaBar = cumulativeAlphas(makeBetas(values));
  const table = (fn: (alpha: number) => number): Float32Array => Float32Array.from(alphaBar, fn);
  return {
    numTrainTimesteps: values.num_train_timesteps,
    predictionType: values.prediction_type,
    alphasCumprod: table((alpha) => alpha),
    signal: table(Math.sqrt),
    noise: table((alpha) => Math.sqrt(1 - alpha)),
    snr: table((alpha) => alpha / (1 - alpha)),
  };
}
