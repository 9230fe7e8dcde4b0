/** Studies with their images: of an annotation file and a folder, or of the phantom. */

import { createHash } from 'node:crypto';
import { openPhantom, type PhantomDataset, pixelRows, radgraphOf, writeReport } from '../../../datasets';
import { type TableEntry, tableDataset } from '../../../datasets/internal';
import { type Rows, rowsOf } from '../../../files';
import { readSeiAnnotation, type SeiAnnotation, type SeiSplit, type SeiStudy, seiSplits } from '../annotation';
import { cleanIndication } from '../indication';
import { structuralTokens } from '../marks';
import { structuralEntities } from '../structural-entities';

export interface SeiStudies {
  readonly annotation: SeiAnnotation;
  /** Grey images, size × size a row, 0 to 1, in the order of the annotation's splits. */
  readonly pixels: Readonly<Record<SeiSplit, Rows>>;
  /** What follows from other studies or other images is another. */
  readonly identity: string;
}

export interface OpenStudiesOptions {
  /** Pixels a side. */
  readonly size: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  readonly onNote?: (note: string) => void;
}

/** Patients of the phantom: those of one split are in no other. */
export const PHANTOM_SEEDS: Readonly<Record<SeiSplit, number>> = { train: 31, val: 32, test: 33 };

const identityOf = (annotation: SeiAnnotation, pixels: Readonly<Record<SeiSplit, Rows>>): string => {
  const hash = createHash('sha256').update(JSON.stringify(annotation));
  for (const split of seiSplits) hash.update(pixels[split].identity);
  return hash.digest('hex');
};

/**
 * Frontal images of phantom patients with their whole reports: what is to be written is FINDINGS, what SEE makes of it follows from the grammar's own entities.
 *
 * @param counts studies of each split
 */
export async function phantomStudies(
  counts: Readonly<Record<SeiSplit, number>>,
  { size, signal, onProgress }: OpenStudiesOptions,
): Promise<SeiStudies> {
  const total = seiSplits.reduce((sum, split) => sum + counts[split], 0);
  let before = 0;
  const parts: [SeiSplit, readonly SeiStudy[], Rows][] = [];
  for (const split of seiSplits) {
    const count = counts[split];
    const phantom = openPhantom({ seed: PHANTOM_SEEDS[split], count, style: 'impression', views: ['PA', 'AP'] });
    const rows = Int32Array.from({ length: count }, (_, i) => i);
    const progress = (done: number): void => onProgress?.(before + done, total);
    const values = await phantom.batch(rows, size, { ...(signal && { signal }), onProgress: progress });
    before += count;
    parts.push([split, Array.from(rows, (i) => phantomStudy(phantom, i, split)), rowsOf(values, size * size)]);
  }
  const annotation = Object.fromEntries(parts.map(([split, studies]) => [split, studies])) as unknown as SeiAnnotation;
  const pixels = Object.fromEntries(parts.map(([split, , rows]) => [split, rows])) as Record<SeiSplit, Rows>;
  return { annotation, pixels, identity: identityOf(annotation, pixels) };
}

function phantomStudy(phantom: PhantomDataset, i: number, split: string): SeiStudy {
  const { id, patient } = phantom.record(i);
  const report = writeReport(phantom.study(i));
  const { indication, comparison, findings, impression } = report;
  const gold = radgraphOf({ ...report, impression: NOTHING }, split);
  const cleaned = cleanIndication(indication);
  return {
    id,
    study_id: id,
    subject_id: patient,
    report: structuralTokens(findings.text).join(' '),
    image_path: [`${id}.png`],
    core_findings: structuralEntities(id, gold) ?? [],
    indication,
    impression: impression.text,
    comparison,
    findings: findings.text,
    examination: '',
    indication_core_findings: cleaned === '' ? [] : [cleaned],
  };
}

const NOTHING = { text: '', tokens: [], entities: [], labels: {} };

/**
 * Studies of an annotation file; of each the first image is read.
 *
 * @param folder that the file's paths begin in
 * @throws FileError naming split, study and field, or the images that are missing
 */
export async function annotatedStudies(
  path: string,
  folder: string,
  { size, signal, onProgress, onNote }: OpenStudiesOptions,
): Promise<SeiStudies> {
  const annotation = await readSeiAnnotation(path);
  const pixels: Partial<Record<SeiSplit, Rows>> = {};
  for (const split of seiSplits) {
    const studies = annotation[split];
    if (studies.length === 0) {
      pixels[split] = rowsOf(new Float32Array(0), size * size);
      continue;
    }
    const entries = studies.map(({ id, subject_id: patient, image_path: [file] }): TableEntry => {
      const where = `split ${split}, study ${JSON.stringify(id)}`;
      return { record: { id, patient: String(patient), text: '', labels: {}, sides: {} }, file: file!, where };
    });
    const dataset = await tableDataset({ name: split, credit: '', findings: [], folder, table: path, entries });
    pixels[split] = await pixelRows(dataset, size, {
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
      ...(onNote && { onNote }),
    });
  }
  const read = pixels as Record<SeiSplit, Rows>;
  return { annotation, pixels: read, identity: identityOf(annotation, read) };
}
