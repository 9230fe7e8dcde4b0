/** Safetensors, JSON, images, DICOM, CT volumes, model folders; the only room that transposes layouts. */

export { readCt } from './ct';
export type { DicomGreys, VoiWindow } from './dicom';
export type { TensorData } from './dtypes';
export { checkContent, FileError } from './errors';
export { type Image, type ReadImageOptions, readImage } from './images';
export { readObject, writeJson } from './json';
export { type PngImage, writePng } from './png';
export type { RowsPart } from './row-shards';
export { type Rows, rowsOf } from './rows';
export { readSafetensors } from './safetensors';
export { writeSafetensors } from './safetensors-write';
export { readText } from './text';
export type { Triple, Volume } from './volume';
