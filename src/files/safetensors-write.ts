/** Writing safetensors files, byte for byte as the Python library orders them, streamed to disk. */

import { writeFileAtomic } from './atomic';
import type { TensorData } from './dtypes';

type WrittenDtype = 'F32' | 'I32' | 'F16' | 'U16';

/** How values of a format are held. Formats are in their order in the file. */
const arrays: Readonly<Record<WrittenDtype, { readonly BYTES_PER_ELEMENT: number; new (length: number): TensorData | Uint16Array }>> = {
  F32: Float32Array,
  I32: Int32Array,
  F16: Uint16Array, // bit patterns
  U16: Uint16Array,
};
const formats = Object.keys(arrays);

/** What to write under one name, in the file's layout. */
export interface TensorToWrite {
  readonly shape: readonly number[];
  readonly dtype: WrittenDtype;
  /** Called once, when its turn comes, so that a large model is never held twice. */
  readonly data: () => TensorData | Uint16Array | Promise<TensorData | Uint16Array>;
}

/**
 * Writes tensors to a safetensors file, atomically: float32 before int32 before float16 before uint16, each by name, the header padded to 8 bytes.
 *
 * @param metadata strings for the header; `{ format: 'pt' }` is what transformers and diffusers ask for
 * @throws RangeError where values and shape do not fit; FileError where it cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: TensorData }>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const lazy = Object.entries(tensors).map(([key, { shape, data }]): [string, TensorToWrite] => [
    key,
    { shape, dtype: data instanceof Int32Array ? 'I32' : 'F32', data: () => data },
  ]);
  await writeSafetensorsLazily(path, lazy, metadata);
}

/** As `writeSafetensors`, but each tensor's values are asked for when their turn comes. */
export async function writeSafetensorsLazily(
  path: string,
  tensors: readonly (readonly [string, TensorToWrite])[],
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const ordered = [...tensors].sort(([a, x], [b, y]) => formats.indexOf(x.dtype) - formats.indexOf(y.dtype) || compare(a, b));
  const entries: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  let at = 0;
  for (const [key, { dtype, shape }] of ordered) {
    if (key === '__metadata__') throw new RangeError(`${path}: a tensor cannot be named __metadata__`);
    const end = at + arrays[dtype].BYTES_PER_ELEMENT * shape.reduce((product, n) => product * n, 1);
    entries.push([key, { dtype, shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = Buffer.from(`{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${JSON.stringify(entry)}`).join(',')}}`, 'utf8');
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8), 0);
  json.copy(padded, 8);
  await writeFileAtomic(path, pieces(path, padded, ordered));
}

async function* pieces(
  path: string,
  header: Uint8Array,
  ordered: readonly (readonly [string, TensorToWrite])[],
): AsyncGenerator<Uint8Array, void, undefined> {
  yield header;
  for (const [key, { shape, dtype, data }] of ordered) {
    const values = await data();
    const length = shape.reduce((product, n) => product * n, 1);
    if (values.length !== length || !(values instanceof arrays[dtype]))
      throw new RangeError(
        `${path}: tensor ${JSON.stringify(key)}: ${dtype} [${shape.join(', ')}] needs ${length} values, got ${values.length}` +
          ` in a ${values.constructor.name}`,
      );
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
}

/** By code point, as Rust and Python order strings. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
