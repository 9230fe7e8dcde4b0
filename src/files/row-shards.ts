/**
 * Rows on disk: safetensors files of some megabytes each, made once and shared by all who need the same values. A folder is named by a hash of all that its
 * values follow from, so that it is never out of date; each file names that too, with its rows and the SHA-256 of its values.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError, FileError } from './errors';
import { writeJson } from './json';
import { checkRows, type Rows } from './rows';
import { openSafetensors, readExactly } from './safetensors';
import { writeSafetensorsLazily } from './safetensors-write';

/** How a column's values are kept. */
export interface ColumnForm {
  /** Of one row. */
  readonly shape: readonly number[];
  /** `F32` as they are; `U16` in whole 65535ths from 0 to 1, in half the room: exact for images of 8 bits and for values that were rounded so. */
  readonly dtype: 'F32' | 'U16';
}

/** Rows that are to be kept. */
export interface RowsToKeep<K extends string> {
  /** All that the values follow from, by name; hashes of what is large. It stands in `manifest.json` for people. */
  readonly source: Readonly<Record<string, unknown>>;
  readonly length: number;
  readonly columns: Readonly<Record<K, ColumnForm>>;
  /** Rows of a file, which an interruption loses at most; by default as many as are some megabytes. */
  readonly rowsPerFile?: number;
  /** Makes the rows from `from` to `to` (exclusive): the same values whenever it is called. */
  make(from: number, to: number): Promise<MadeRows<K>>;
}

