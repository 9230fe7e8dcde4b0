/** From stored values to those of the modality (Hounsfield units in CT) and to those of interest (DICOM PS3.3, C.11.1 and C.11.2). */

import type { DicomHeader, LookUpTable, VoiWindow } from './header';

/** A number an image's value may be at the ends of its range. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

function throughTable(values: ArrayLike<number>, { first, entries }: LookUpTable): Float32Array {
  const last = entries.length - 1;
  const out = new Float32Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = entries[Math.min(last, Math.max(0, Math.trunc(values[i]! - first)))]!;
  return out;
}

/** Through the modality's table, or slope and intercept; the stored values where the file has neither. */
export function modalityValues(stored: ArrayLike<number>, { modalityTable, rescale }: DicomHeader): Float32Array {
  if (modalityTable) return throughTable(stored, modalityTable);
  const { slope, intercept } = rescale ?? { slope: 1, intercept: 0 };
  const out = new Float32Array(stored.length);
  for (let i = 0; i < out.length; i++) out[i] = stored[i]! * slope + intercept;
  return out;
}

/**
 * Where values of interest lie: the range of a table's entries; else of all values that can be stored, after the rescaling. The same as pydicom's.
 *
 * @param table whether the VOI table decides
 */
export function voiRange(header: DicomHeader, table: boolean): ValueRange {
  const { bitsStored, signed, modalityTable, rescale, voiTable } = header;
  if (table && voiTable) return { low: 0, high: 2 ** voiTable.bits - 1 };
  const bits = modalityTable ? modalityTable.bits : bitsStored;
  const low = signed && !modalityTable ? -(2 ** (bits - 1)) : 0;
  const high = low + 2 ** bits - 1;
  const { slope, intercept } = rescale ?? { slope: 1, intercept: 0 };
  return { low: low * slope + intercept, high: high * slope + intercept };
}

/**
 * Spreads a window of values over a range: linear and exactly linear (C.11.2.1.2.1, C.11.2.1.3.2) with what lies outside at the ends, sigmoid (C.11.2.1.3.1).
 *
 * @param values of the modality; not changed
 */
export function applyWindow(
  values: Float32Array,
  { centre, width }: VoiWindow,
  { voiFunction }: Pick<DicomHeader, 'voiFunction'>,
  { low, high }: ValueRange,
): Float32Array {
  const range = high - low;
  if (voiFunction === 'SIGMOID') return values.map((value) => range / (1 + Math.exp((-4 * (value - centre)) / width)) + low);
  const [c, w] = voiFunction === 'LINEAR' ? [centre - 0.5, width - 1] : [centre, width];
  return values.map((value) => {
    if (value <= c - w / 2) return low;
    return value > c + w / 2 ? high : ((value - c) / w + 0.5) * range + low;
  });
}

/** The values of interest as the file has them: by its VOI table, else by its first window; the modality's values where it has neither. */
export function voiValues(values: Float32Array, header: DicomHeader): Float32Array {
  if (header.voiTable) return throughTable(values, header.voiTable);
  const [first] = header.windows;
  return first ? applyWindow(values, first, header, voiRange(header, false)) : values;
}
