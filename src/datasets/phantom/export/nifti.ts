/** A volume as a NIfTI-1 file: whole Hounsfield units, compressed. */

import { gzipSync } from 'node:zlib';
import type { PhantomVolume } from '../truth/volume';

/** Length of the header, and where the values begin: behind it and four bytes that say that there are no extensions. */
const [HEADER, VALUES] = [348, 352] as const;

/** The file's bytes, to be named `.nii.gz`. Voxels lie as in `data`; the header says so in NIfTI's axes (x to the right, y to the front). */
export function encodeNifti({ data, shape, spacing, affine }: PhantomVolume, description: string): Uint8Array {
  const bytes = Buffer.alloc(VALUES + 2 * data.length);
  const floats = (at: number, values: readonly number[]): void => values.forEach((value, i) => void bytes.writeFloatLE(value, at + 4 * i));
  bytes.writeInt32LE(HEADER, 0);
  [3, ...shape, 1, 1, 1, 1].forEach((n, i) => void bytes.writeInt16LE(n, 40 + 2 * i)); // dim
  bytes.writeInt16LE(4, 70); // datatype: signed 16 bits
  bytes.writeInt16LE(16, 72); // bitpix
  floats(76, [1, ...spacing]); // pixdim
  bytes.writeFloatLE(VALUES, 108); // vox_offset
  bytes.writeFloatLE(1, 112); // scl_slope
  bytes.writeUInt8(2, 123); // xyzt_units: mm
  bytes.write(description.slice(0, 79), 148, 'latin1'); // descrip
  bytes.writeInt16LE(1, 254); // sform_code: a scanner's coordinates
  // Rows of the affine: NIfTI's x and y point the other way than DICOM's.
  floats(
    280,
    [0, 1, 2].flatMap((axis) => affine.slice(4 * axis, 4 * axis + 4).map((v) => (axis < 2 ? -v : v))),
  );
  bytes.write('n+1\0', 344, 'latin1');
  for (let i = 0; i < data.length; i++) bytes.writeInt16LE(Math.round(data[i]!), VALUES + 2 * i);
  return gzipSync(bytes);
}
