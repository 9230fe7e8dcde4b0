/** ViewXGen (arXiv:2302.12172, first UniXGen): one causal network over a study's report and its views. */

export { datasetViewStudies } from './data/dataset-studies';
export { phantomViewStudies } from './data/phantom-studies';
export {
  type ReadViewsOptions,
  reportText,
  type StudyImage,
  type ViewSplit,
  type ViewStudies,
  type ViewStudy,
  type ViewStudyParts,
  viewSplits,
} from './data/studies';
export { imageCodes, reportVocabulary, type TokenisedStudy, type TokeniseOptions, textPart, tokeniseStudies } from './data/tokens';
export {
  imagesOfCodes,
  type KnownParts,
  type Sampling,
  VIEWXGEN_SAMPLING,
  type ViewxgenWriter,
  viewxgenWriter,
  type WriteOptions,
} from './generate';
export { type AttentionKind, attentionKinds, checkViewxgenConfig, type ViewxgenConfig } from './network/config';
export { autoencoderHash, loadViewxgen, saveViewxgen, type ViewxgenModel } from './network/files';
export {
  continueSequence,
  emptyState,
  nextTokenLogits,
  type PassOptions,
  type SequenceState,
  sequenceStates,
} from './network/forward';
export { type ViewxgenBatch, viewxgenLoss } from './network/loss';
export { initViewxgen, type ViewxgenParams, viewxgenShapes } from './network/params';
export {
  type Arranged,
  arrange,
  arrangePart,
  type ImagePart,
  type KindOfTokens,
  type SequenceBatch,
  type SequencePart,
  type SequenceTensors,
  sequenceBatch,
  type TextPart,
} from './sequence/arrange';
export { type ChestView, chestViews, kindOf, parseView, type ViewKind } from './sequence/views';
export {
  type FitViewxgenOptions,
  fitAutoencoder,
  fitSequence,
  fitViewxgen,
  type SequenceParts,
  useOfCodes,
  type ViewxgenStage,
  viewxgenParts,
  viewxgenStages,
} from './training/fit';
export { estimateViewxgenMemory } from './training/memory';
export {
  type LearntPart,
  learntParts,
  loadViewxgenRecipe,
  type ViewxgenRecipe,
  viewxgenConfigOf,
  vqConfigOf,
} from './training/recipe';
export { type TrainSequenceOptions, trainSequence } from './training/train-sequence';
