/** CT volumes from DICOM series and NIfTI files. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FileError, readCt } from 'roentgen-lab/files';
import { type InventedCt, niftiFile, sliceFile, writeSeries } from '../ct-files';
import { dicomFile, type Element, words } from '../dicom';
import { sharedData, tempDir } from '../support';

const ct: InventedCt = { shape: [4, 3, 5], spacing: [0.5, 0.75, 2.5], hu: (x, y, z) => 2 * (x + 10 * y + 100 * z) - 1024 };

/** HU at each voxel, x fastest. */
const values = ({ shape: [nx, ny, nz], hu }: InventedCt): number[] => {
  const all: number[] = [];
  for (let z = 0; z < nz; z++) for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) all.push(hu(x, y, z));
  return all;
};

test('slices are ordered by position, rescaled, and placed in the patient', async (t) => {
  const folder = tempDir(t);
  writeSeries(folder, ct);
  writeFileSync(join(folder, 'LICENSE'), 'a text beside the slices');
  const { data, shape, spacing, affine } = await readCt(folder);
  assert.deepEqual([shape, spacing], [ct.shape, ct.spacing]);
  assert.deepEqual(Array.from(data), values(ct));
  assert.deepEqual(affine, [0.5, 0, 0, -10, 0, 0.75, 0, 20, 0, 0, 2.5, 100, 0, 0, 0, 1]);
});

test('other orientations are brought to the same axes', async (t) => {
  const folder = tempDir(t);
  // Rows from the left to the right and from the back to the front, slices from the head to the feet.
  const [nx, ny, nz] = ct.shape;
  const turned: InventedCt = { ...ct, hu: (x, y, z) => ct.hu(nx - 1 - x, ny - 1 - y, z) };
  for (let z = 0; z < nz; z++) {
    const elements: Element[] = [
      ['00200032', 'DS', `${-10 + (nx - 1) * 0.5}\\${20 + (ny - 1) * 0.75}\\${100 + z * 2.5}`],
      ['00200037', 'DS', '-1\\0\\0\\0\\-1\\0'],
    ];
    writeFileSync(join(folder, `${z}.dcm`), sliceFile(turned, z, elements));
  }
  const { data, shape, affine } = await readCt(folder);
  assert.deepEqual([shape, Array.from(data)], [ct.shape, values(ct)]);
  assert.deepEqual([affine[3], affine[7], affine[11]], [-10, 20, 100]);
});

test('coronal slices become the same volume', async (t) => {
  const folder = tempDir(t);
  const [nx, ny, nz] = ct.shape;
  for (let y = 0; y < ny; y++) {
    // Columns to the left, rows to the feet, slices to the back.
    const coronal: InventedCt = { shape: [nx, nz, ny], spacing: [0.5, 2.5, 0.75], hu: (x, row, slice) => ct.hu(x, slice, nz - 1 - row) };
    const elements: Element[] = [
      ['00200032', 'DS', `-10\\${20 + y * 0.75}\\${100 + (nz - 1) * 2.5}`],
      ['00200037', 'DS', '1\\0\\0\\0\\0\\-1'],
    ];
    writeFileSync(join(folder, `${y}.dcm`), sliceFile(coronal, y, elements));
  }
  const { data, shape, spacing } = await readCt(folder);
  assert.deepEqual([shape, spacing, Array.from(data)], [ct.shape, ct.spacing, values(ct)]);
});

function remove(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, `${name}.dcm`));
}

/** A picture of a slice in colours, and one in 8 bits. */
const RGB: Element[] = [['00280002', 'US', 3], ['00280004', 'CS', 'RGB'], ['00280006', 'US', 0], ...eightBits(3 * 12)];
const EIGHT: Element[] = eightBits(12);

function eightBits(values: number): Element[] {
  return [
    ['00280100', 'US', 8],
    ['00280101', 'US', 8],
    ['00280102', 'US', 7],
    ['7fe00010', 'OB', Buffer.alloc(values)],
  ];
}

