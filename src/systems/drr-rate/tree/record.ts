/** The geometry of one image of a tree, in a file of its own; that it is there says that the image is whole. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Drr, DrrOptions } from '../../../datasets';
import { type DrrRateName, drrRatePlace } from '../../../datasets/internal';
import { FileError, readObject, type Triple } from '../../../files';
import type { PatientCells } from './about-volume';
import type { TreeView } from './view';

/** How images are projected: the same for all of a tree. */
export interface Projecting extends Pick<DrrOptions, 'threshold' | 'exposure' | 'noise' | 'seed'> {
  readonly mode: NonNullable<DrrOptions['mode']>;
  readonly size: number;
}

export interface GeometryRecord extends Omit<Drr, 'pixels' | 'channels'> {
  /** From the tree's folder. */
  readonly image: string;
  readonly view: string;
  readonly projecting: Projecting;
  readonly volume: {
    readonly fingerprint: string;
    readonly shape: Triple;
    /** mm. */
    readonly spacing: Triple;
  } & PatientCells;
  readonly note: string;
}

export const recordPlace = (name: DrrRateName, view: string): string => `geometry/${drrRatePlace(name, view).replace(/png$/, 'json')}`;

/**
 * The record of an image that is there.
 *
 * @returns undefined where image or record is missing
 * @throws FileError where the record is damaged
 */
export async function readRecord(out: string, name: DrrRateName, view: string): Promise<GeometryRecord | undefined> {
  const path = join(out, recordPlace(name, view));
  return existsSync(path) && existsSync(join(out, drrRatePlace(name, view))) ? await readObject<GeometryRecord>(path) : undefined;
}

/** @throws FileError where the image is of another volume, or was projected in another way */
export function expectSame(
  out: string,
  { image, ...there }: GeometryRecord,
  fingerprint: string,
  projecting: Projecting,
  { name }: TreeView,
): void {
  const differs =
    there.volume.fingerprint !== fingerprint
      ? 'shows another volume (was the list of volumes another?)'
      : !isDeepStrictEqual(there.projecting, JSON.parse(JSON.stringify(projecting))) || there.view !== name
        ? 'was projected with other options'
        : undefined;
  if (differs) throw new FileError(join(out, image), `${differs}; give the same, or another folder (--out)`);
}
