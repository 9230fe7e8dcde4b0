/** DICOM files: headers, stored values in every common coding, grey values, images. */

export { type DicomHeader, readHeader, type VoiFunction, type VoiWindow } from './header';
export { type DicomGreys, dicomImage } from './image';
export { type DicomFile, isDicom, isEnvelope, openDicom, parseDicomFile } from './parse';
export { readStored, type StoredValues } from './pixels';
export { readSeries } from './series';
export { lossySyntaxes } from './syntax';
export { applyWindow, modalityValues, voiRange, voiValues } from './values';
