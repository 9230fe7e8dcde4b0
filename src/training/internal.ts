/** What other rooms use of this one beside its public names. */

export { augmentedImages } from './augmented-images';
export { contentHash, lastCheckpoint } from './checkpoint-store';
export { encodeContexts } from './contexts';
export { checkCrop } from './crops';
export { countCut, cutNotes } from './cut-texts';
export { dataOrder } from './data-order';
export { type Head, headProbabilities, headsAuroc, headsLoss, headsWidth, presenceHeads, UNKNOWN } from './heads';
export { type HeadsNetwork, type HeadsRead, type HeadsReader, headsReader } from './heads-reader';
export { encodeLatents, encodeMoments, foldStatistics, latentStatistics } from './latents';
export { unit } from './losses/contrastive';
export { stratifiedTimesteps } from './losses/diffusion-loss';
export {
  initNLayerDiscriminator,
  type NLayerDiscriminatorConfig,
  type NLayerDiscriminatorParams,
  nLayerDiscriminator,
  nLayerDiscriminatorShapes,
  renameNLayerDiscriminator,
} from './losses/n-layer-discriminator';
export {
  adaptiveWeight,
  hingeLoss,
  initPatchDiscriminator,
  lastLayerPulls,
  type PatchDiscriminatorParams,
  patchDiscriminatorShapes,
  vanillaLoss,
} from './losses/patch-discriminator';
export { type VaeBatch, type VaeTrained, vaeTrainingLoss } from './losses/vae-loss';
export { emaDecay } from './optimiser/ema';
export { learningRateAt } from './optimiser/learning-rate';
export { optimisationShape } from './optimiser/optimisation';
export { checkDropouts, type OriginalImages } from './original-images';
export { tailMean } from './step-log';
export { saveAdapted, strategyOf } from './strategies';
export { encoderFolder } from './strategies/strategy';
export { tokenRows } from './token-rows';
export { type TokenSet, trainDiffusion } from './train-diffusion';
export { type TrainedHeads, type TrainHeadsOptions, trainHeads } from './train-heads';
export { type TrainMlmOptions, trainMlm } from './train-mlm';
export { type TrainNormalisedOptions, trainNormalised } from './train-normalised';
export { compileTrainStep, initTrainState, stepScalars } from './train-step';
export { trainVae } from './train-vae';
