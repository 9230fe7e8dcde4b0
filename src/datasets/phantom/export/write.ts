/** The phantom as a folder that other tools read: images, reports, labels, entities, masks, journeys. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { foldIn, key } from '../../../engine';
import { writeJson, writePng } from '../../../files';
import { claimFolder, disclaimer, writeFileAtomic } from '../../../files/internal';
import { draws } from '../../procedural';
import { openPhantom, type PhantomDataset } from '../phantom';
import { otherProjection } from '../projections';
import { renderStudy } from '../render';
import { writeProgression } from '../report/progression';
import { type RadgraphReport, radgraphOf } from '../report/radgraph';
import { writeReport } from '../report/report';
import { renderCounterfactual } from '../truth/counterfactual';
import { boxOf, studyMasks } from '../truth/masks';
import { checkSpacing, phantomVolume } from '../truth/volume';
import type { Study } from '../types';
import { type Cell, toCsv } from './csv';
import { imageId, splitOf, studyIds, studyPath } from './ids';
import {
  BOX_COLUMNS,
  boxRow,
  chexpertTable,
  metadataTable,
  readmeText,
  recordsTable,
  reportText,
  splitTable,
  type WrittenImage,
  type WrittenStudy,
  type WrittenTable,
} from './layout';
import { encodeNifti } from './nifti';

/** Share of upright (PA) studies that have a lateral view too. Patients in bed (AP) have none. */
export const LATERAL_SHARE = 0.6;

export interface WritePhantomOptions {
  /** New or empty. */
  readonly folder: string;
  /** How many studies. */
  readonly count: number;
  /** Width and height of the images, pixels. */
  readonly size: number;
  /** Another seed, other patients. 0 if not given. */
  readonly seed?: number;
  /** Share of patients who are children, 0 to 1. 0 if not given. */
  readonly children?: number;
  /** Each study's anatomy as a volume too, with voxels of so many mm (`phantomVolume`). */
  readonly volumes?: number;
  /** Called after each study. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two studies; what is there by then is no whole data set (it has no `records.csv`). */
  readonly signal?: AbortSignal;
}

/** How much was written. */
export interface WrittenPhantom {
  readonly folder: string;
  readonly patients: number;
  readonly studies: number;
  readonly images: number;
  readonly masks: number;
  readonly journeys: number;
}

/** What grows while studies are written. */
interface Written {
  readonly studies: WrittenStudy[];
  readonly boxes: Readonly<Record<string, Cell>>[];
  readonly journeys: Readonly<Record<string, Cell>>[];
  readonly radgraph: Record<string, RadgraphReport>;
}

/** A study's views: its own, and for some a lateral one. */
function viewsOf(study: Study): Study[] {
  const lateral = study.view === 'PA' && draws(foldIn(key(study.detail), 32)).chance(LATERAL_SHARE);
  return lateral ? [study, otherProjection(study, 'LATERAL')] : [study];
}

