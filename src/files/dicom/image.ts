/** A DICOM radiograph as an 8-bit image. */

import { type DicomHeader, readHeader, type VoiWindow } from './header';
import type { DicomFile } from './parse';
import { readStored } from './pixels';
import { applyWindow, modalityValues, type ValueRange, voiRange, voiValues } from './values';

/**
 * Which values a DICOM image shows as black and white: `range` from its lowest to its highest, as MIMIC-CXR-JPG was made of MIMIC-CXR and as RoentGen
 * was trained; `file` the window or table of interest that the file has (its whole range where it has none); or a window of the modality's
 * values (Hounsfield units in CT).
 */
export type DicomGreys = 'range' | 'file' | VoiWindow;

/** Row-major, colours interleaved, 0 black. */
export interface DicomImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/**
 * The first frame. MONOCHROME1, in which low values are bright, is inverted. A colour is given as it is.
 *
 * @param greys `range` cuts off fractions of a grey level, as MIMIC-CXR-JPG does it (Johnson et al. 2019, arXiv:1901.07042)
 * @throws FileError where it cannot be read
 */
export async function dicomImage(file: DicomFile, greys: DicomGreys): Promise<DicomImage> {
  const header = readHeader(file);
  const { columns: width, rows: height, photometric } = header;
  const stored = await readStored(file, header);
  if (header.samples === 3) return { width, height, channels: 3, data: stored as Uint8Array };
  const modality = modalityValues(stored, header);
  const whole = greys === 'range' || (greys === 'file' && !header.voiTable && header.windows.length === 0);
  const [values, range] = whole ? [modality, rangeOf(modality)] : shown(modality, header, greys);
  const scale = range.high > range.low ? 255 / (range.high - range.low) : 0;
  const round = whole ? Math.floor : Math.round;
  const inverted = photometric === 'MONOCHROME1';
  const data = new Uint8Array(values.length);
  for (let i = 0; i < data.length; i++) {
    const grey = round(Math.min(255, Math.max(0, (values[i]! - range.low) * scale)));
    data[i] = inverted ? 255 - grey : grey;
  }
  return { width, height, channels: 1, data };
}

function shown(values: Float32Array, header: DicomHeader, greys: 'file' | VoiWindow): [Float32Array, ValueRange] {
  if (greys === 'file') return [voiValues(values, header), voiRange(header, true)];
  const range = { low: 0, high: 255 };
  return [applyWindow(values, greys, { voiFunction: 'LINEAR' }, range), range];
}

function rangeOf(values: Float32Array): ValueRange {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}
