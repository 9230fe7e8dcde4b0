/** CheXagent, CheXinstruct and CheXbench (arXiv:2401.12208). */

export { type Choice, choicesOfLikelihoods, choicesOfTexts, chosenOption, questionText } from './bench/choose';
export { type BenchPlace, type BenchQuestion, type BenchText, type CheXbench, cheXbenchOf, readCheXbench } from './bench/file';
export { type BenchItem, type MakeBenchOptions, makeCheXbench } from './bench/make';
export { sectionQuestion, showsImages } from './bench/prompts';
export {
  type BuildInstructOptions,
  buildInstructions,
  type InstructSample,
  instructTaskNames,
  type PublishedSample,
  publishedSamples,
} from './instruct/build';
export { type BoxedFinding, type Course, type InstructSource, instructSource, type PlacedBox } from './instruct/source';
export { boxesIn, boxOverlap, boxText, type Lettering, withOptions, withoutComparisons } from './instruct/words';
export { type CheXagentConfig, CLIP_PREPROCESSING, checkCheXagentConfig, type ImagePreprocessing } from './network/config';
export { type CheXagentModel, loadCheXagent, saveCheXagent } from './network/files';
export { askedCheXagent, type CheXagentParams, cheXagentEncoder, cheXagentShapes, initCheXagent } from './network/model';
export { cheXagentParts, estimateCheXagentMemory, type FitCheXagentOptions, fitCheXagent } from './training/fit';
export {
  type CheXagentRecipe,
  type CheXagentStage,
  cheXagentConfigOf,
  cheXagentStages,
  loadCheXagentRecipe,
} from './training/recipe';
