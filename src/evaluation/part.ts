/** The making of images and features shared out over processes, such as the tasks of a Slurm array: each makes its part, and one evaluates all. */

import { FileError } from '../files';
import type { KeptRows } from '../files/internal';
import type { Bench } from './bench';
import { keepFeatures } from './features';
import { generatedImages, keepImages, realImages } from './image-set';
import { PER_PROMPT, severalRecords } from './several-of-a-prompt';
import { featureSpaces } from './spaces/all';

/** What of the images and features of all evaluations is there. */
export interface PartDone {
  /** Files of the images and features that there are to be, and of those that are not there yet. */
  readonly files: number;
  readonly missing: readonly string[];
}

/**
 * Makes the bench's part of what evaluations share: one image of each prompt and several, of each model, and the features of the former and of the real
 * images in every space. Parts do not wait for each other.
 *
 * @throws the signal's reason where it was raised: what is made stays
 */
export async function makePart(bench: Bench): Promise<PartDone> {
  const missing: string[] = [];
  const note = <K extends string>({ folder, missing: some }: KeptRows<K>): void =>
    void missing.push(...some.map((file) => `${folder}/${file}`));
  const sets = [await realImages(bench, 'test'), await realImages(bench, 'train')]; // fidelity compares real with real
  let files = 0;
  for (const model of bench.models) {
    if (model.images) {
      sets.push(await generatedImages(bench, model));
      continue;
    }
    const { kept, ...set } = await keepImages(bench, model);
    const several = await keepImages(bench, model, { records: severalRecords(bench), perPrompt: PER_PROMPT });
    sets.push(set);
    for (const each of [kept, several.kept]) {
      note(each);
      files += each.files;
    }
  }
  const spaces = await featureSpaces(bench);
  try {
    for (const space of spaces)
      for (const set of sets) {
        const kept = await keepFeatures(bench, space, set);
        note(kept);
        files += kept.files;
      }
  } finally {
    for (const space of spaces) space.dispose();
  }
  return { files, missing };
}

/** Makes nothing. @throws FileError that lists all that parts have not made yet */
export async function expectMerged(bench: Bench): Promise<void> {
  const { files, missing } = await makePart({ ...bench, merge: true });
  if (missing.length > 0)
    throw new FileError(
      bench.out,
      `${missing.length} of ${files} files of images and features are not there; run the parts (--shard I/N) that make them:\n${missing.join('\n')}`,
    );
}
