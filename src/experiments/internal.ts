/** What other rooms use of this one beside its public names. */

export { type EncoderRecipe, encoderTexts, fitEncoder, loadEncoderRecipe } from './encoder-recipe';
export { estimateStepMemory, expectParametersFit, textActivations, unetActivations, vaeActivations } from './estimate-memory';
export { maskedCrc32c } from './event-file';
export { recipeNames } from './recipe';
export { modelToAdapt, recipeForSize, recipesForAnyData } from './recipe-for-size';
export { recipeTokenizer } from './run';
export { openRunFolder, type RunConfig, type RunFolder, writeRunConfig } from './run-folder';
export { compareRuns, describeRun, runsBelow } from './run-report';
export { DIVERSITY_PROMPTS } from './strategy-bench';
