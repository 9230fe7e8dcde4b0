/** CXR-LLaVA (arXiv:2310.18341): a language model that is asked about a radiograph. */

export {
  DIFFERENTIAL,
  findingsOf,
  isPresenceQuestion,
  isReportPrompt,
  llavaInstructions,
  NAMED_FINDINGS,
  presenceQuestion,
  type ReportPrompt,
  reportPrompts,
  withNamedFindings,
} from './data/instructions';
export { type CxrLlavaConfig, checkCxrLlavaConfig } from './network/config';
export { type CxrLlavaModel, loadCxrLlava, saveCxrLlava } from './network/files';
export { askedCxrLlava, type CxrLlavaParams, cxrLlavaShapes, initCxrLlava } from './network/model';
export { type LlavaVision, type LlavaVisionSettings, llavaVision } from './network/vision';
export {
  type AdaptLlavaOptions,
  type AdaptRecipe,
  adaptedConfig,
  adaptLlava,
  estimateAdaptMemory,
  loadAdaptRecipe,
} from './training/adapt';
export { estimateLlavaMemory, type FitLlavaOptions, fitLlava, fitVision, llavaParts } from './training/fit';
export {
  type LlavaDecoding,
  type LlavaRecipe,
  type LlavaStage,
  llavaConfigOf,
  llavaStages,
  llavaVisionOf,
  loadLlavaRecipe,
  type VisionLesson,
} from './training/recipe';
