export type {
  DomainImages,
  DomainParts,
  ImageAbout,
  InputView,
  OpenImagesOptions,
} from './data/domain-images';
export { type Fold, type FoldBy, foldsOf, leakOf } from './data/folds';
export { phantomReconstructions } from './data/phantom-images';
export { CAUSES, type ProjectionWay } from './data/ways';
export { commonLabels, type Domain, type KnownLabels, labelsOfDomains, phantomLabels } from './labels';
export {
  type CheXNetConfig,
  type CheXNetInput,
  type CheXNetModel,
  type CheXNetParams,
  chexnet,
  initCheXNet,
  treeOf,
} from './network/chexnet';
export { cheXNetFile, loadCheXNet, saveCheXNet } from './network/files';
export { type PredictOptions, predictLabels } from './network/predict';
export { estimateCheXNetMemory } from './training/memory';
export { type DomainFolders, openDomain } from './training/open-domain';
export { randomResizedCrops } from './training/random-resized-crop';
export { type DrrRateRecipe, loadDrrRateRecipe, type PhantomCounts } from './training/recipe';
export { type LearntImages, type TrainCheXNetOptions, trainCheXNet, trainingIdentity } from './training/train';
export type { PatientCells } from './tree/about-volume';
export type { GeometryRecord, Projecting } from './tree/record';
export type { TreeTable } from './tree/tables';
export { parseViews, type TreeView } from './tree/view';
export { type DrrTreeOptions, type FailedVolume, NOT_TAKEN, type WrittenTree, writeDrrTree } from './tree/write-tree';
