/** What the evaluation of forgetting comes to, row by row. */

import type { Estimate } from '../estimate';
import type { EvaluationResult } from '../result';
import type { Drift } from './drift';

/** A picture of a general prompt. Synthetic, not for diagnosis. */
export interface ShownPicture {
  readonly recipe: string;
  readonly step: number;
  /** Of drawn data; of others a number that stands for it. */
  readonly prompt: string;
  /** Grey, size × size, 0 to 1. */
  readonly pixels: Float32Array;
  readonly size: number;
}

/** One domain at one step of one recipe. Step 0 is the base, of every recipe. */
export interface ForgettingRow {
  readonly recipe: string;
  readonly step: number;
  readonly domain: 'old' | 'new';
  /** Mean squared error of the prediction on real images. */
  readonly loss: Estimate;
  /** Of pictures that are made of the domain's prompts; absent where none were made at this step. */
  readonly fid?: Estimate;
  readonly auroc?: Estimate;
  readonly accuracy?: Estimate;
}

/** What a recipe has lost and gained at its last step, against the base, of the same images and noise. */
export interface RemedyRow {
  readonly recipe: string;
  /** Rise of the loss on the old domain, and its fall on the new one, in percent of the base's. */
  readonly lost: Estimate;
  readonly gained: Estimate;
  /** The loss on the old domain less that of the first recipe, in percent of the base's: below 0 where less is forgotten. */
  readonly againstFirst: Estimate;
  /** AUROC on the old domain's prompts, last less base (Lopez-Paz and Ranzato 2017, arXiv:1706.08840, section 2); absent without labels. */
  readonly backwardTransfer?: Estimate;
  /** The same on the new domain's. */
  readonly aurocGained?: Estimate;
  /** Relative movement of all weights of the text encoder, and of the U-Net. */
  readonly encoderDrift: number;
  readonly unetDrift: number;
}

export interface DriftRow extends Drift {
  readonly recipe: string;
  readonly step: number;
}

/** Differences that findings are read from, in percent of the base's loss. */
export interface ForgettingDifferences {
  /** Of the loss on the old domain over all looks: the first recipe less `unet-only`; absent where one of both is not measured. */
  readonly jointOverUNet?: Estimate;
}

export interface ForgettingResult extends EvaluationResult {
  readonly rows: readonly ForgettingRow[];
  readonly remedies: readonly RemedyRow[];
  readonly drift: readonly DriftRow[];
  readonly differences: ForgettingDifferences;
  /** Pictures of the same general prompts by each model, where they were made. */
  readonly pictures: readonly ShownPicture[];
}
