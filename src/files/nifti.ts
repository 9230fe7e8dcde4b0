/** NIfTI volumes (NIfTI-1 and -2, one file, also compressed by gzip) of computed tomography. */

import { readFile } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { describeSystemError, FileError, systemCode } from './errors';
import { explainContent } from './not-the-file';
import { checkVoxels, inPatientAxes, type Triple, type Volume } from './volume';

/** What is used of both versions' headers, under the reader's names. */
interface Header {
  readonly littleEndian: boolean;
  readonly dims: readonly number[];
  readonly datatypeCode: number;
  readonly vox_offset: number;
  readonly scl_slope: number;
  readonly scl_inter: number;
  readonly xyzt_units: number;
  readonly qform_code: number;
  readonly sform_code: number;
  readonly affine: readonly (readonly number[])[];
}

/** Room for the larger header, its extension flag, and what a compressor reads ahead. */
const HEAD = 2 ** 16;

/** mm of a unit of length (bits 0 to 2 of xyzt_units); 0 says nothing, and is mm wherever it was met. */
const UNITS: Readonly<Record<number, number>> = { 0: 1, 1: 1000, 2: 1, 3: 0.001 };

/** How values of a type are read (datatype). */
const TYPES: Readonly<Record<number, { readonly bytes: number; readonly read: (view: DataView, at: number, little: boolean) => number }>> =
  {
    2: { bytes: 1, read: (view, at) => view.getUint8(at) },
    256: { bytes: 1, read: (view, at) => view.getInt8(at) },
    4: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
    512: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
    8: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
    768: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
    16: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
    64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  };

/** Types of red, green and blue, and with transparency. */
const COLOURS = [128, 2304];

/**
 * Reads a volume of Hounsfield units.
 *
 * @throws FileError where it is missing, no NIfTI volume, truncated, of several volumes, or says nothing of its orientation
 */
export async function readNifti(path: string): Promise<Volume> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const header = await readHeader(path, zipped ? unzipHead(path, bytes) : bytes.subarray(0, HEAD));
  const shape = shapeOf(path, header);
  const type = TYPES[header.datatypeCode];
  if (!type)
    throw new FileError(
      path,
      `has ${COLOURS.includes(header.datatypeCode) ? 'colours' : `values of the type ${header.datatypeCode}`}; expected Hounsfield units: whole numbers of 16 or 32 bits, or 32- or 64-bit floats`,
    );
  const count = shape[0] * shape[1] * shape[2];
  const from = header.vox_offset;
  const end = from + count * type.bytes;
  const all = zipped ? unzip(path, bytes, end) : bytes;
  if (!(from >= 0) || all.length < end)
    throw new FileError(path, `is truncated: its values end after ${all.length} of ${end} bytes; copy it again`);
  const { scl_slope: slope, scl_inter: inter } = header;
  // A slope of 0 means that there is none.
  const scaled = slope !== 0 && Number.isFinite(slope) && Number.isFinite(inter);
  if (type.bytes === 1 && !(scaled && slope > 1))
    throw new FileError(
      path,
      'has values of 8 bits, too few for Hounsfield units: it is a picture of a volume, or a mask; give the CT itself',
    );
  const view = new DataView(all.buffer, all.byteOffset + from, count * type.bytes);
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const value = type.read(view, i * type.bytes, header.littleEndian);
    data[i] = scaled ? value * slope + inter : value;
  }
  try {
    return inPatientAxes(data, shape, affineOf(path, header));
  } catch (error) {
    if (error instanceof RangeError) throw new FileError(path, error.message, error);
    throw error;
  }
}

async function readHeader(path: string, head: Uint8Array): Promise<Header> {
  const { readHeader: read } = await import('nifti-reader-js'); // an ES module
  try {
    // The reader takes whole array buffers.
    return read(head.slice().buffer as ArrayBuffer) as Header;
  } catch (error) {
    throw new FileError(
      path,
      explainContent(head) ?? 'is not a NIfTI file (a pair of .hdr and .img is not read; save it as one .nii)',
      error,
    );
  }
}

/** Three axes, of voxels; a fourth may have one volume. */
function shapeOf(path: string, { dims }: Header): Triple {
  const [axes = 0, x = 0, y = 0, z = 0, ...more] = dims;
  if (axes < 3 || more.slice(0, axes - 3).some((n) => n > 1))
    throw new FileError(path, `has ${axes} axes of ${dims.slice(1, 1 + axes).join(' × ')}; expected one volume, of three axes`);
  checkVoxels(path, [x, y, z]);
  return [x, y, z];
}

/** From index to patient in LPS; NIfTI's own x runs to the right and y to the front. */
function affineOf(path: string, header: Header): number[] {
  if (!(header.qform_code > 0 || header.sform_code > 0))
    throw new FileError(path, 'says nothing of its orientation (sform and qform are 0); write it anew with an affine');
  const unit = UNITS[header.xyzt_units & 7];
  if (unit === undefined) throw new FileError(path, `has the unit of length ${header.xyzt_units & 7}; expected m, mm or µm`);
  const flat = header.affine.slice(0, 3).flatMap((row, i) => row.map((value) => (i < 2 ? -value : value) * unit + 0)); // no negative zeros
  if (flat.length !== 12 || flat.some((value) => !Number.isFinite(value))) throw new FileError(path, 'has a damaged affine');
  return [...flat, 0, 0, 0, 1];
}

/** The beginning of a compressed file; whether its end is there is seen later. */
function unzipHead(path: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes.subarray(0, HEAD), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw new FileError(path, `is damaged: it cannot be unpacked (${(error as Error).message})`, error);
  }
}

/** @param end as much as the header announces; a file that unpacks to far more is no volume */
function unzip(path: string, bytes: Buffer, end: number): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: end + 2 ** 20 });
  } catch (error) {
    const what =
      systemCode(error) === 'ERR_BUFFER_TOO_LARGE'
        ? `unpacks to more than the ${end} bytes that its header announces`
        : `is truncated or damaged: it cannot be unpacked (${(error as Error).message}); copy it again`;
    throw new FileError(path, what, error);
  }
}
