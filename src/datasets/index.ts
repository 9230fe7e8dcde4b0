export { type BatchOptions, checkIndex, type Dataset, type ImageRecord, recordsOf, textsOf } from './dataset';
export { type FolderOptions, findTable, openFolder } from './folder';
export {
  type DatasetSplit,
  type OpenDatasetOptions,
  openDataset,
  openSplit,
  type PhantomCounts,
  phantomSplit,
  vocabularyTexts,
  worldSplit,
} from './open';
export {
  CHEXPERT_LABELS,
  type ChexpertLabel,
  chexpertLabels,
  type Finding,
  type FindingKind,
  type Grade,
  type Lobe,
  makeStudy,
  openPhantom,
  type Patient,
  PHANTOM_FINDINGS,
  type PhantomDataset,
  type PhantomOptions,
  type Population,
  type Projection,
  renderPhantomBatch,
  renderStudy,
  type Side,
  type Study,
  type Zone,
} from './phantom';
export { type LoadPixelsOptions, loadPixels } from './pixels';
export { openMimic, openNih, openOpenI } from './published';
export { splitByPatient, subset } from './split';
export { readSquare } from './square';
export { openWorld, WORLD_KINDS, type WorldDataset, type WorldKind, type WorldOptions } from './world';
