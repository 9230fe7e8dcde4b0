/**
 * The only place where tensors change their layout. Files hold PyTorch's: convolutions OIHW, linear layers [out, in].
 * Inside, convolutions are HWIO and linear layers [in, out]. Embedding tables [V, C] are the same in both.
 */

import { newRoom, type Room, type TensorData } from './dtypes';

/** A shape with its values. */
export interface LaidOut {
  readonly shape: number[];
  readonly data: TensorData;
}

const embeddingModule = /embeddings?$|(^|_)emb$|^shared$|^relative_attention_bias$|^embed_tokens$|^w[tp]e$/;
/** GPT-2's linear layers, which its files hold as [in, out]. */
const transposedModule = /^(c_attn|c_fc|c_proj|q_attn)$/;

/** How the tensor of this parameter path is stored: a convolution, a linear layer, or the same in both layouts. */
function kind(key: string, rank: number): 'convolution' | 'linear' | 'same' {
  if (rank === 4) return 'convolution';
  if (rank !== 2 || !key.endsWith('.weight')) return 'same';
  const module = key.split('.').at(-2)!;
  return embeddingModule.test(module) || transposedModule.test(module) ? 'same' : 'linear';
}

/** Whether a tensor of two dimensions lies transposed in a file: as a linear layer. */
export const isTransposed = (key: string): boolean => kind(key, 2) === 'linear';

/** The engine's shape of a tensor with this shape in a file. */
export function engineShape(key: string, shape: readonly number[]): number[] {
  const [a, b, c, d] = shape as [number, number, number, number];
  const what = kind(key, shape.length);
  return what === 'convolution' ? [c, d, b, a] : what === 'linear' ? [b, a] : [...shape];
}

/** The shape in a file of a tensor with this shape in the engine. */
export function fileShape(key: string, shape: readonly number[]): number[] {
  const [a, b, c, d] = shape as [number, number, number, number];
  const what = kind(key, shape.length);
  return what === 'convolution' ? [d, c, a, b] : what === 'linear' ? [b, a] : [...shape];
}

/**
 * From a file's layout to the engine's: OIHW to HWIO, [out, in] to [in, out] for `*.weight` of rank 2 that is not an
 * embedding table. Other tensors come back as they are, values not copied.
 *
 * @param room memory for a result that is not the given values
 */
export function toEngineLayout(key: string, shape: readonly number[], data: TensorData, room?: Room): LaidOut {
  const what = kind(key, shape.length);
  if (what === 'same') return { shape: [...shape], data };
  const [outputs, inputs] = shape as [number, number];
  const taps = what === 'convolution' ? shape[2]! * shape[3]! : 1;
  // [O, I·P] → [P·I, O]: column i·P + p becomes row p·I + i.
  return { shape: engineShape(key, shape), data: transpose(data, outputs, inputs * taps, regroup(inputs, taps), undefined, room) };
}

/** From the engine's layout to a file's: the inverse of `toEngineLayout`. */
export function toFileLayout(key: string, shape: readonly number[], data: TensorData): LaidOut {
  const what = kind(key, shape.length);
  if (what === 'same') return { shape: [...shape], data };
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const taps = what === 'convolution' ? shape[0]! * shape[1]! : 1;
  // [P·I, O] → [O, I·P]: row p·I + i becomes column i·P + p.
  return { shape: fileShape(key, shape), data: transpose(data, taps * inputs, outputs, undefined, regroup(taps, inputs)) };
}

/** Index a·b' + b → b·a' + a, for a < `a`, b < `b`. */
function regroup(a: number, b: number): Int32Array | undefined {
  if (a === 1 || b === 1) return undefined;
  const map = new Int32Array(a * b);
  for (let i = 0; i < a; i++) for (let j = 0; j < b; j++) map[i * b + j] = j * a + i;
  return map;
}

/**
 * Transposes a [rows, columns] matrix in blocks that stay in the cache. Column c of the source becomes row `toRow[c]` of
 * the result, row r becomes column `toColumn[r]` (identity where undefined).
 */
function transpose(
  data: TensorData,
  rows: number,
  columns: number,
  toRow: Int32Array | undefined,
  toColumn: Int32Array | undefined,
  room: Room = newRoom,
): TensorData {
  const memory = room(4 * data.length);
  const out = data instanceof Int32Array ? new Int32Array(memory, 0, data.length) : new Float32Array(memory, 0, data.length);
  const block = 32;
  for (let r0 = 0; r0 < rows; r0 += block) {
    const r1 = Math.min(rows, r0 + block);
    for (let c0 = 0; c0 < columns; c0 += block) {
      const c1 = Math.min(columns, c0 + block);
      for (let c = c0; c < c1; c++) {
        const target = (toRow ? toRow[c]! : c) * rows;
        if (toColumn) for (let r = r0; r < r1; r++) out[target + toColumn[r]!] = data[r * columns + c]!;
        else for (let r = r0; r < r1; r++) out[target + r] = data[r * columns + c]!;
      }
    }
  }
  return out;
}
