/** A set of pictures that several processes make, each a part: what each has made lies beside the pictures until one joins them. */

import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Picture } from '../display';
import { FileError, type RowsPart, readImage, readObject, writeJson } from '../files';
import { describeSystemError } from '../files/internal';
import type { AppliedAddOn } from './add-ons';

/** A picture of a set. */
export interface PictureEntry {
  readonly file: string;
  readonly prompt: string;
  readonly seed: number;
  readonly index: number;
  readonly lostTokens: number;
}

/** What is known of a set's pictures. */
export interface PictureSet {
  readonly engine: string;
  readonly model: { readonly folder: string; readonly sha256: string };
  readonly add_ons?: readonly AppliedAddOn[];
  readonly settings: Readonly<Record<string, string | number>>;
  /** False where an interrupt ended it. */
  readonly finished: boolean;
  readonly seconds: number;
  readonly pictures: readonly PictureEntry[];
}

/** A part, and what all parts of its set follow from. */
type Part = PictureSet & { readonly identity: string };

/** The folder of parts in that of the pictures. */
export const PARTS = 'parts';

const fileOf = (out: string, { index, count }: RowsPart): string => join(out, PARTS, `${index}-of-${count}.json`);

const OTHER = 'is of other pictures: another model, prompts or options; give all parts the same, or another folder';

/**
 * Whether a part is there, whole. Makes the folder of parts where it is not, by which other parts know that pictures beside it are theirs.
 *
 * @throws FileError where the part is there of another set, or the folder can't be made
 */
export async function isPartMade(out: string, part: RowsPart, identity: string): Promise<boolean> {
  try {
    await mkdir(join(out, PARTS), { recursive: true });
  } catch (error) {
    throw new FileError(out, `cannot be made: ${describeSystemError(error)}`, error);
  }
  const path = fileOf(out, part);
  if (!existsSync(path)) return false;
  const kept = await readObject<Part>(path);
  if (kept.identity !== identity) throw new FileError(path, OTHER);
  return kept.finished;
}

export const writePart = (out: string, part: RowsPart, identity: string, set: PictureSet): Promise<void> =>
  writeJson(fileOf(out, part), { identity, ...set } satisfies Part);

/** @throws FileError where parts are missing, unfinished, or of another set, or a picture is missing */
export async function joinParts(out: string, identity: string): Promise<PictureSet> {
  const folder = join(out, PARTS);
  const names = existsSync(folder) ? await readdir(folder) : [];
  const numbers = names.flatMap((name) => /^\d+-of-(\d+)\.json$/.exec(name)?.slice(1).map(Number) ?? []);
  if (numbers.length === 0) throw new FileError(out, 'has no parts to merge; make them with --shard 0/N to N-1/N and the same --out');
  const missing = new Map<number, string[]>();
  for (const count of new Set(numbers)) {
    const parts = Array.from({ length: count }, (_, index) => ({ index, count }));
    const lacking: string[] = [];
    const made: Part[] = [];
    for (const part of parts) {
      const path = fileOf(out, part);
      const kept = existsSync(path) ? await readObject<Part>(path) : undefined;
      if (kept && kept.identity !== identity) throw new FileError(path, OTHER);
      if (kept?.finished) made.push(kept);
      else lacking.push(`--shard ${part.index}/${count}`);
    }
    if (lacking.length === 0) return joined(out, made);
    missing.set(count, lacking);
  }
  const [count, lacking] = [...missing].sort(([, a], [, b]) => a.length - b.length)[0]!;
  throw new FileError(out, `${lacking.length} of ${count} parts are not there; run ${lacking.join(', ')}`);
}

function joined(out: string, parts: readonly Part[]): PictureSet {
  const pictures = parts.flatMap((part) => part.pictures).sort((a, b) => a.index - b.index);
  const absent = pictures.find(({ file }) => !existsSync(join(out, file)));
  if (absent)
    throw new FileError(join(out, absent.file), 'is missing, though its part was made; remove the file of the part and make it again');
  const { identity: _, ...first } = parts.find((part) => part.pictures.length > 0) ?? parts[0]!;
  const engines = new Set(parts.map(({ engine }) => engine));
  return { ...first, engine: [...engines].join('; '), seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0), pictures };
}

/** Pictures of a set, read from their files. */
export async function readPictures(out: string, entries: readonly PictureEntry[]): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for (const { file, prompt } of entries) {
    const { width, height, channels, data } = await readImage(join(out, file));
    const most = data instanceof Uint16Array ? 65_535 : 255;
    pictures.push({ width, height, channels, pixels: Float32Array.from(data, (value) => value / most), prompt });
  }
  return pictures;
}