test('a series that is none is refused: the file and what to do are named', async (t) => {
  const root = tempDir(t);
  const cases: [string, (folder: string) => void, RegExp][] = [
    [
      'gap',
      (f) => rmSync(join(f, '002.dcm')),
      /001\.dcm: lies 5 mm behind the slice before it, where others lie 2\.5 mm apart: slices are missing/,
    ],
    ['twice', (f) => writeFileSync(join(f, 'copy.dcm'), sliceFile(ct, 2)), /lies where another slice .*keep one/],
    [
      'two-series',
      (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 6, [['0020000e', 'UI', '1.2.9']])),
      /holds 2 series, of (5 and 1|1 and 5) slices; put each into a folder/,
    ],
    ['size', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile({ ...ct, shape: [5, 3, 5] }, 5)), /b\.dcm: has 5 × 3 pixels/],
    [
      'survey',
      (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, [['00200037', 'DS', '0\\1\\0\\0\\0\\-1']])),
      /b\.dcm: lies in another direction/,
    ],
    ['no-place', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, [['00200032', 'DS', '']])), /b\.dcm: has no Image Position/],
    ['no-slope', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, [['00281053', 'DS', '']])), /b\.dcm: has no Rescale Slope/],
    ['rgb', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, RGB)), /b\.dcm: is a colour image.*leave it out/],
    ['8-bit', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, EIGHT)), /b\.dcm: has 8 bits a pixel, too few for Hounsfield units/],
    [
      'uneven',
      (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, [['00200032', 'DS', `-10\\20\\${100 + 3.4 * 2.5}`]])),
      /b\.dcm: lies 1 mm behind the slice before it.*the series has more slices in a part/,
    ],
    [
      'aslant',
      (f) => {
        const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
        for (let z = 0; z < 5; z++) {
          const place = [-10, 20 - 2.5 * s * z, 100 + 2.5 * c * z].map((mm) => mm.toFixed(6)).join('\\');
          const turned: Element[] = [
            ['00200032', 'DS', place],
            ['00200037', 'DS', `1\\0\\0\\0\\${c.toFixed(8)}\\${s.toFixed(8)}`],
          ];
          writeFileSync(join(f, `${String(5 - z).padStart(3, '0')}.dcm`), sliceFile(ct, z, turned));
        }
      },
      /aslant: its axes lie 23° aslant in the patient.*resample it/,
    ],
    ['modality', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, [['00080060', 'CS', 'MR']])), /b\.dcm: is of the modality MR/],
    [
      'tilt',
      (f) => writeFileSync(join(f, '000.dcm'), sliceFile(ct, 5, [['00200032', 'DS', '-10\\22\\112.5']])),
      /000\.dcm: lies 2 mm aside .*gantry was tilted/,
    ],
    ['frames', (f) => writeFileSync(join(f, 'b.dcm'), sliceFile(ct, 5, [['00280008', 'IS', '2']])), /b\.dcm: holds 2 slices in one file/],
    ['cut', (f) => writeFileSync(join(f, '003.dcm'), sliceFile(ct, 2).subarray(0, 300)), /003\.dcm: .*truncated/],
    ['foreign', (f) => writeFileSync(join(f, 'b.dcm'), 'no slice'), /b\.dcm: is not a DICOM file/],
    ['one', (f) => remove(f, ['001', '002', '003', '004']), /holds one DICOM slice; expected the slices of a CT series/],
    ['empty', (f) => remove(f, ['001', '002', '003', '004', '005']), /holds no DICOM slice/],
  ];
  for (const [name, spoil, message] of cases) {
    const folder = join(root, name);
    writeSeries(folder, ct);
    spoil(folder);
    const error = await readCt(folder).then(
      () => assert.fail(`${name} was read`),
      (e: Error) => e,
    );
    assert.ok(error instanceof FileError && message.test(error.message), `${name}: ${error.message}`);
    assert.ok(!/1\.2\.3\.4|1\.2\.9/.test(error.message), `${name} names an id: ${error.message}`);
  }
});

const [nx, ny, nz] = ct.shape;
/** Index to RAS of the same volume. */
const ras = [
  [-0.5, 0, 0, 10],
  [0, -0.75, 0, -20],
  [0, 0, 2.5, 100],
];

test('NIfTI gives the same volume, of either byte order, compressed or not, turned or not', async (t) => {
  const folder = tempDir(t);
  const raw = values(ct).map((hu) => (hu + 1024) / 2);
  const plain = { shape: ct.shape, affine: ras, values: raw, slope: 2, intercept: -1024 };
  // Stored as most programs do: x to the right, y to the front.
  const flipped: number[] = [];
  for (let z = 0; z < nz; z++)
    for (let y = ny - 1; y >= 0; y--) for (let x = nx - 1; x >= 0; x--) flipped.push((ct.hu(x, y, z) + 1024) / 2);
  const toRight = [
    [0.5, 0, 0, 10 - 0.5 * (nx - 1)],
    [0, 0.75, 0, -20 - 0.75 * (ny - 1)],
    [0, 0, 2.5, 100],
  ];
  const files: Record<string, Buffer> = {
    'a.nii': niftiFile(plain),
    'big.nii': niftiFile({ ...plain, bigEndian: true }),
    'a.nii.gz': gzipSync(niftiFile(plain)),
    'one-more-axis.nii': niftiFile({ ...plain, shape: [...ct.shape, 1] }),
    'flipped.nii': niftiFile({ ...plain, affine: toRight, values: flipped }),
  };
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), bytes);
    const { data, shape, spacing, affine } = await readCt(join(folder, name));
    assert.deepEqual([shape, spacing, Array.from(data)], [ct.shape, ct.spacing, values(ct)], name);
    assert.deepEqual(affine, [0.5, 0, 0, -10, 0, 0.75, 0, 20, 0, 0, 2.5, 100, 0, 0, 0, 1], name);
  }
});

