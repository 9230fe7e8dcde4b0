/** All kinds of work by name. The reference scripts of `bench/speed` know them by the same names. */

import { type JointSettings, jointTraining } from './joint-work';
import type { Kind } from './kind';
import { imageLoading, type LoadedTrainingSettings, type LoadingSettings, trainingFromDisk, trainingFromMemory } from './loading-work';
import { type SamplingSettings, sampling } from './sampling-work';
import { type TextSettings, textEncoding } from './text-work';
import { type UNetSettings, type UNetTrainingSettings, unetForward, unetTraining } from './unet-work';
import { type AdversarialVaeSettings, adversarialVaeTraining, type VaeSettings, vaeTraining } from './vae-work';

/** What each kind is given. */
export interface SettingsOf {
  readonly 'unet-forward': UNetSettings;
  readonly 'unet-training': UNetTrainingSettings;
  readonly 'vae-training': VaeSettings;
  readonly 'vae-adversarial': AdversarialVaeSettings;
  readonly joint: JointSettings;
  readonly sampling: SamplingSettings;
  readonly 'text-encoding': TextSettings;
  readonly 'image-loading': LoadingSettings;
  readonly 'training-from-disk': LoadedTrainingSettings;
  readonly 'training-from-memory': LoadedTrainingSettings;
}

export type KindName = keyof SettingsOf;

export const kinds: { readonly [K in KindName]: Kind<SettingsOf[K]> } = {
  'unet-forward': unetForward,
  'unet-training': unetTraining,
  'vae-training': vaeTraining,
  'vae-adversarial': adversarialVaeTraining,
  joint: jointTraining,
  sampling,
  'text-encoding': textEncoding,
  'image-loading': imageLoading,
  'training-from-disk': trainingFromDisk,
  'training-from-memory': trainingFromMemory,
};
