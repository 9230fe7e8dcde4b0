/** A tree of radiographs of CT volumes in DRR-RATE's layout, written image by image: what is there and whole stays. */

import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type Drr, radiographsOf } from '../../../datasets';
import { type DrrRateName, type DrrRatePart, drrRatePlace } from '../../../datasets/internal';
import { FileError, type RowsPart, readCt, type Volume, writeJson } from '../../../files';
import { writeSynthetic } from '../../../files/internal';
import { patientCells, volumeFingerprint } from './about-volume';
import { nameVolumes, volumeKey } from './name-volumes';
import { expectSame, type GeometryRecord, type Projecting, readRecord, recordPlace } from './record';
import { type GivenTable, readGivenTable, type TreeTable, type WrittenImage, writeTables } from './tables';
import type { TreeView } from './view';

export interface DrrTreeOptions {
  /** Folders of DICOM slices, or NIfTI files. */
  readonly volumes: readonly string[];
  readonly out: string;
  readonly views: readonly TreeView[];
  readonly projecting: Projecting;
  /** Of volumes that are not named as CT-RATE's are. */
  readonly part: DrrRatePart;
  /** Files of tables about the volumes (`readGivenTable`). */
  readonly tables?: Readonly<Partial<Record<TreeTable, string>>>;
  /** The volumes that this process takes; all by default. */
  readonly shard?: RowsPart;
  /** Makes nothing: a volume whose images are not all there is a failure. */
  readonly merge?: boolean;
  /** Ends the work between two images; the same call goes on. */
  readonly signal?: AbortSignal;
  /** Called after each volume. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called where a volume can't be read or projected; the others go on. */
  readonly onFailure?: (failure: FailedVolume) => void;
}

/** A volume of which there is no image, by its path as it was given. */
export interface FailedVolume {
  readonly path: string;
  readonly why: string;
}

export interface WrittenTree {
  /** Volumes that this call took. */
  readonly volumes: number;
  /** Images that it wrote, and that were there before. */
  readonly written: number;
  readonly kept: number;
  readonly failures: readonly FailedVolume[];
}

/** Radiographs' files, and the text that says what they are. */
export const NOT_TAKEN = 'projected from computed tomography, not for diagnosis';

/**
 * Writes the tree. An image comes before its record of geometry, each as a whole, so that a process that is killed leaves neither half a file nor a record without an image.
 *
 * @throws RangeError where volumes share a name; FileError where an image is there that shows something else, or nothing can be written; the signal's reason
 */
export async function writeDrrTree(options: DrrTreeOptions): Promise<WrittenTree> {
  const { volumes, part, shard, signal, onProgress, onFailure } = options;
  const out = resolve(options.out);
  const names = nameVolumes(volumes, part);
  const given = await readGivenTables(options.tables ?? {});
  const own = volumes.flatMap((path, i) => (shard && i % shard.count !== shard.index ? [] : [{ path, name: names[i]! }]));
  const failures: FailedVolume[] = [];
  let [written, kept, done] = [0, 0, 0];
  try {
    for (const { path, name } of own) {
      signal?.throwIfAborted();
      const images = await imagesOf(path, name, { ...options, out });
      if ('why' in images) {
        failures.push(images);
        onFailure?.(images);
      } else {
        kept += images.kept;
        for (const image of images.made) {
          await writeImage(out, image);
          written++;
        }
      }
      onProgress?.(++done, own.length);
    }
  } finally {
    await writeAllTables(out, volumes, names, options.views, given);
  }
  return { volumes: own.length, written, kept, failures };
}

async function readGivenTables(files: Readonly<Partial<Record<TreeTable, string>>>): Promise<Partial<Record<TreeTable, GivenTable>>> {
  const tables: Partial<Record<TreeTable, GivenTable>> = {};
  for (const what of ['labels', 'reports', 'metadata'] as const)
    if (files[what] !== undefined) tables[what] = await readGivenTable(files[what], what);
  return tables;
}

interface MadeImage {
  readonly pixels: Float32Array;
  readonly record: GeometryRecord;
  readonly place: string;
}

