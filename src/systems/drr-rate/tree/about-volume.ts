/** What is known of a CT volume beside its values: a fingerprint of its files, and what its slices say of the patient. */

import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../../files';
import { describeSystemError, openDicom } from '../../../files/internal';

/** Bytes of the first file that tell volumes apart: series of scanners have files of equal names and lengths. */
const HEAD = 2 ** 16;

/** The files of a volume: the file itself, or those of its folder. */
async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => join(path, name))
    .sort();
}

/**
 * Changes with the volume's files, and not with the place where they lie.
 *
 * @throws FileError where they cannot be read
 */
export async function volumeFingerprint(path: string): Promise<string> {
  try {
    const files = await filesOf(path);
    const hash = createHash('sha256');
    for (const file of files) hash.update(`${(await stat(file)).size} `);
    if (files.length > 0) {
      const handle = await open(files[0]!);
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
        hash.update(buffer.subarray(0, bytesRead));
      } finally {
        await handle.close();
      }
    }
    return hash.digest('hex').slice(0, 32);
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
}

/** The cells of the data set's metadata that a volume's own files have. */
export interface PatientCells {
  /** F or M. */
  readonly PatientSex?: string;
  /** Such as `062Y`. */
  readonly PatientAge?: string;
}

/** Sex and age out of the first DICOM slice of a folder; nothing of NIfTI, which has neither. */
export async function patientCells(path: string): Promise<PatientCells> {
  for (const file of await filesOf(path)) {
    const dicom = await openDicom(file).catch(() => undefined); // a text among the slices
    if (!dicom) continue;
    const [sex, age] = ['x00100040', 'x00101010'].map((tag) => dicom.elements.string(tag)?.trim());
    return {
      ...(sex && /^[FM]$/.test(sex) && { PatientSex: sex }),
      ...(age && /^\d{3}[YMWD]$/.test(age) && { PatientAge: age }),
    };
  }
  return {};
}
