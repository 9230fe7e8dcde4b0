/** What is found of detail. */

import type { LabelMeasure } from '../classification/measure';
import type { Estimate } from '../estimate';
import type { MemorisationRow } from '../memorisation/rows';

/**
 * What is compared with what: `real` are real images of other patients, the control; `autoencoder` real images through encoder and decoder; `generated` images of
 * texts; `diffusion` those against real images through the same autoencoder, which is all that the diffusion model itself can lose.
 */
export type DetailStage = 'real' | 'autoencoder' | 'generated' | 'diffusion';

/** What a row is of. */
export interface DetailOfStage {
  /** A model's name; of real images none. */
  readonly model?: string;
  readonly stage: DetailStage;
}

/** Pairs of one image before and after. */
export interface DetailPairRow extends DetailOfStage {
  readonly images: number;
  /** Of 8-bit images, dB; equal ones count as wrong by what rounding hides. */
  readonly psnr: Estimate;
  readonly ssim: Estimate;
  /** Mean absolute error, of greys from 0 to 1. */
  readonly mae: Estimate;
  readonly perceptual: Estimate;
}

/** Sets of images of different patients. */
export interface DetailSetRow extends DetailOfStage {
  readonly space: string;
  readonly count: number;
  readonly fid: Estimate;
  readonly kid: Estimate;
}

/** Whether a fresh network tells the sets apart. */
export interface DetailToldRow extends DetailOfStage {
  readonly count: number;
  /** 0.5 is chance. */
  readonly accuracy: Estimate;
  readonly auroc: Estimate;
}

/** A band of frequencies, cycles over the image's width; the last one holds its end. */
export interface DetailBand {
  readonly from: number;
  readonly to: number;
}

/** Power of a stage over that of real images. */
export interface PowerRow extends DetailOfStage {
  /** By ring of whole cycles over the width, from 1 to Nyquist. */
  readonly rings: readonly Estimate[];
  /** As `bandsOf`, from coarse to fine. */
  readonly bands: readonly Estimate[];
}

/** Images in which a network sees a part of the chest that can be left out of drawn ones. */
export interface PartRow extends DetailOfStage {
  /** `ribs`; `tubes and lines`. */
  readonly part: string;
  /** Of real ones and through the autoencoder whether the part is drawn, of generated ones whether the text asks for it. */
  readonly images: 'drawn' | 'left out' | 'asked for' | 'not asked for';
  readonly count: number;
  readonly seen: Estimate;
  /** Of `drawn`: AUROC of the network's answers, with the part against the same chests without it; 0.5 where nothing is left of it. */
  readonly told?: Estimate;
}

/** What the chest classifier makes of lines, tubes and other devices. */
export interface DeviceRow extends DetailOfStage {
  readonly labels: readonly LabelMeasure[];
  /** The mean AUROC; null where too few images have a device. */
  readonly mean: Estimate | null;
}

/** Which of a model's two stages loses more. */
export interface DetailVerdict {
  readonly model: string;
  readonly measure: 'two-sample accuracy' | 'power of the finest band';
  readonly autoencoder: Estimate;
  readonly diffusion: Estimate;
  readonly most: 'autoencoder' | 'diffusion model' | 'neither' | 'undecided';
}

/** All that is found, beside the tables that show it. */
export interface DetailFound {
  readonly verdicts: readonly DetailVerdict[];
  readonly pairs: readonly DetailPairRow[];
  readonly sets: readonly DetailSetRow[];
  readonly told: readonly DetailToldRow[];
  readonly spectra: readonly PowerRow[];
  /** Of the phantom alone. */
  readonly parts: readonly PartRow[];
  readonly devices: readonly DeviceRow[];
  /** Nearest training images. */
  readonly copies: readonly MemorisationRow[];
}
