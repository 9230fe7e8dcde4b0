/** Distances between sets of images, and whether images show what was asked for. */

export { auroc } from './auroc';
export type { ClassifierConfig, ClassifierParams } from './classifier';
export { type Classified, type Classifier, classify } from './classify';
export {
  type AurocByFinding,
  aurocByFinding,
  type Judgement,
  judge,
  type Labelled,
  type SideAccuracy,
  sideAccuracy,
  sideShown,
} from './evaluate';
export { type Features, frechetDistance } from './frechet';
export type { PerceptualNetwork } from './perceptual';
export { type ReconstructionError, reconstructionError } from './reconstruction';
export { type GreyPixels, msSsim, type PromptDiversity, promptDiversity, psnr, type SsimOptions, ssim } from './ssim';
