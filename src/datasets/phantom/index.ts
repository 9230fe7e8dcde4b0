/** The synthetic thorax: studies, texts, labels and images. */

export { CHEXPERT_LABELS, type ChexpertLabel, chexpertLabels } from './chexpert';
export { makeStudy, type Population } from './course';
export { openPhantom, type PhantomDataset, type PhantomOptions } from './phantom';
export { renderStudy } from './render';
export {
  type Finding,
  type FindingKind,
  type Grade,
  type Lobe,
  type Patient,
  PHANTOM_FINDINGS,
  type Projection,
  type Side,
  type Study,
  type Zone,
} from './types';
