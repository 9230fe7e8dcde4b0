/** The algorithm: losses, optimiser, loop, checkpoints and strategies. */

export type { CutTexts } from './cut-texts';
export type { Consolidation, LeafValues } from './leaf-values';
export {
  type ContrastiveLoss,
  type ConvirtOptions,
  clipContrastiveLoss,
  convirtLoss,
  cosines,
  type SiglipLoss,
  siglipLoss,
} from './losses/contrastive';
export {
  type BatchTexts,
  type DiffusionBatch,
  type DiffusionObjective,
  type DiffusionParams,
  diffusionBatch,
  diffusionLoss,
  diffusionTarget,
  minSnrWeights,
  weightedSquaredError,
} from './losses/diffusion-loss';
export type { ImageLossWeights } from './losses/image-loss';
export type { VaeLossWeights } from './losses/vae-loss';
export type { VqLossWeights } from './losses/vq-loss';
export { type WordPatchLoss, wordPatchLoss } from './losses/word-patch';
export { type AdamWOptions, type AdamWSchedule, adamW, adamWSchedule, initMoments, type Moments } from './optimiser/adamw';
export type { LearningRate } from './optimiser/learning-rate';
export type { Optimisation } from './optimiser/optimisation';
export type { Optimised } from './optimiser/update';
export { type StepLog, tailLoss } from './step-log';
export { strategies } from './strategies';
export type { Extension, Preparation, Settings, Strategy, StrategyDefinition, StrategySettings, TrainingSet } from './strategies/strategy';
export { type CheckpointOptions, type LiveParameters, type TrainOptions, type TrainResult, train, type Watched } from './train';
export type { TrainAutoencoderOptions } from './train-autoencoder';
export { type TrainClassifierOptions, trainClassifier } from './train-classifier';
export type { TrainLoss, TrainLossResult, TrainState } from './train-step';
export { type TrainVqOptions, trainVq } from './train-vq';
