/** Recipes, what they train, the folders they leave, and the tables made of them. */

export { type AutoencoderRow, measureAutoencoder } from './autoencoder-row';
export { estimateMemory, type MemoryEstimate } from './estimate-memory';
export { estimateTime, sayEstimate, type TimeEstimate, type WorkToTime } from './estimate-time';
export { type FitDiffusionOptions, type FitOptions, type FitResult, type FitVaeOptions, fitDiffusion, fitVae } from './fit';
export { type FitModelOptions, fitModel } from './fit-model';
export { initModel } from './init-model';
export { type KeptClassifierOptions, keptClassifier } from './kept-classifier';
export { type KeptModelOptions, keptModel } from './kept-model';
export { pipelineShapes } from './pipeline-shapes';
export { loadRecipe, overrideRecipe, type Recipe } from './recipe';
export { type RunOptions, type RunProgress, type RunResult, runRecipe } from './run';
export { reportRun } from './run-report';
export type { CheckpointPlace } from './sittings';
export {
  type MeasureOptions,
  measureStrategy,
  openStrategyBench,
  type StrategyBench,
  type StrategyResult,
  type StrategyRow,
} from './strategy-bench';
export { type Summary, summarise } from './summary';
export { type Spread, type TableOnePart, tableOneLabels, tableOneOfPaper, tableOnePart, tableOneRows } from './table-one';
export { type TableOneRow, tableOne, tableOneAsPrinted, tableOneFigure } from './table-one-shown';