/** The images of a volume that are not there yet, or why there are none. */
async function imagesOf(
  path: string,
  name: DrrRateName,
  { out, views, projecting, merge, signal }: DrrTreeOptions,
): Promise<{ readonly made: readonly MadeImage[]; readonly kept: number } | FailedVolume> {
  const fingerprint = await volumeFingerprint(path).catch((error: unknown) => failure(path, error));
  if (typeof fingerprint !== 'string') return fingerprint;
  const missing: TreeView[] = [];
  for (const view of views) {
    const there = await readRecord(out, name, view.name);
    if (there) expectSame(out, there, fingerprint, projecting, view);
    else missing.push(view);
  }
  const kept = views.length - missing.length;
  if (missing.length === 0) return { made: [], kept };
  if (merge)
    return { path, why: `${missing.map(({ name: view }) => view).join(', ')} are not there yet; its part (--shard I/N) makes them` };
  try {
    const volume = await readCt(path);
    const patient = await patientCells(path);
    const take = radiographsOf(volume);
    const made: MadeImage[] = [];
    for (const view of missing) {
      const seed = seedOf(projecting.seed ?? 0, name, view);
      const image = await take({ ...projecting, view: view.view, seed, ...(signal && { signal }) });
      made.push({ pixels: image.pixels, ...describe(image, name, view, projecting, { ...about(volume), ...patient, fingerprint }) });
    }
    return { made, kept };
  } catch (error) {
    signal?.throwIfAborted();
    return failure(path, error);
  }
}

/** What a person must mend in a volume; anything else is no fault of the volume. */
function failure(path: string, error: unknown): FailedVolume {
  if (error instanceof FileError || error instanceof RangeError) return { path, why: error.message.replace(`${path}: `, '') };
  throw error;
}

const about = ({ shape, spacing }: Volume): Pick<Volume, 'shape' | 'spacing'> => ({ shape, spacing });

/** Images have noise of their own each, which follows from the tree's seed and the image's name. */
function seedOf(seed: number, { image }: DrrRateName, { name }: TreeView): number {
  return createHash('sha256').update(`${seed} ${image} ${name}`).digest().readUInt32LE(0);
}

function describe(
  { pixels: _, channels: __, ...geometry }: Drr,
  name: DrrRateName,
  view: TreeView,
  projecting: Projecting,
  volume: GeometryRecord['volume'],
): Omit<MadeImage, 'pixels'> {
  const image = drrRatePlace(name, view.name);
  return { place: recordPlace(name, view.name), record: { image, view: view.name, ...geometry, projecting, volume, note: NOT_TAKEN } };
}

async function writeImage(out: string, { pixels, record, place }: MadeImage): Promise<void> {
  const { image, width, height, projecting, azimuth, sourceToDetector, sourceToCentre, pixel } = record;
  await writeSynthetic(
    join(out, image),
    { width, height, channels: 1, pixels },
    { Comment: NOT_TAKEN, Projection: JSON.stringify({ mode: projecting.mode, azimuth, sourceToDetector, sourceToCentre, pixel }) },
  );
  await writeJson(join(out, place), record);
}

/** Tables of all images of the list that are there, by whichever process; written anew where others came meanwhile, so that the last process leaves all of them. */
async function writeAllTables(
  out: string,
  volumes: readonly string[],
  names: readonly DrrRateName[],
  views: readonly TreeView[],
  given: Readonly<Partial<Record<TreeTable, GivenTable>>>,
): Promise<void> {
  const there = async (): Promise<WrittenImage[]> => {
    const images: WrittenImage[] = [];
    for (const [i, name] of names.entries())
      for (const view of views) {
        const record = await readRecord(out, name, view.name);
        if (!record) continue;
        images.push({ name, key: volumeKey(volumes[i]!), record });
        break;
      }
    return images;
  };
  for (let images = await there(), before = 0; images.length > before; before = images.length, images = await there())
    for (const part of new Set(images.map(({ name }) => name.part)))
      await writeTables(
        out,
        part,
        images.filter(({ name }) => name.part === part),
        given,
      );
}
