/** DICOM images against pydicom: stored values in every coding, the modality's values, the values of interest. */

import { join } from 'node:path';
import { readSafetensors } from '../files';
import {
  applyWindow,
  type DicomFile,
  type DicomHeader,
  lossySyntaxes,
  modalityValues,
  openDicom,
  readHeader,
  readJson,
  readStored,
  voiRange,
  voiValues,
} from '../files/internal';
import { type Checker, type CheckOptions, type Measure, Unsupported } from './checker';
import { findData } from './find-data';
import { type Fixture, has } from './fixture';
import { listCases } from './list';
import { absolute, exact, failed, rel } from './measure';

interface Summary {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

interface CtRow {
  readonly file: string;
  /** "every 6th row and column from 0" */
  readonly rows_kept: string;
  readonly window_in_file: readonly [centre: number, width: number];
  readonly hu: Summary;
  readonly voi: Summary;
  /** By `c<centre>_w<width>`. */
  readonly other_windows: Readonly<Record<string, Summary>>;
}

interface Cases {
  readonly ct: readonly CtRow[];
  readonly synthetic: readonly {
    readonly file: string;
    readonly photometric: string;
    readonly bits_stored: number;
    readonly signed: boolean;
  }[];
}

const MODALITY = 1e-3;
const VOI = 1e-4;
/** Levels by which decoders of lossy JPEG differ. */
const LOSSY = 2;

const FOLDER = 'dicom';

/** All frames, one after the other. */
async function storedFrames(file: DicomFile, header: DicomHeader): Promise<Float32Array> {
  const each = header.rows * header.columns * header.samples;
  const all = new Float32Array(each * header.frames);
  for (let frame = 0; frame < header.frames; frame++) all.set(await readStored(file, header, frame), frame * each);
  return all;
}

async function* checkFile(folder: string, name: string): AsyncGenerator<Measure> {
  const { synthetic } = await readJson<Cases>(join(folder, 'cases.json'));
  const row = synthetic.find(({ file }) => file === `${name}.dcm`);
  if (!row || !has(folder, row.file)) throw new Unsupported('a case without a file');
  const expected = await readSafetensors(join(folder, 'expected.safetensors'));
  const file = await openDicom(join(folder, row.file));
  const header = readHeader(file);
  yield exact(
    'kind, bits, sign',
    [header.photometric, header.bitsStored, Number(header.signed)],
    [row.photometric, row.bits_stored, Number(row.signed)],
  );
  const lossy = lossySyntaxes.includes(file.syntax.uid);
  const got = await storedFrames(file, header);
  const want = expected[`${name}.raw`];
  yield want ? absolute('stored values', got, want.data, lossy ? LOSSY : 0) : failed('stored values', 'not in the file');
  const modality = expected[`${name}.modality`];
  const voi = expected[`${name}.voi`];
  // What another decoder gives differs already; the steps behind it are measured on the reference's own values.
  const stored = lossy && want ? Float32Array.from(want.data) : got;
  const of = lossy ? " of the reference's stored values" : '';
  const values = modalityValues(stored, header);
  if (modality) yield absolute(`values of the modality${of}`, values, modality.data, MODALITY);
  if (voi) yield rel(`values of interest${of}`, voiValues(values, header), voi.data, VOI);
}

async function* checkCt(folder: string, options: CheckOptions): AsyncGenerator<Measure> {
  const { ct } = await readJson<Cases>(join(folder, 'cases.json'));
  const kept = await readSafetensors(join(folder, 'ct.safetensors'));
  for (const row of ct) {
    const slice = Number(/(\d+)\.dcm$/.exec(row.file)?.[1]);
    const path = findData(row.file, options);
    const file = await openDicom(path);
    const header = readHeader(file);
    const step = Number(/every (\d+)\w* row/.exec(row.rows_kept)?.[1] ?? 1);
    const thin = (values: Float32Array): Float32Array => thinned(values, header, step);
    const hu = modalityValues(await readStored(file, header), header);
    const name = (part: string): string => `slice${slice}.${part}`;
    yield exact(name('window'), [header.windows[0]?.centre ?? 'none', header.windows[0]?.width ?? 'none'], [...row.window_in_file]);
    yield* compare(kept, name('hu'), thin(hu), hu, row.hu, MODALITY);
    const voi = voiValues(hu, header);
    yield* compare(kept, name('voi'), thin(voi), voi, row.voi, VOI);
    for (const [window, summary] of Object.entries(row.other_windows)) {
      const [centre, width] = /^c(-?[\d.]+)_w([\d.]+)$/.exec(window)!.slice(1).map(Number) as [number, number];
      const shown = applyWindow(hu, { centre, width }, header, voiRange(header, false));
      yield* compare(kept, name(`voi_${window}`), thin(shown), shown, summary, VOI);
    }
  }
}

function thinned(values: Float32Array, { rows, columns }: DicomHeader, step: number): Float32Array {
  const out: number[] = [];
  for (let y = 0; y < rows; y += step) for (let x = 0; x < columns; x += step) out.push(values[y * columns + x]!);
  return Float32Array.from(out);
}

/** The pixels that the fixture has, if it has them, and the whole slice's smallest, largest and mean value. */
function* compare(kept: Fixture, name: string, thin: Float32Array, all: Float32Array, want: Summary, tolerance: number): Iterable<Measure> {
  const pixels = kept[name];
  if (pixels) yield rel(name, thin, pixels.data, tolerance);
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of all) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  yield rel(`${name}: smallest, largest, mean`, [min, max, sum / all.length], [want.min, want.max, want.mean], tolerance);
}

export const imagesDicomChecker: Checker = {
  component: 'images',

  cases: async (folder) => (await listCases(folder)).filter((name) => name.startsWith(`${FOLDER}/`)),

  async *check(folder, name, options) {
    const dicom = join(folder, FOLDER);
    if (!has(dicom, 'cases.json')) throw new Unsupported('DICOM without cases.json');
    const inner = name.slice(FOLDER.length + 1);
    if (inner === 'ct') yield* checkCt(dicom, options);
    else yield* checkFile(dicom, inner);
  },
};