/** A file's name for a finding or organ. */
const fileName = (...parts: (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined)
    .join('-')
    .replaceAll(' ', '-');

/** Writes masks of one image, those that are not empty. */
async function writeMasks(
  folder: string,
  study: Study,
  image: WrittenImage,
  size: number,
  text: Record<string, string>,
): Promise<Written['boxes']> {
  const { lungs, heart, findings } = studyMasks(study, size);
  const organs = [
    { label: 'left lung', mask: lungs.left, finding: undefined },
    { label: 'right lung', mask: lungs.right, finding: undefined },
    { label: 'heart', mask: heart, finding: undefined },
  ];
  const rows: Readonly<Record<string, Cell>>[] = [];
  for (const { label, mask, finding } of [
    ...organs,
    ...findings.map((f) => ({ label: f.finding.kind, mask: f.mask, finding: f.finding })),
  ]) {
    const box = boxOf(mask, size);
    if (!box) continue;
    const file = join('masks', image.id, `${fileName(label, finding?.side)}.png`);
    await writePng(join(folder, file), { width: size, height: size, channels: 1, data: mask.map((v) => 255 * v) }, text);
    rows.push(boxRow(image, label, file, box, finding));
  }
  return rows;
}

async function writeStudy(
  i: number,
  phantom: PhantomDataset,
  options: WritePhantomOptions,
  source: string,
  before: WrittenStudy | undefined,
  into: Written,
): Promise<void> {
  const { folder, size } = options;
  const { seed } = phantom.population;
  const study = phantom.study(i);
  const ids = studyIds(study, i);
  const path = studyPath(ids);
  const earlier = before && before.study.patient.index === study.patient.index ? before : undefined;
  const views = viewsOf(study);
  const images = views.map(({ view }): WrittenImage => {
    const id = imageId(seed, i, view);
    return { id, file: join(path, `${id}.png`), view };
  });
  const written: WrittenStudy = {
    ids,
    split: splitOf(seed, study.patient.index),
    study,
    report: writeReport(study),
    images,
    day: earlier ? earlier.day + study.daysSincePrior! : 0,
  };
  const text = { Comment: disclaimer, Source: `${source}, study ${i}` };
  for (const [k, view] of views.entries()) {
    const { file } = images[k]!;
    await writePng(join(folder, file), { width: size, height: size, channels: 1, data: renderStudy(view, size) }, text);
    into.boxes.push(...(await writeMasks(folder, view, images[k]!, size, text)));
  }
  if (options.volumes !== undefined) {
    const volume = encodeNifti(phantomVolume(study, options.volumes), disclaimer);
    await writeFileAtomic(join(folder, 'volumes', `s${ids.study}.nii.gz`), volume);
  }
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, `${path}.txt`), reportText(written, `${source}, study ${i}`));
  into.radgraph[`${path.slice('files/'.length)}.txt`] = radgraphOf(written.report, written.split);
  into.studies.push(written);
  if (!earlier) return;
  const file = join('counterfactuals', `${images[0]!.id}.png`);
  const data = renderCounterfactual(earlier.study, study.findings, size);
  await writePng(join(folder, file), { width: size, height: size, channels: 1, data }, text);
  into.journeys.push({
    split: written.split,
    past_dicom_id: earlier.images[0]!.id,
    current_dicom_id: images[0]!.id,
    past_view: earlier.study.view,
    current_view: study.view,
    instruction: writeProgression(earlier.study, study).text,
    counterfactual: file,
  });
}

async function writeTables(folder: string, { studies, boxes, journeys, radgraph }: Written, size: number): Promise<void> {
  const csv = ({ columns, rows }: WrittenTable): string => toCsv(columns, rows);
  const published = { metadata: metadataTable(studies, size), chexpert: chexpertTable(studies), split: splitTable(studies) };
  for (const [name, table] of Object.entries(published))
    await writeFileAtomic(join(folder, `mimic-cxr-2.0.0-${name}.csv.gz`), gzipSync(csv(table)));
  await writeFileAtomic(join(folder, 'boxes.csv'), csv({ columns: BOX_COLUMNS, rows: boxes }));
  const columns = ['split', 'past_dicom_id', 'current_dicom_id', 'past_view', 'current_view', 'instruction', 'counterfactual'];
  await writeFileAtomic(join(folder, 'journeys.csv'), csv({ columns, rows: journeys }));
  await writeJson(join(folder, 'radgraph.json'), radgraph);
  await writeFileAtomic(join(folder, 'records.csv'), csv(recordsTable(studies))); // the last: it says that all is there
}

/**
 * Writes a data set of frontal studies (some with a lateral view), with all that the phantom knows of them; `README.txt` in the folder says which file holds
 * what. `openMimic` reads it, and so does `openFolder` by `records.csv`. Same options, same bytes.
 *
 * @throws FileError where the folder holds something or cannot be written; RangeError for options out of range; the signal's reason where it is aborted
 */
export async function writePhantom(options: WritePhantomOptions): Promise<WrittenPhantom> {
  const { folder, count, size, seed = 0, children, onProgress, signal } = options;
  if (!Number.isInteger(size) || size < 32 || size > 1024)
    throw new RangeError(`writePhantom: size: expected an integer from 32 to 1024, got ${size}`);
  if (options.volumes !== undefined) checkSpacing('writePhantom: volumes', options.volumes);
  const phantom = openPhantom({ seed, count, children, style: 'impression', cache: false });
  claimFolder(folder, 'a data set of the phantom', []);
  const source = `roentgen-lab's phantom, seed ${seed}`;
  await writeFileAtomic(join(folder, 'README.txt'), readmeText(source, size));
  const into: Written = { studies: [], boxes: [], journeys: [], radgraph: {} };
  for (let i = 0; i < count; i++) {
    signal?.throwIfAborted();
    await writeStudy(i, phantom, options, source, into.studies.at(-1), into);
    onProgress?.(i + 1, count);
  }
  await writeTables(folder, into, size);
  return {
    folder,
    patients: new Set(into.studies.map(({ ids }) => ids.subject)).size,
    studies: count,
    images: into.studies.reduce((sum, { images }) => sum + images.length, 0),
    masks: into.boxes.length,
    journeys: into.journeys.length,
  };
}
