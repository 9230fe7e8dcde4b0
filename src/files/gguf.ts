/** GGUF files (version 3): a language model with its settings and vocabulary in one file, its weights in blocks of few bits, read here as float32. */

import { type FileHandle, open } from 'node:fs/promises';
import { decodeInto } from './dtypes';
import { describeSystemError, FileError } from './errors';
import type { FileTensor } from './safetensors';

export type GgufValue = string | number | boolean | readonly GgufValue[];

/** An open file; the owner calls `close`. */
export interface GgufFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly string[];
  /** A tensor's shape, rows first, as PyTorch has it. @throws FileError where there is none of the name */
  shape(name: string): number[];
  /** A tensor as float32. @throws FileError where there is none of the name, or its blocks are of a kind that is not read */
  read(name: string): Promise<FileTensor>;
  close(): Promise<void>;
}

interface Info {
  readonly shape: readonly number[];
  readonly kind: number;
  readonly offset: number;
}

/** A kind of block: how many bytes hold how many values, and how they become numbers. */
interface Block {
  readonly bytes: number;
  readonly values: number;
  decode(block: Uint8Array, out: Float32Array, at: number): void;
}

const half = new Float32Array(1);

/** A float16 of a block. */
function halfAt(block: Uint8Array, at: number): number {
  decodeInto('F16', block.subarray(at, at + 2), half, 0);
  return half[0]!;
}

/** By the numbers of ggml's types. */
const BLOCKS: Readonly<Record<number, Block>> = {
  0: {
    bytes: 4,
    values: 1,
    decode: (block, out, at) => {
      out[at] = new DataView(block.buffer, block.byteOffset).getFloat32(0, true);
    },
  },
  // Q4_1: a factor, an offset, and 32 values of four bits, the lower halves of the bytes first
  3: {
    bytes: 20,
    values: 32,
    decode: (block, out, at) => {
      const [factor, offset] = [halfAt(block, 0), halfAt(block, 2)];
      for (let i = 0; i < 16; i++) {
        out[at + i] = factor * (block[4 + i]! & 15) + offset;
        out[at + 16 + i] = factor * (block[4 + i]! >> 4) + offset;
      }
    },
  },
  // Q8_0: a factor, and 32 signed bytes
  8: {
    bytes: 34,
    values: 32,
    decode: (block, out, at) => {
      const factor = halfAt(block, 0);
      for (let i = 0; i < 32; i++) out[at + i] = factor * ((block[2 + i]! << 24) >> 24);
    },
  },
};

/** Reads little-endian values one after another. */
class Cursor {
  at = 0;
  private readonly view: DataView;

  constructor(
    private readonly path: string,
    private readonly bytes: Buffer,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private step(count: number): number {
    const at = this.at;
    this.at += count;
    if (this.at > this.bytes.length) throw new FileError(this.path, 'ends within its header; it is truncated');
    return at;
  }

  u32(): number {
    return this.view.getUint32(this.step(4), true);
  }

  u64(): number {
    return Number(this.view.getBigUint64(this.step(8), true));
  }

  text(): string {
    const count = this.u64();
    const at = this.step(count);
    return this.bytes.toString('utf8', at, at + count);
  }

  value(type: number = this.u32()): GgufValue {
    const { view } = this;
    const read: Readonly<Record<number, () => GgufValue>> = {
      0: () => view.getUint8(this.step(1)),
      1: () => view.getInt8(this.step(1)),
      2: () => view.getUint16(this.step(2), true),
      3: () => view.getInt16(this.step(2), true),
      4: () => this.u32(),
      5: () => view.getInt32(this.step(4), true),
      6: () => view.getFloat32(this.step(4), true),
      7: () => view.getUint8(this.step(1)) !== 0,
      8: () => this.text(),
      9: () => {
        const each = this.u32();
        return Array.from({ length: this.u64() }, () => this.value(each));
      },
      10: () => this.u64(),
      11: () => Number(view.getBigInt64(this.step(8), true)),
      12: () => view.getFloat64(this.step(8), true),
    };
    const one = read[type];
    if (!one) throw new FileError(this.path, `its header has a value of the unknown type ${type}`);
    return one();
  }
}

/** Bytes of a header: vocabularies are within it. */
const MOST_HEADER = 64 * 1024 * 1024;

/**
 * Opens a file and reads its header; no tensor is read yet.
 *
 * @throws FileError where it is missing, not GGUF of version 3, or truncated
 */
export async function openGguf(path: string): Promise<GgufFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    const head = Buffer.alloc(Math.min(size, MOST_HEADER));
    await handle.read(head, 0, head.length, 0);
    if (head.toString('latin1', 0, 4) !== 'GGUF') throw new FileError(path, 'is not a GGUF file');
    return fileOf(path, handle, head, size);
  } catch (error) {
    await handle?.close();
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
}

function fileOf(path: string, handle: FileHandle, head: Buffer, size: number): GgufFile {
  const cursor = new Cursor(path, head);
  cursor.at = 4;
  const version = cursor.u32();
  if (version !== 3) throw new FileError(path, `is GGUF of version ${version}; 3 is read`);
  const [tensorCount, valueCount] = [cursor.u64(), cursor.u64()];
  const metadata: Record<string, GgufValue> = {};
  for (let i = 0; i < valueCount; i++) metadata[cursor.text()] = cursor.value();
  const infos = new Map<string, Info>();
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.text();
    const dimensions = Array.from({ length: cursor.u32() }, () => cursor.u64());
    infos.set(name, { shape: dimensions.reverse(), kind: cursor.u32(), offset: cursor.u64() });
  }
  const alignment = Number(metadata['general.alignment'] ?? 32);
  const start = Math.ceil(cursor.at / alignment) * alignment;
  const find = (name: string): Info => {
    const info = infos.get(name);
    if (!info) throw new FileError(path, `has no tensor ${JSON.stringify(name)} (it has ${infos.size} others)`);
    return info;
  };
  return {
    path,
    metadata,
    tensors: [...infos.keys()],
    shape: (name) => [...find(name).shape],
    read: async (name) => {
      const { shape, kind, offset } = find(name);
      const block = BLOCKS[kind];
      if (!block)
        throw new FileError(path, `tensor ${JSON.stringify(name)}: its values are of ggml's type ${kind}; F32, Q4_1 and Q8_0 are read`);
      const count = shape.reduce((product, n) => product * n, 1);
      const bytes = Buffer.alloc((count / block.values) * block.bytes);
      if (start + offset + bytes.length > size)
        throw new FileError(path, `tensor ${JSON.stringify(name)} reaches beyond the file's end; it is truncated`);
      await handle.read(bytes, 0, bytes.length, start + offset);
      const data = new Float32Array(count);
      for (let i = 0; i * block.values < count; i++)
        block.decode(bytes.subarray(i * block.bytes, (i + 1) * block.bytes), data, i * block.values);
      return { shape: [...shape], data };
    },
    close: () => handle.close(),
  };
}
