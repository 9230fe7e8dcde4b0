/**
 * What a first notebook needs, in the order in which it needs it: engine, data, a model by a recipe, training, images, and how good they are. Everything else is
 * imported from its room, such as `roentgen-lab/schedulers`.
 */

export { type Dataset, loadPixels, openDataset, openSplit, phantomSplit } from './datasets';
export { imageGrid, liveLoss, table, withProgress } from './display';
export { dispose, type Key, key, split, startEngine } from './engine';
export { fitDiffusion, fitVae, initModel, keptClassifier, keptModel, loadRecipe, type Recipe } from './experiments';
export { judge } from './metrics';
export { disposeModel, type GeneratedImage, loadModel, type Model, saveModel, textToImage } from './pipelines';
export { labelReport, reportSections } from './reports';
export { trainBpe } from './tokenizers';
