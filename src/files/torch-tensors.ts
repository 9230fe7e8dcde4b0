/**
 * The tensors of a file of PyTorch's first format (before version 1.6): pickles that describe them, then their values. What the pickles say is read by a reader that knows
 * the commands of such descriptions and no others, and builds tensors alone: whatever else a pickle could ask for is refused, and nothing in it runs.
 */

import { readFile } from 'node:fs/promises';
import { describeSystemError, FileError } from './errors';
import type { FileTensor } from './safetensors';

/** The number that begins such files. */
const MAGIC = '119547037146038801333356';
const VERSION = 1001;

/** A name that a pickle asks for; only those of tensors are known. */
interface Named {
  readonly global: string;
}

/** Where a tensor's values lie. */
interface Storage {
  readonly storage: string;
  readonly dtype: string;
}

interface Described {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const BYTES: Readonly<Record<string, number>> = { 'torch FloatStorage': 4, 'torch LongStorage': 8, 'torch IntStorage': 4 };
const MARK = Symbol('mark');

/** Reads one pickle from `at`; commands by their bytes (Python's pickletools, protocol 2). */
class PickleReader {
  private readonly stack: unknown[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(
    private readonly path: string,
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  read(): unknown {
    for (;;) {
      const command = this.bytes[this.at++];
      if (command === undefined) throw this.refuse('it ends within a pickle');
      if (command === 0x2e) return this.stack.pop(); // STOP
      this.run(command);
    }
  }

  private refuse(why: string): FileError {
    return new FileError(this.path, `cannot be read as tensors: ${why} (byte ${this.at}); convert it to safetensors in Python`);
  }

  private take(count: number): number {
    const at = this.at;
    this.at += count;
    if (this.at > this.bytes.length) throw this.refuse('it ends within a pickle');
    return at;
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.refuse('it ends within a pickle');
    const text = this.bytes.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  private marked(): unknown[] {
    const from = this.stack.lastIndexOf(MARK);
    if (from < 0) throw this.refuse('a list without a beginning');
    return this.stack.splice(from).slice(1);
  }

  private put(pairs: readonly unknown[]): void {
    const target = this.stack.at(-1);
    if (!(target instanceof Map)) throw this.refuse('entries of something that has none');
    for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i], pairs[i + 1]);
  }

  private run(command: number): void {
    const { stack, memo, bytes } = this;
    switch (command) {
      case 0x80: // PROTO
        this.take(1);
        return;
      case 0x28:
        stack.push(MARK);
        return;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        return;
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        return;
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        return;
      case 0x4e: // NONE
        stack.push(null);
        return;
      case 0x88: // NEWTRUE
        stack.push(true);
        return;
      case 0x89: // NEWFALSE
        stack.push(false);
        return;
      case 0x4b: // BININT1
        stack.push(bytes[this.take(1)]);
        return;
      case 0x4d: // BININT2
        stack.push(bytes.readUInt16LE(this.take(2)));
        return;
      case 0x4a: // BININT
        stack.push(bytes.readInt32LE(this.take(4)));
        return;
      case 0x8a: {
        // LONG1
        const count = bytes[this.take(1)]!;
        const from = this.take(count);
        stack.push(
          BigInt(
            `0x${
              [...bytes.subarray(from, from + count)]
                .reverse()
                .map((b) => b.toString(16).padStart(2, '0'))
                .join('') || '0'
            }`,
          ),
        );
        return;
      }
      case 0x58: {
        // BINUNICODE
        const count = bytes.readUInt32LE(this.take(4));
        const from = this.take(count);
        stack.push(bytes.toString('utf8', from, from + count));
        return;
      }
      case 0x71: // BINPUT
        memo.set(bytes[this.take(1)]!, stack.at(-1));
        return;
      case 0x72: // LONG_BINPUT
        memo.set(bytes.readUInt32LE(this.take(4)), stack.at(-1));
        return;
      case 0x68: // BINGET
        stack.push(memo.get(bytes[this.take(1)]!));
        return;
      case 0x6a: // LONG_BINGET
        stack.push(memo.get(bytes.readUInt32LE(this.take(4))));
        return;
      case 0x74: // TUPLE
        stack.push(this.marked());
        return;
      case 0x85: // TUPLE1
        stack.push(stack.splice(-1));
        return;
      case 0x86: // TUPLE2
        stack.push(stack.splice(-2));
        return;
      case 0x87: // TUPLE3
        stack.push(stack.splice(-3));
        return;
      case 0x73: // SETITEM
        this.put(stack.splice(-2));
        return;
      case 0x75: // SETITEMS
        this.put(this.marked());
        return;
      case 0x65: {
        // APPENDS
        const items = this.marked();
        const list = stack.at(-1);
        if (!Array.isArray(list)) throw this.refuse('items of something that is no list');
        list.push(...items);
        return;
      }
      case 0x62: // BUILD: attributes of a dictionary, which are not read
        stack.pop();
        return;
      case 0x63: // GLOBAL
        stack.push({ global: `${this.line()} ${this.line()}` } satisfies Named);
        return;
      case 0x51: // BINPERSID
        stack.push(this.storageOf(stack.pop()));
        return;
      case 0x52: {
        // REDUCE
        const [callee, args] = stack.splice(-2) as [Named | undefined, unknown[]];
        stack.push(this.built(callee?.global, args));
        return;
      }
      default:
        throw this.refuse(`it asks for more than tensors need (command ${command})`);
    }
  }

  private storageOf(id: unknown): Storage {
    const [kind, type, key] = (Array.isArray(id) ? id : []) as [unknown, Named | undefined, unknown];
    if (kind !== 'storage' || !type || !(type.global in BYTES) || typeof key !== 'string')
      throw this.refuse(`values of the kind ${type?.global ?? 'unknown'}`);
    return { storage: key, dtype: type.global };
  }

  private built(name: string | undefined, args: unknown[]): unknown {
    if (name === 'collections OrderedDict') return new Map();
    if (name !== 'torch._utils _rebuild_tensor_v2') throw this.refuse(`it asks for ${name ?? 'something unknown'}`);
    const [storage, offset, shape, strides] = args as [Storage, number, number[], number[]];
    return { storage, offset, shape, strides } satisfies Described;
  }
}

/** A tensor's values row by row, wherever its strides say they lie; undefined where that is outside. */
function gathered(values: Float32Array, offset: number, shape: readonly number[], strides: readonly number[]): Float32Array | undefined {
  const last = shape.reduce((at, n, d) => at + (n - 1) * strides[d]!, offset);
  if (offset < 0 || strides.some((stride) => stride < 0) || last >= values.length) return undefined;
  const out = new Float32Array(shape.reduce((product, n) => product * n, 1));
  const index = shape.map(() => 0);
  for (let i = 0; i < out.length; i++) {
    out[i] = values[index.reduce((at, n, d) => at + n * strides[d]!, offset)]!;
    for (let d = shape.length - 1; d >= 0 && ++index[d]! === shape[d]; d--) index[d] = 0;
  }
  return out;
}

/**
 * Reads a file of named tensors.
 *
 * @returns name → shape and float32 values; tensors of whole numbers, such as counters of batches, are left out
 * @throws FileError where it is another file, is damaged or asks for anything but tensors
 */
export async function readTorchTensors(path: string): Promise<Record<string, FileTensor>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  let at = 0;
  const next = (): unknown => {
    const reader = new PickleReader(path, bytes, at);
    const value = reader.read();
    at = reader.at;
    return value;
  };
  if (bytes[0] !== 0x80 || String(next()) !== MAGIC || next() !== VERSION)
    throw new FileError(path, "is not a file of PyTorch's first format");
  next(); // the sizes of numbers on the machine that wrote it
  const [described, keys] = [next(), next()];
  if (!(described instanceof Map) || !Array.isArray(keys)) throw new FileError(path, 'does not hold named tensors');
  const dtypes = new Map([...(described as Map<string, Described>).values()].map(({ storage }) => [storage.storage, storage.dtype]));
  const storages = new Map<string, Float32Array | undefined>();
  for (const key of keys as string[]) {
    const [dtype, count] = [dtypes.get(key), at + 8 <= bytes.length ? Number(bytes.readBigInt64LE(at)) : -1];
    const size = dtype === undefined ? 0 : BYTES[dtype]!;
    at += 8;
    if (size === 0 || count < 0 || at + count * size > bytes.length)
      throw new FileError(path, `is truncated or damaged at the values of ${key}`);
    const isFloat = dtype === 'torch FloatStorage';
    storages.set(key, isFloat ? new Float32Array(bytes.buffer.slice(bytes.byteOffset + at, bytes.byteOffset + at + 4 * count)) : undefined);
    at += count * size;
  }
  const tensors: Record<string, FileTensor> = {};
  for (const [name, { storage, offset, shape, strides }] of described as Map<string, Described>) {
    const values = storages.get(storage.storage);
    if (!values) continue;
    const data = gathered(values, offset, shape, strides);
    if (!data) throw new FileError(path, `tensor ${JSON.stringify(name)} lies outside of its values`);
    tensors[name] = { shape, data };
  }
  return tensors;
}
