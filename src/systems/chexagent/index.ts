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
export { type CheXagent2Config, checkCheXagent2Config, isOfCheXagent2 } from './network-2/config';
export { type CheXagent2Model, loadCheXagent2 } from './network-2/files';
export { askedCheXagent2, type CheXagent2Params, cheXagent2Shapes, initCheXagent2 } from './network-2/model';
export { cheXagentParts, estimateCheXagentMemory, type FitCheXagentOptions, fitCheXagent } from './training/fit';
export {
  type CheXagentRecipe,
  type CheXagentStage,
  cheXagentConfigOf,
  cheXagentStages,
  loadCheXagentRecipe,
} from './training/recipe';
