/** CheXagent, CheXinstruct and CheXbench (arXiv:2401.12208). */

export { type Choice, choicesOfLikelihoods, choicesOfTexts, chosenOption, questionText } from './bench/choose';
export { type BenchQuestion, type BenchText, type CheXbench, readCheXbench } from './bench/file';
export {
  type BuildInstructOptions,
  buildInstructions,
  type InstructSample,
  instructTaskNames,
  type PublishedSample,
  publishedSamples,
} from './instruct/build';
export { type BoxedFinding, type Course, datasetSource, type InstructSource, type PlacedBox, phantomSource } from './instruct/source';
export { boxesIn, boxOverlap, boxText, type Lettering, withOptions, withoutComparisons } from './instruct/words';
export { type CheXagentConfig, CLIP_PREPROCESSING, checkCheXagentConfig, type ImagePreprocessing } from './network/config';
export { type CheXagentModel, loadCheXagent, saveCheXagent } from './network/files';
export { askedCheXagent, type CheXagentParams, cheXagentEncoder, cheXagentShapes, initCheXagent } from './network/model';
export { cheXagentParts, type FitCheXagentOptions, fitCheXagent } from './training/fit';
export {
  type CheXagentRecipe,
  type CheXagentStage,
  cheXagentConfigOf,
  cheXagentStages,
  loadCheXagentRecipe,
} from './training/recipe';
