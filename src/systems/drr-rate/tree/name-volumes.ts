/** What the images of CT volumes are called. */

import { basename } from 'node:path';
import { type DrrRateName, type DrrRatePart, parseDrrRateName } from '../../../datasets/internal';

/**
 * Names of volumes: CT-RATE's where all are named so (`train_1_a_1.nii.gz`), else each volume is a patient of its own with the number of its place in the list, from 1.
 *
 * @param part of those that have no name of their own
 * @throws RangeError where two volumes have one name
 */
export function nameVolumes(paths: readonly string[], part: DrrRatePart): DrrRateName[] {
  const own = paths.map(parseDrrRateName);
  const names = own.every((name) => name !== undefined)
    ? own
    : paths.map((_, i): DrrRateName => {
        const patient = `${part}_${i + 1}`;
        return { part, patient, scan: `${patient}_a`, image: `${patient}_a_1` };
      });
  const seen = new Set<string>();
  for (const { image } of names) {
    if (seen.has(image)) throw new RangeError(`two volumes are called ${image}; give each once`);
    seen.add(image);
  }
  return names;
}

/** A volume's name as tables about volumes have it, without folders and endings. */
export const volumeKey = (path: string): string => basename(path).replace(/(\.nii(\.gz)?|\.png)$/i, '');
