/** What other rooms use of this one beside its public names. */

export { writeFileAtomic } from './atomic';
export * as is from './checks';
export { claimFolder } from './claim';
export {
  applyWindow,
  type DicomFile,
  type DicomHeader,
  lossySyntaxes,
  modalityValues,
  openDicom,
  readHeader,
  readStored,
  voiRange,
  voiValues,
} from './dicom';
export { toHalves } from './dtypes';
export { describeSystemError } from './errors';
export { commandFor, expectFolderOf } from './expect-folder';
export { type GgufFile, openGguf } from './gguf';
export { hashFile, hashFiles } from './hash';
export { mayHold16Bits, usedBits, whiteAt } from './image-depth';
export { decodeImage, headerSize } from './images';
export { isFile } from './is-file';
export { formatJson, parseJson, parseObject, readJson } from './json';
export { fileShape, toEngineLayout, toFileLayout } from './layout';
export { lockFolder } from './lock';
export { readModelIndex, writeModelIndex } from './model-folder';
export { loadParameters, mustStayNarrow, saveParameters, tooLarge } from './parameters';
export { disclaimer, encodePng, readPngText, writeSynthetic } from './png';
export { findModelFolder, findPublished, installedFolder, modelsFolder, type Published, published } from './published-models';
export { type ColumnForm, expectWhole, type KeepOptions, type KeptRows, keepRows, keptBytes, type RowsToKeep } from './row-shards';
export { checkRows, chosenRows, readRange } from './rows';
export { openSafetensors } from './safetensors';
export { type TensorToWrite, writeSafetensorsLazily } from './safetensors-write';
export { checkSettings, completeSettings, type Defaults, optional, type PublishedKeys, type ShapeOf, withoutNulls } from './settings';
export { textOf } from './text';
export { readTorchTensors } from './torch-tensors';
export { libraryVersion } from './version';