export interface MadeRows<K extends string> {
  readonly values: Readonly<Record<K, Float32Array>>;
  /** What the making has shown of these rows and would take as long to find again. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** One of several processes that share the work: it makes the files whose number modulo `count` is `index`. */
export interface RowsPart {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

export interface KeepOptions {
  /** Makes the files of a part alone, or nothing; those of others are read where they are there, and `missing` names them where not. All by default. */
  readonly making?: RowsPart | 'nothing';
  readonly signal?: AbortSignal;
  /** Called with the number of rows that are there. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called where a file was damaged and is made again. */
  readonly onNote?: (note: string) => void;
}

export interface KeptRows<K extends string> {
  readonly folder: string;
  readonly columns: Readonly<Record<K, Rows>>;
  /** The facts of each file that is there, in the order of the rows. */
  readonly facts: readonly Readonly<Record<string, string>>[];
  /** How many files there are to be. */
  readonly files: number;
  /** Names of those that are not there, with `making`; their rows cannot be read. */
  readonly missing: readonly string[];
}

/** About so many bytes are made, held and written at a time. */
const SHARD_BYTES = 64 * 2 ** 20;
/** A file's rows are a multiple of this, so that networks see them in the batches of the whole. */
const MULTIPLE = 32;
const MANIFEST = 'manifest.json';
const bytesOf = { F32: 4, U16: 2 } as const;

/** How many bytes the values take on disk. */
export function keptBytes({ length, columns }: Pick<RowsToKeep<string>, 'length' | 'columns'>): number {
  return length * Object.values(columns).reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * bytesOf[dtype], 0);
}

/**
 * Gives rows out of a folder below `root`, after making those that are not there. Every file is read once and checked against its hash; one that is damaged
 * is made again. Work that was interrupted goes on behind the last whole file. Several processes may make the same rows at the same time, or each a part
 * of them (`making`) into a folder that they share.
 *
 * @returns rows that hold no file open
 * @throws FileError where the folder cannot be written; the signal's reason where it was raised
 */
export async function keepRows<K extends string>(root: string, rows: RowsToKeep<K>, options: KeepOptions = {}): Promise<KeptRows<K>> {
  const { source, length, columns, make } = rows;
  const { making, signal, onProgress, onNote } = options;
  const isMade = (file: number): boolean => making === undefined || (making !== 'nothing' && file % making.count === making.index);
  const names = Object.keys(columns) as K[];
  const inMemory = names.reduce((sum, name) => sum + 4 * sizeOf(columns[name].shape), 0);
  const perShard = rows.rowsPerFile ?? MULTIPLE * Math.max(1, Math.floor(SHARD_BYTES / inMemory / MULTIPLE));
  const identity = createHash('sha256')
    .update(JSON.stringify([source, length, columns, perShard]))
    .digest('hex');
  const folder = join(root, identity.slice(0, 32));
  const shards: (Shard | undefined)[] = [];
  for (let from = 0; from < length; from += perShard) {
    signal?.throwIfAborted();
    const to = Math.min(length, from + perShard);
    const path = join(folder, fileOf(shards.length));
    const expected = { path, identity, from, to, columns };
    let shard = existsSync(path) ? await openShard(expected) : undefined;
    if (!shard && isMade(shards.length)) {
      if (existsSync(path)) onNote?.(`${path} was damaged and is made again`);
      await writeShard(expected, await make(from, to));
      shard = await openShard(expected);
      if (!shard) throw new FileError(path, 'holds other bytes than were written; the disk may be failing');
    }
    shards.push(shard);
    onProgress?.(to, length);
  }
  const there = shards.filter((shard) => shard !== undefined);
  const missing = shards.flatMap((shard, number) => (shard ? [] : [fileOf(number)]));
  const manifest = join(folder, MANIFEST);
  if (missing.length === 0 && !existsSync(manifest))
    await writeJson(manifest, {
      source,
      rows: length,
      columns,
      rows_per_file: perShard,
      files: there.map(({ path, sha256 }) => ({ file: path.slice(folder.length + 1), sha256 })),
    });
  const rowsOfColumn = (name: K): Rows => {
    const width = sizeOf(columns[name].shape);
    return {
      length,
      width,
      identity: `${identity}/${name}`,
      async read(chosen) {
        checkRows(chosen, length);
        const out = new Float32Array(chosen.length * width);
        const byShard = new Map<number, number[]>();
        for (let i = 0; i < chosen.length; i++) {
          const number = Math.floor(chosen[i]! / perShard);
          const places = byShard.get(number);
          if (places) places.push(i);
          else byShard.set(number, [i]);
        }
        await Promise.all(
          [...byShard].map(async ([number, places]) => {
            const shard = shards[number];
            if (!shard) throw new FileError(join(folder, fileOf(number)), 'is not there yet: another part makes it');
            const { path, begins } = shard;
            const inShard = places.map((place): [number, number] => [place, chosen[place]! % perShard]);
            return readPlaces(path, begins[name]!, columns[name], inShard, out);
          }),
        );
        return out;
      },
    };
  };
  return {
    folder,
    columns: Object.fromEntries(names.map((name) => [name, rowsOfColumn(name)])) as Record<K, Rows>,
    facts: there.map(({ facts }) => facts),
    files: shards.length,
    missing,
  };
}

const fileOf = (number: number): string => `rows-${String(number).padStart(5, '0')}.safetensors`;

/** The rows, where all of them are there. @throws FileError that lists the files that are missing */
export function expectWhole<K extends string>(kept: KeptRows<K>): KeptRows<K> {
  const { folder, missing } = kept;
  if (missing.length > 0)
    throw new FileError(folder, `is not whole, since other parts have not made theirs: ${missing.join(', ')} missing`);
  return kept;
}

/** A file that was found whole. */
interface Shard {
  readonly path: string;
  readonly sha256: string;
  readonly facts: Readonly<Record<string, string>>;
  /** The byte at which each column begins. */
  readonly begins: Readonly<Record<string, number>>;
}

interface ExpectedShard {
  readonly path: string;
  readonly identity: string;
  readonly from: number;
  readonly to: number;
  readonly columns: Readonly<Record<string, ColumnForm>>;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

async function writeShard({ path, identity, from, to, columns }: ExpectedShard, { values, facts = {} }: MadeRows<string>): Promise<void> {
  const tensors = Object.entries(columns).map(([name, { shape, dtype }]) => {
    const made = values[name]!;
    if (made.length !== (to - from) * sizeOf(shape))
      throw new RangeError(`keepRows: ${name}: expected ${to - from} rows of [${shape.join(', ')}], got ${made.length} values`);
    return { name, shape: [to - from, ...shape], data: dtype === 'U16' ? in65535ths(made) : made };
  });
  const sha256 = hashOf(tensors.map(({ name, data }) => [name, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]));
  const metadata = { ...facts, identity, from: String(from), sha256 };
  await writeSafetensorsLazily(
    path,
    tensors.map(({ name, shape, data }) => [
      name,
      { shape, dtype: data instanceof Uint16Array ? ('U16' as const) : ('F32' as const), data: () => data },
    ]),
    metadata,
  );
}

/** By names, since a file orders its tensors its own way. */
function hashOf(columns: readonly (readonly [name: string, bytes: Uint8Array])[]): string {
  const hash = createHash('sha256');
  for (const [name, bytes] of [...columns].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(name).update(bytes);
  return hash.digest('hex');
}

/** The file, where it is what is expected and its values are those that were written. */
async function openShard({ path, identity, from, to, columns }: ExpectedShard): Promise<Shard | undefined> {
  const file = await openSafetensors(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { identity: found, from: first, sha256, ...facts } = file.metadata;
    if (found !== identity || first !== String(from) || sha256 === undefined) return undefined;
    const names = Object.keys(columns);
    if (names.some((name) => !file.keys.includes(name) || file.info(name).shape[0] !== to - from)) return undefined;
    const bytes: [string, Uint8Array][] = [];
    for (const name of names) bytes.push([name, await file.readBytes(name)]);
    if (hashOf(bytes) !== sha256) return undefined;
    return { path, sha256, facts, begins: Object.fromEntries(names.map((name) => [name, file.begin(name)])) };
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/** Reads rows of one file into their places. */
async function readPlaces(
  path: string,
  begin: number,
  { shape, dtype }: ColumnForm,
  rows: readonly (readonly [place: number, row: number])[],
  out: Float32Array,
): Promise<void> {
  const width = sizeOf(shape);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const half = new Uint16Array(dtype === 'U16' ? width : 0);
    for (const [place, row] of rows) {
      const target = dtype === 'U16' ? half : out.subarray(place * width, (place + 1) * width);
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      await readExactly(path, handle, bytes, begin + row * bytes.byteLength);
      if (dtype === 'U16') for (let i = 0; i < width; i++) out[place * width + i] = half[i]! / 65535;
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  } finally {
    await handle?.close();
  }
}

/** Values from 0 to 1 in whole 65535ths. @throws RangeError where one is outside or no number */
function in65535ths(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0 && value <= 1)) throw new RangeError(`keepRows: expected values from 0 to 1, got ${value}`);
    out[i] = Math.round(value * 65535);
  }
  return out;
}
