/** What other rooms use of this one beside its public names. */

export { contrasts } from './contrast';
export { attenuationOf } from './ct';
export { checkIndex, recordsOf, textsOf } from './dataset';
export { findImages } from './find-images';
export { findTable } from './folder';
export { chexpertLabels } from './phantom/chexpert';
export { askedAttributes, askedFindings, DEVICES } from './phantom/report/asked';
export { radgraphReport } from './phantom/report/radgraph';
export { type Draws, draws } from './procedural';
export {
  DRR_RATE_TEXTS,
  type DrrRateName,
  type DrrRatePart,
  drrRatePlace,
  drrRateTables,
  parseDrrRateName,
} from './published/drr-rate-names';
export { leftOut } from './published/left-out';
export { isEmptyCell, nameRows, readTable, requireColumns, type Table } from './read-table';
export { type TableEntry, tableDataset } from './table';
export { textStyles } from './text-styles';
export { WORLD_KINDS } from './world/types';
