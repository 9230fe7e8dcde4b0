/** A folder of DICOM slices as one volume (PS3.3, C.7.6.2). */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkContent, describeSystemError, FileError } from '../errors';
import { checkVoxels, inPatientAxes, type Triple, type Volume } from '../volume';
import { type DicomHeader, readHeader } from './header';
import { type DicomFile, isDicom, openDicom, parseDicomFile } from './parse';
import { readStored } from './pixels';
import { modalityValues } from './values';

/** A slice, as far as its place in the volume goes. */
interface Slice {
  readonly path: string;
  readonly header: DicomHeader;
  readonly series: string;
  /** Of the first pixel's centre, mm, LPS. */
  readonly position: Triple;
  /** Along a row, and along a column. */
  readonly right: Triple;
  readonly down: Triple;
  /** mm from column to column, and from row to row. */
  readonly pitch: readonly [number, number];
}

const dot = (a: Triple, b: Triple): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

const cross = (a: Triple, b: Triple): Triple => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** Cosines and positions are written with few digits. */
const SAME_DIRECTION = 1e-3;

/** mm. */
const SAME_PLACE = 0.05;

/** Of the distance between slices. */
const SAME_GAP = 0.01;

/**
 * Reads the slices of a CT series: rescaled to Hounsfield units, in the order of their positions. Files that are no DICOM are left aside.
 *
 * @param folder holds one series
 * @throws FileError where there is none, or more than one, slices do not fit each other, or lie at uneven distances
 */
export async function readSeries(folder: string): Promise<Volume> {
  const slices = await readSlices(folder);
  expectOneSeries(folder, slices);
  const normal = cross(slices[0]!.right, slices[0]!.down);
  const sorted = [...slices].sort((a, b) => dot(a.position, normal) - dot(b.position, normal));
  const gap = evenGap(folder, sorted, normal);
  const [first] = sorted as [Slice];
  const { columns, rows } = first.header;
  const shape: Triple = [columns, rows, sorted.length];
  checkVoxels(folder, shape);
  const data = new Float32Array(columns * rows * sorted.length);
  for (const [z, { path, header }] of sorted.entries())
    data.set(modalityValues(await readStored(await openDicom(path), header), header), z * columns * rows);
  const { position, right, down, pitch } = first;
  const affine = [0, 1, 2].flatMap((row) => [right[row]! * pitch[0], down[row]! * pitch[1], normal[row]! * gap, position[row]!]);
  return checkContent(folder, () => inPatientAxes(data, shape, [...affine, 0, 0, 0, 1]));
}

async function readSlices(folder: string): Promise<Slice[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    names = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  } catch (error) {
    throw new FileError(folder, `cannot be read: ${describeSystemError(error)}`, error);
  }
  const slices: Slice[] = [];
  for (const name of names.sort()) {
    const path = join(folder, name);
    const bytes = await readFile(path).catch((error: unknown) => {
      throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
    });
    if (!isDicom(bytes) && !/\.dcm$/i.test(name)) continue;
    const file = parseDicomFile(path, bytes);
    // A medium's table of contents describes no image.
    if (file.meta.string('x00020002') !== '1.2.840.10008.1.3.10') slices.push(sliceOf(file));
  }
  if (slices.length < 2)
    throw new FileError(
      folder,
      `holds ${slices.length === 0 ? 'no DICOM slice' : 'one DICOM slice'}; expected the slices of a CT series, two or more`,
    );
  return slices;
}

