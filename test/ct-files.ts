/** Invented CT volumes as files: a folder of DICOM slices, and NIfTI. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dicomFile, type Element, words } from './dicom';

/** A volume to be written: HU at each voxel, x to the left, y to the back, z to the head. */
export interface InventedCt {
  readonly shape: readonly [number, number, number];
  readonly spacing: readonly [number, number, number];
  readonly hu: (x: number, y: number, z: number) => number;
}

/** One slice as a file; `elements` replace the usual ones. */
export function sliceFile({ shape: [nx, ny], spacing, hu }: InventedCt, z: number, elements: readonly Element[] = []): Buffer {
  const values: number[] = [];
  for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) values.push(Math.round((hu(x, y, z) + 1024) / 2));
  return dicomFile({
    elements: [
      ['00080060', 'CS', 'CT'],
      ['0020000e', 'UI', '1.2.3.4'],
      ['00200032', 'DS', `-10\\20\\${100 + z * spacing[2]}`],
      ['00200037', 'DS', '1\\0\\0\\0\\1\\0'],
      ['00280010', 'US', ny],
      ['00280011', 'US', nx],
      ['00280030', 'DS', `${spacing[1]}\\${spacing[0]}`],
      ['00281052', 'DS', '-1024'],
      ['00281053', 'DS', '2'],
      ['7fe00010', 'OW', words(values)],
      ...elements,
    ],
  });
}

/** Writes a series into a folder, the highest slice first by name. */
export function writeSeries(folder: string, ct: InventedCt): void {
  mkdirSync(folder, { recursive: true });
  const [, , nz] = ct.shape;
  for (let z = 0; z < nz; z++) writeFileSync(join(folder, `${String(nz - z).padStart(3, '0')}.dcm`), sliceFile(ct, z));
}

export interface NiftiOptions {
  readonly shape: readonly number[];
  /** Three rows of four: index to the patient in mm, RAS. */
  readonly affine: readonly (readonly number[])[];
  /** Values in 16-bit integers, x fastest. */
  readonly values: readonly number[];
  readonly slope?: number;
  readonly intercept?: number;
  /** 1 says that the affine is there. */
  readonly sform?: number;
  readonly bigEndian?: boolean;
}

/** A NIfTI-1 file. */
export function niftiFile({ shape, affine, values, slope = 1, intercept = 0, sform = 1, bigEndian = false }: NiftiOptions): Buffer {
  const bytes = Buffer.alloc(352 + 2 * values.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = !bigEndian;
  view.setInt32(0, 348, little);
  [shape.length, ...shape].forEach((n, i) => {
    view.setInt16(40 + 2 * i, n, little);
  });
  view.setInt16(70, 4, little); // 16-bit integers
  view.setInt16(72, 16, little);
  for (let i = 0; i < 4; i++) view.setFloat32(76 + 4 * i, 1, little);
  view.setFloat32(108, 352, little);
  view.setFloat32(112, slope, little);
  view.setFloat32(116, intercept, little);
  view.setUint8(123, 2); // mm
  view.setInt16(254, sform, little);
  affine.flat().forEach((value, i) => {
    view.setFloat32(280 + 4 * i, value, little);
  });
  bytes.write('n+1\0', 344, 'latin1');
  values.forEach((value, i) => {
    view.setInt16(352 + 2 * i, value, little);
  });
  return bytes;
}
