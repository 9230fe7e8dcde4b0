/** What all pipelines ask for in common. */

import type { RowsPart } from '../files';
import type { SchedulerConfig } from '../schedulers';
import type { LoopStep } from './denoise';
import type { GeneratedImage } from './images';
import type { VaeMemory } from './latents';

/** What is sampled with by default, from a cell and from the command line alike. Recipes have settings of their own (`sampling`). */
export const SAMPLING_DEFAULTS = {
  steps: 50,
  /** RoentGen's (arXiv:2211.12737). */
  guidance: 4,
  rescale: 0,
  imageGuidance: 1.5,
  eta: 0,
  seed: 0,
  batchSize: 8,
} as const;

export interface SamplingOptions extends VaeMemory {
  /** One image for each, or `imagesPerPrompt`; the empty prompt is unconditional. */
  readonly prompts: readonly string[];
  /** What the images are guided away from. Default the empty prompt. */
  readonly negative?: string;
  /** Steps from noise to image, default 50; some schedulers call the network more often. */
  readonly steps?: number;
  /** Guidance scale; 1 or less is the prompt's prediction alone. Default 4. */
  readonly guidance?: number;
  /** The model's own, another by its name (`ddim`) on the same noise schedule, or a whole config. */
  readonly scheduler?: string | SchedulerConfig;
  /** For DDIM: 0 is deterministic, 1 has DDPM's variance. Default 0. */
  readonly eta?: number;
  /** Fixes the noise of every image. Default 0. */
  readonly seed?: number;
  /** Default 1. */
  readonly imagesPerPrompt?: number;
  /** Images that are made at a time, default 8; each is the same, to rounding, whatever the batch. */
  readonly batchSize?: number;
  /** Makes one part of the images alone, consecutive ones, as one of several processes does: each is what it is where all are made, to rounding. */
  readonly part?: RowsPart;
  /** Called after each call of the network; awaited. */
  readonly onStep?: (progress: SamplingProgress) => void | Promise<void>;
  /** Called with the images of each batch when they are done, in order; awaited. What was finished before an abort is kept this way. */
  readonly onImages?: (images: readonly GeneratedImage[]) => void | Promise<void>;
  /** Told how many tokens of each prompt were cut off, in place of a warning where some were. */
  readonly onLostTokens?: (lostTokens: readonly number[]) => void;
  /** Ends the sampling within one step. */
  readonly signal?: AbortSignal;
}

/** What some of the pipelines take besides. */
export interface Strengths {
  readonly strength?: number;
  readonly rescale?: number;
  readonly imageGuidance?: number;
}

export interface SamplingProgress extends Pick<LoopStep, 'timestep' | 'input' | 'latents'> {
  /** Network calls done over all batches, from 1. */
  readonly step: number;
  readonly total: number;
  /** Numbers of the images in this batch. */
  readonly indices: readonly number[];
  /** Decodes the images as they are now; noisy at first. Only during the callback. */
  preview(): Promise<GeneratedImage[]>;
  /**
   * The images as they are now, a pixel for each latent, by a linear map of the channels (`fitLatentColours`): next to no time after the
   * first one. Only during the callback.
   */
  quickPreview(): Promise<GeneratedImage[]>;
}
