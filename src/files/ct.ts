/** Computed tomography from wherever it lies. */

import { stat } from 'node:fs/promises';
import { readSeries } from './dicom';
import { describeSystemError, FileError } from './errors';
import { readNifti } from './nifti';
import type { Volume } from './volume';

/**
 * Reads a CT volume: a folder of DICOM slices of one series, or a NIfTI file (`.nii`, `.nii.gz`).
 *
 * @returns Hounsfield units in the patient's axes
 * @throws FileError where it cannot be read as one volume
 */
export async function readCt(path: string): Promise<Volume> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  });
  if (stats.isDirectory()) return readSeries(path);
  if (/\.(dcm|dicom)$/i.test(path)) throw new FileError(path, 'is one slice; give the folder of its series');
  return readNifti(path);
}