/** The same bytes as values of another type (datatype, bitpix). */
function ofType(bytes: Buffer, type: number, bits: number): Buffer {
  bytes.writeInt16LE(type, 70);
  bytes.writeInt16LE(bits, 72);
  return bytes;
}

/** The affine turned about the long axis, by radians. */
function turnedBy(angle: number): number[][] {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const [x, y, z] = ras as [number[], number[], number[]];
  return [x.map((value, i) => c * value - s * y[i]!), x.map((value, i) => s * value + c * y[i]!), z];
}

test('a patient who lies a little aslant is read as the scanner has it', async (t) => {
  const path = join(tempDir(t), 'a.nii');
  writeFileSync(path, niftiFile({ shape: ct.shape, affine: turnedBy(0.08), values: values(ct) }));
  const { shape, spacing } = await readCt(path);
  assert.deepEqual(shape, ct.shape);
  assert.ok(
    spacing.every((mm, i) => Math.abs(mm - ct.spacing[i]!) < 1e-4),
    spacing.join(),
  );
});

test('a NIfTI file that is none is refused', async (t) => {
  const folder = tempDir(t);
  const raw = values(ct);
  const good = { shape: ct.shape, affine: ras, values: raw };
  const zipped = gzipSync(niftiFile(good));
  const cases: [string, Buffer, RegExp][] = [
    ['cut.nii', niftiFile(good).subarray(0, 400), /is truncated: its values end after 400 of 472 bytes/],
    ['cut.nii.gz', zipped.subarray(0, zipped.length - 20), /truncated or damaged/],
    ['time.nii', niftiFile({ ...good, shape: [nx, ny, nz - 1, 2] }), /has 4 axes of 4 × 3 × 4 × 2; expected one volume/],
    ['flat.nii', niftiFile({ ...good, shape: [nx, ny] }), /has 2 axes/],
    ['bomb.nii', niftiFile({ ...good, shape: [30000, 30000, 30000] }), /announces 30000 × 30000 × 30000 voxels/],
    ['bomb.nii.gz', gzipSync(Buffer.concat([niftiFile(good), Buffer.alloc(2 ** 22)])), /unpacks to more than the 472 bytes/],
    ['nowhere.nii', niftiFile({ ...good, sform: 0 }), /says nothing of its orientation/],
    ['skew.nii', niftiFile({ ...good, affine: [ras[0]!, ras[0]!, ras[2]!] }), /the orientation is damaged/],
    ['8-bit.nii', ofType(niftiFile(good), 2, 8), /has values of 8 bits, too few for Hounsfield units/],
    ['rgb.nii', ofType(niftiFile(good), 128, 24), /has colours; expected Hounsfield units/],
    ['oblique.nii', niftiFile({ ...good, affine: turnedBy(0.35) }), /lie 20° aslant in the patient/],
    ['sheared.nii', niftiFile({ ...good, affine: [ras[0]!, [0, -0.75, 0.4, -20], ras[2]!] }), /not at right angles \(a tilted gantry\?\)/],
    ['text.nii', Buffer.from('no volume'), /is not a NIfTI file/],
    ['zip.nii', Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(400)]), /zip archive/],
  ];
  for (const [name, bytes, message] of cases) {
    writeFileSync(join(folder, name), bytes);
    const error = await readCt(join(folder, name)).then(
      () => assert.fail(`${name} was read`),
      (e: Error) => e,
    );
    assert.ok(error instanceof FileError && message.test(error.message), `${name}: ${error.message}`);
  }
  await assert.rejects(readCt(join(folder, 'missing.nii')), /there is no such file or folder/);
  writeFileSync(join(folder, 'a.dcm'), dicomFile({ elements: [['7fe00010', 'OW', words([1, 2, 3, 4])]] }));
  await assert.rejects(readCt(join(folder, 'a.dcm')), /is one slice; give the folder/);
});

test('the shared CT is read as its scanner placed it', async (t) => {
  const folder = sharedData('ct_chest', 'lung_dx_a0001_b');
  if (!folder) return t.skip('the shared CT is missing');
  const { data, shape, spacing } = await readCt(folder);
  assert.deepEqual(shape, [512, 512, 64]);
  assert.ok(Math.abs(spacing[0] - 0.8418) < 1e-3 && Math.abs(spacing[2] - 5) < 1e-3, spacing.join());
  const range = data.reduce(([low, high], value) => [Math.min(low!, value), Math.max(high!, value)], [0, 0]);
  assert.ok(range[0]! <= -1000 && range[1]! > 500, range.join());
});
