/** What is found of detail. */

import type { LabelMeasure } from '../classification/measure';
import type { Estimate } from '../estimate';
import type { MemorisationRow } from '../memorisation/rows';

/**
 * What is compared with what: `real` are real images of other patients, the control; `autoencoder` real images through encoder and decoder; `generated` images of
 * texts; `diffusion` those against real images through the same autoencoder, which is all that the diffusion model itself can lose.
 */
export type DetailStage = 'real' | 'autoencoder' | 'generated' | 'diffusion';

interface OfStage {
  /** A model's name; of real images none. */
  readonly model?: string;
  readonly stage: DetailStage;
}

/** Pairs of one image before and after. */
export interface PairRow extends OfStage {
  readonly images: number;
  /** Of 8-bit images, dB; equal ones count as wrong by what rounding hides. */
  readonly psnr: Estimate;
  readonly ssim: Estimate;
  /** Mean absolute error, of greys from 0 to 1. */
  readonly mae: Estimate;
  readonly perceptual: Estimate;
}

/** Sets of images of different patients. */
export interface SetRow extends OfStage {
  readonly space: string;
  readonly count: number;
  readonly fid: Estimate;
  readonly kid: Estimate;
}

/** Whether a fresh network tells the sets apart. */
export interface ToldRow extends OfStage {
  readonly count: number;
  /** 0.5 is chance. */
  readonly accuracy: Estimate;
  readonly auroc: Estimate;
}

/** A band of frequencies, cycles over the image's width; the last one holds its end. */
export interface Band {
  readonly from: number;
  readonly to: number;
}

/** Power of a stage over that of real images. */
export interface SpectrumRow extends OfStage {
  /** By ring of whole cycles over the width, from 1 to Nyquist. */
  readonly rings: readonly Estimate[];
  /** As `bandsOf`, from coarse to fine. */
  readonly bands: readonly Estimate[];
}

/** Images in which the network sees ribs. */
export interface RibRow extends OfStage {
  readonly ribs: 'drawn' | 'left out' | 'asked for';
  readonly count: number;
  readonly seen: Estimate;
}

/** What the chest classifier makes of lines, tubes and other devices. */
export interface DeviceRow extends OfStage {
  readonly labels: readonly LabelMeasure[];
  /** The mean AUROC; null where too few images have a device. */
  readonly mean: Estimate | null;
}

/** Of one model in one space: nearest training images. */
export type CopyRow = MemorisationRow;

/** Which of a model's two stages loses more. */
export interface DetailVerdict {
  readonly model: string;
  readonly measure: 'two-sample accuracy' | 'power of the finest band';
  readonly autoencoder: Estimate;
  readonly diffusion: Estimate;
  readonly most: 'autoencoder' | 'diffusion model' | 'neither' | 'undecided';
}
