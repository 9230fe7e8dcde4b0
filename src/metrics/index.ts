/** Distances between sets of images, and whether images show what was asked for. */

export { auroc } from './auroc';
export { type AurocWithin, aurocWithin } from './auroc-within';
export type { ClassifierConfig, ClassifierParams } from './classifier';
export { type Classified, type Classifier, classifiedRows, classify } from './classify';
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
export { type Failure, failures } from './failures';
export { type Features, frechetDistance } from './frechet';
export { type ClassifiedSet, frechetByFinding } from './frechet-by-finding';
export type { PerceptualNetwork } from './perceptual';
export { type ReconstructionError, reconstructionError } from './reconstruction';
export { type GreyPixels, msSsim, type PromptDiversity, promptDiversity, psnr, type SsimOptions, ssim } from './ssim';