function sliceOf(file: DicomFile): Slice {
  const { path, elements } = file;
  const modality = elements.string('x00080060') ?? '';
  if (modality !== 'CT') throw new FileError(path, `is of the modality ${modality || '(none)'}; expected slices of CT alone in the folder`);
  const header = readHeader(file);
  if (header.frames > 1)
    throw new FileError(
      path,
      `holds ${header.frames} slices in one file (enhanced CT), which is not read; write single slices, such as by \`emf2sf\` (dcm4che)`,
    );
  if (header.samples !== 1)
    throw new FileError(path, 'is a colour image, such as a saved screen; expected slices of CT: leave it out of the folder');
  if (header.bitsStored <= 8)
    throw new FileError(
      path,
      `has ${header.bitsStored} bits a pixel, too few for Hounsfield units: it is a picture of a slice; give the slices themselves`,
    );
  if (!header.rescale && !header.modalityTable)
    throw new FileError(path, 'has no Rescale Slope and Intercept: its values are no Hounsfield units; export the series again with them');
  const numbers = (tag: string, count: number, name: string): number[] => {
    const values = (elements.string(tag) ?? '').split('\\').map(Number.parseFloat);
    if (values.length !== count || values.some((value) => !Number.isFinite(value)))
      throw new FileError(
        path,
        `has no ${name}: where the slice lies is not known. Leave files that are no slices (surveys, reports) out of the folder`,
      );
    return values;
  };
  const position = numbers('x00200032', 3, 'Image Position') as unknown as Triple;
  const cosines = numbers('x00200037', 6, 'Image Orientation');
  const [betweenRows, betweenColumns] = numbers('x00280030', 2, 'Pixel Spacing') as [number, number];
  const [right, down] = [cosines.slice(0, 3), cosines.slice(3)] as unknown as [Triple, Triple];
  if (Math.abs(dot(right, right) - 1) > 0.01 || Math.abs(dot(down, down) - 1) > 0.01 || Math.abs(dot(right, down)) > 0.01)
    throw new FileError(path, `has an Image Orientation of no right angle: ${cosines.join(', ')}`);
  if (!(betweenRows > 0 && betweenColumns > 0)) throw new FileError(path, `has a Pixel Spacing of ${betweenRows} × ${betweenColumns} mm`);
  const series = elements.string('x0020000e') ?? '';
  return { path, header, series, position, right, down, pitch: [betweenColumns, betweenRows] };
}

function expectOneSeries(folder: string, slices: readonly Slice[]): void {
  const sizes = new Map<string, number>();
  for (const { series } of slices) sizes.set(series, (sizes.get(series) ?? 0) + 1);
  if (sizes.size > 1)
    throw new FileError(
      folder,
      `holds ${sizes.size} series, of ${[...sizes.values()].join(' and ')} slices; put each into a folder of its own`,
    );
  const [first] = slices as [Slice];
  const far = (a: readonly number[], b: readonly number[]): number => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
  for (const slice of slices) {
    const { header, right, down, pitch } = slice;
    const differs =
      header.rows !== first.header.rows || header.columns !== first.header.columns
        ? `has ${header.columns} × ${header.rows} pixels`
        : far(right, first.right) > SAME_DIRECTION || far(down, first.down) > SAME_DIRECTION
          ? 'lies in another direction (a survey image?)'
          : far(pitch, first.pitch) > SAME_DIRECTION * pitch[0]
            ? `has pixels of ${pitch.join(' × ')} mm`
            : undefined;
    if (differs)
      throw new FileError(
        slice.path,
        `${differs}, unlike the series' first slice (${first.header.columns} × ${first.header.rows} pixels of ${first.pitch.join(' × ')} mm); leave one of both out of the folder`,
      );
  }
}

/**
 * The distance between slices in mm.
 *
 * @param sorted along the normal
 */
function evenGap(folder: string, sorted: readonly Slice[], normal: Triple): number {
  const steps = sorted.slice(1).map(({ position }, i) => {
    const before = sorted[i]!.position;
    return [position[0] - before[0], position[1] - before[1], position[2] - before[2]] as const;
  });
  const gaps = steps.map((step) => dot(step, normal));
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)]!;
  for (const [i, gap] of gaps.entries()) {
    const { path } = sorted[i + 1]!;
    const mm = (x: number): string => `${Number(x.toFixed(2))} mm`;
    if (gap < SAME_PLACE)
      throw new FileError(path, 'lies where another slice of the folder lies: it holds more than one reconstruction or phase; keep one');
    if (Math.abs(gap - usual) > Math.max(SAME_PLACE, SAME_GAP * usual))
      throw new FileError(
        path,
        `lies ${mm(gap)} behind the slice before it, where others lie ${mm(usual)} apart: ${gap > usual ? 'slices are missing' : 'the series has more slices in a part'}; expected even distances`,
      );
    const step = steps[i]!;
    const aside = Math.hypot(step[0] - gap * normal[0], step[1] - gap * normal[1], step[2] - gap * normal[2]);
    if (aside > Math.max(SAME_PLACE, 0.02 * gap))
      throw new FileError(
        path,
        `lies ${mm(aside)} aside of the slice before it: the gantry was tilted, which is not read; resample the series`,
      );
  }
  if (!(usual > 0)) throw new FileError(folder, 'holds slices at one position only');
  return usual;
}
