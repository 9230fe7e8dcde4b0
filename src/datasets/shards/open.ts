/** WebDataset: images with texts in `.tar` files. Read once to know where everything is; images are then read where they lie. */

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { FileError, readObject } from '../../files';
import { is } from '../../files/internal';
import type { Dataset } from '../dataset';
import { isImage } from '../find-images';
import { leftOut } from '../published/left-out';
import { isEmptyCell } from '../read-table';
import { type TableEntry, type TableMember, tableDataset } from '../table';
import { tarMembers } from '../tar';
import { findShards, splitName } from './names';
import { readTold } from './record';

/** Said of the whole in a file beside the shards; other tools do not need it. */
export const ABOUT = 'dataset.json';

/** Texts and what is told of an image are small. */
const MOST_BYTES = 2 ** 24;

/** The files of one sample. */
interface Sample {
  readonly name: string;
  image?: TableMember;
  text?: string;
  json?: string;
}

/**
 * Opens shards: a folder of them, one `.tar`, or a pattern such as `name-{000000..000009}.tar`. Files that follow each other and have one name up to the first dot are a sample: an image,
 * and its text in `.txt` or `.caption`, or under `text` or `caption` of a `.json`, which may hold the other fields of a record too (`ImageRecord`; `packShards` writes them). Samples without
 * image or text are left out and counted.
 *
 * @throws FileError where a shard is missing, truncated or no archive, a sample holds a kind of file twice or is not what it should be, two samples have one id, or none has image and text
 */
export async function openShards(path: string): Promise<Dataset> {
  const shards = findShards(resolve(path));
  const folder = dirname(shards[0]!);
  const out = leftOut();
  const entries: TableEntry[] = [];
  const ids = new Set<string>();
  const labels = new Set<string>();
  let samples = 0;
  for (const shard of shards) {
    let number = 0;
    for await (const sample of samplesOf(shard)) {
      number++;
      samples++;
      const told = sample.json === undefined ? {} : readTold(shard, number, sample.json);
      const text = (sample.text ?? told.text ?? '').trim();
      if (sample.image === undefined || isEmptyCell(text)) {
        out.count(sample.image === undefined ? 'have no image' : 'have no text');
        continue;
      }
      const id = told.id ?? sample.name;
      if (ids.has(id)) throw new FileError(shard, `sample ${number}: another sample has its id; each must have its own`);
      ids.add(id);
      for (const label of Object.keys(told.labels ?? {})) labels.add(label);
      entries.push({ record: { labels: {}, sides: {}, ...told, id, text }, file: shard, member: sample.image, row: number });
    }
  }
  const notes = out.notes(samples, `samples of ${shards.length === 1 ? basename(shards[0]!) : `${shards.length} shards`}`);
  if (entries.length === 0)
    throw new FileError(
      path,
      `holds no sample of an image with a text (a.png and a.txt or a.json, one after the other); if it is an archive of another kind, extract it and name the folder. ${notes.join(' ')}`,
    );
  const { name, credit, findings } = await readAbout(folder);
  return tableDataset({ name, credit, findings: findings ?? [...labels], folder, table: path, entries, notes });
}

async function* samplesOf(shard: string): AsyncGenerator<Sample> {
  let current: Sample | undefined;
  let number = 1;
  for await (const { name, offset, size, bytes } of tarMembers(shard)) {
    const split = splitName(name);
    if (split === undefined) continue;
    const { sample, ending } = split;
    if (current !== undefined && current.name !== sample) {
      yield current;
      number++;
      current = undefined;
    }
    current ??= { name: sample };
    const kind = kindOf(ending);
    if (kind === undefined) continue;
    if (current[kind] !== undefined) throw new FileError(shard, `sample ${number}: has two files of the kind ${kind}; expected one`);
    if (kind === 'image') current.image = { name, offset, size };
    else current[kind] = decode(shard, number, await bytes(MOST_BYTES));
  }
  if (current !== undefined) yield current;
}

/** What a file of a sample is; undefined for others, such as `seg.png`, which stand beside them. */
function kindOf(ending: string): 'image' | 'text' | 'json' | undefined {
  if (ending === 'txt' || ending === 'caption') return 'text';
  if (ending === 'json') return 'json';
  return !ending.includes('.') && isImage(`.${ending}`) ? 'image' : undefined;
}

function decode(shard: string, sample: number, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new FileError(shard, `sample ${sample}: its text is not UTF-8`, error);
  }
}

interface About {
  readonly name: string;
  readonly credit: string;
  readonly findings?: readonly string[];
}

const ABOUT_CHECKS = { name: is.text, credit: is.text, findings: is.list(is.text) };

/** Name, origin and labels of the whole, where a file beside the shards says them. */
async function readAbout(folder: string): Promise<About> {
  const name = basename(folder);
  const path = join(folder, ABOUT);
  if (!existsSync(path)) return { name, credit: `From the shards in ${name}; origin and licence as its owner says.` };
  const {
    name: told,
    credit,
    findings,
  } = await readObject<About>(path, (about) => {
    for (const key of ['name', 'credit', 'findings'] as const) {
      const expected = ABOUT_CHECKS[key](about[key]);
      if (expected !== undefined) throw new RangeError(`${key}: expected ${expected}`);
    }
  });
  return { name: told, credit, findings };
}
