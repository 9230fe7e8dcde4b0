/** Records of image, text, labels, view and patient: the phantom, the small world, published collections, folders. */

export { type Augmentation, augmentedRows } from './augmentation/augmentation';
export { type Contrast, withContrast } from './contrast';
export { coarserVolume, type Drr, type DrrMode, type DrrOptions, type DrrView, radiographOf, radiographsOf } from './ct';
export type { BatchOptions, Dataset, ImageRecord, PublishedSplit, RecordSections } from './dataset';
export { type FolderOptions, openFolder } from './folder';
export {
  type DatasetSplit,
  type OpenDatasetOptions,
  openDataset,
  openSplit,
  type PhantomCounts,
  phantomSplit,
  type SplitOptions,
  vocabularyTexts,
  worldSplit,
} from './open';
export { CHEXPERT_LABELS, type ChexpertLabel } from './phantom/chexpert';
export type { Population } from './phantom/course';
export { LATERAL_SHARE, type WritePhantomOptions, type WrittenPhantom, writePhantom } from './phantom/export/write';
export { type PatientGroups, patientGroups } from './phantom/groups';
export { openPhantom, type PhantomDataset, type PhantomOptions } from './phantom/phantom';
export { otherProjection } from './phantom/projections';
export { renderStudy } from './phantom/render';
export type { AnnotatedText, Entity, EntityLabel, Relation, RelationKind } from './phantom/report/annotate';
export type { AskedAttribute, AskedFinding } from './phantom/report/asked';
export { INDICATION_RATES } from './phantom/report/indication';
export type { TextLabel } from './phantom/report/labels';
export { type Change, type ChangeKind, LEAST_CHANGE, studyChanges, writeProgression } from './phantom/report/progression';
export { type RadgraphEntity, type RadgraphReport, radgraphOf } from './phantom/report/radgraph';
export { annotateStudy, type Report, writeReport } from './phantom/report/report';
export { COUNTERFACTUAL_REACH, renderCounterfactual } from './phantom/truth/counterfactual';
export { type Box, type FindingMask, MASK_THRESHOLD, type StudyMasks, studyMasks } from './phantom/truth/masks';
export { type PhantomVolume, phantomVolume } from './phantom/truth/volume';
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
} from './phantom/types';
export { type LoadPixelsOptions, loadPixels, pixelRows } from './pixels';
export { openChexpert } from './published/chexpert';
export { openCovid } from './published/covid';
export { openDrrRate } from './published/drr-rate';
export { DRR_RATE_LABELS, type DrrRateLabel, type DrrRatePart } from './published/drr-rate-names';
export { type MimicOptions, openMimic } from './published/mimic';
export { type MimicParts, type MimicPartsOptions, openMimicParts } from './published/mimic-parts';
export { openNih } from './published/nih';
export { type OpenIOptions, openOpenI } from './published/open-i';
export { type OpenIReport, readOpenI } from './published/open-i-reports';
export { openPadchest } from './published/padchest';
export { openVindr } from './published/vindr';
export { type Readable, withoutUnreadable } from './readable';
export { openShards, type PackedShards, type PackShardsOptions, packShards } from './shards';
export { splitByPatient, subset } from './split';
export type { TextStyle } from './text-styles';
export { openWorld, type WorldDataset, type WorldOptions } from './world/world';
