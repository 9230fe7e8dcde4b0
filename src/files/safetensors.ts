/** Reading safetensors files by range: a file of many gigabytes is never held, only the tensor asked for. */

import { type FileHandle, open } from 'node:fs/promises';
import { decodeInto, dtypeBytes, isFloating, newRoom, type Room, type TensorData } from './dtypes';
import { describeSystemError, FileError } from './errors';
import { headBytes } from './not-the-file';
import { headerLength, parseHeader, type SafetensorsHeader } from './safetensors-header';

/** A tensor in memory, in its file's layout. */
export interface FileTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Bytes that are decoded at a time where the file's number format is not the one in memory. */
const pieceBytes = 16 * 1024 * 1024;

/** An open file. Its header was checked as a whole; `read` fetches one tensor. The owner calls `close`. */
export class SafetensorsFile {
  readonly path: string;
  /** The tensors' names, as ordered in the header. */
  readonly keys: readonly string[];
  /** The header's `__metadata__`, empty where there is none. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #header: SafetensorsHeader;
  readonly #handle: FileHandle;
  readonly #dataStart: number;

  /** Use `openSafetensors`. */
  constructor(path: string, handle: FileHandle, header: SafetensorsHeader, dataStart: number) {
    this.path = path;
    this.keys = [...header.tensors.keys()];
    this.metadata = header.metadata;
    this.#header = header;
    this.#handle = handle;
    this.#dataStart = dataStart;
  }

  /** @throws FileError where there is no such tensor */
  info(key: string): { dtype: string; shape: number[] } {
    const { dtype, shape } = this.#find(key);
    return { dtype, shape: [...shape] };
  }

  /**
   * One tensor in the file's layout: F32, F16, BF16 and F64 as Float32Array, integers and BOOL as Int32Array.
   *
   * @param room memory to read into
   * @throws FileError where there is no such tensor, an integer needs more than 32 bits, or the file cannot be read
   */
  async read(key: string, room: Room = newRoom): Promise<TensorData> {
    const { dtype, begin, end } = this.#find(key);
    const elementBytes = dtypeBytes[dtype]!;
    const length = (end - begin) / elementBytes;
    const memory = room(4 * length);
    const out = isFloating(dtype) ? new Float32Array(memory, 0, length) : new Int32Array(memory, 0, length);
    if (dtype === 'F32' || dtype === 'I32') {
      await this.#fill(new Uint8Array(memory, 0, 4 * length), begin);
      return out;
    }
    const piece = new Uint8Array(Math.min(pieceBytes, end - begin));
    for (let at = begin; at < end; at += piece.byteLength) {
      const part = piece.subarray(0, Math.min(piece.byteLength, end - at));
      await this.#fill(part, at);
      const tooLarge = decodeInto(dtype, part, out, (at - begin) / elementBytes);
      if (tooLarge >= 0) {
        const index = (at - begin) / elementBytes + tooLarge;
        throw new FileError(this.path, `tensor ${JSON.stringify(key)}: element ${index} (${dtype}) does not fit into 32 bits`);
      }
    }
    return out;
  }

  /** One tensor's bytes as they stand in the file. @throws FileError where there is no such tensor or the file cannot be read */
  async readBytes(key: string): Promise<Uint8Array> {
    const { begin, end } = this.#find(key);
    const bytes = new Uint8Array(end - begin);
    await this.#fill(bytes, begin);
    return bytes;
  }

  /** The byte of the file at which a tensor begins. @throws FileError where there is no such tensor */
  begin(key: string): number {
    return this.#dataStart + this.#find(key).begin;
  }

  /** Closes the file; reading from it afterwards fails. */
  async close(): Promise<void> {
    await this.#handle.close();
  }

  #find(key: string): { dtype: string; shape: readonly number[]; begin: number; end: number } {
    const info = this.#header.tensors.get(key);
    if (!info) throw new FileError(this.path, `has no tensor ${JSON.stringify(key)} (it has ${this.keys.length} others)`);
    return info;
  }

  async #fill(target: Uint8Array, dataOffset: number): Promise<void> {
    await readExactly(this.path, this.#handle, target, this.#dataStart + dataOffset);
  }
}

/** Fills `target` from a place in the file. @throws FileError where the file ends before */
export async function readExactly(path: string, handle: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < target.byteLength; ) {
    // One call reads at most 2 GiB.
    const { bytesRead } = await handle.read(target, at, Math.min(target.byteLength - at, 2 ** 30), position + at);
    if (bytesRead === 0) throw new FileError(path, `ended at byte ${position + at} while it was read; it was changed or truncated`);
    at += bytesRead;
  }
}

/**
 * Opens a safetensors file and checks its whole header; no tensor is read yet.
 *
 * @throws FileError where it is missing, not a safetensors file, truncated or inconsistent
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw new FileError(path, 'is not a file');
    const begin = new Uint8Array(Math.min(headBytes, stat.size));
    await readExactly(path, handle, begin, 0);
    const length = headerLength(path, begin, stat.size);
    const bytes = new Uint8Array(length);
    await readExactly(path, handle, bytes, 8);
    return new SafetensorsFile(path, handle, parseHeader(path, begin, bytes, stat.size - 8 - length), 8 + length);
  } catch (error) {
    await handle?.close();
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
}

/**
 * Reads a whole safetensors file, in the file's layout.
 *
 * @returns name → format in the file, shape, values
 * @throws FileError as `openSafetensors`
 */
export async function readSafetensors(path: string): Promise<Record<string, { dtype: string; shape: number[]; data: TensorData }>> {
  const file = await openSafetensors(path);
  try {
    const entries: [string, { dtype: string; shape: number[]; data: TensorData }][] = [];
    for (const key of file.keys) entries.push([key, { ...file.info(key), data: await file.read(key) }]);
    return Object.fromEntries(entries);
  } finally {
    await file.close();
  }
}
