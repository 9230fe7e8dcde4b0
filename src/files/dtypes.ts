/** The number formats of safetensors files, decoded to float32 or int32. */

/** A tensor's values in memory. */
export type TensorData = Float32Array | Int32Array;

/** Gives memory for so many bytes; where it gives the same again, what was made in it before is lost. */
export type Room = (bytes: number) => ArrayBuffer;

/** New memory each time. */
export const newRoom: Room = (bytes) => new ArrayBuffer(bytes);

/** Name in the file's header → bytes an element. */
export const dtypeBytes: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** Whether values of this format become a Float32Array (else an Int32Array). */
export function isFloating(dtype: string): boolean {
  return dtype === 'F64' || dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

let halfTable: Float32Array | undefined;

/** All 65,536 values of IEEE 754 binary16, by bit pattern. */
function halves(): Float32Array {
  if (halfTable) return halfTable;
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  halfTable = table;
  return table;
}

/** The largest number of IEEE 754 binary16. */
export const largestHalf = 65504;

/**
 * Values as IEEE 754 binary16 (float16), each the nearest there is, of two equally near ones the even one, as PyTorch's `half()` rounds.
 *
 * @returns bit patterns
 * @throws RangeError naming the first value that is not finite or beyond 65504: it would be infinite
 */
export function toHalves(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (!(size <= largestHalf)) throw new RangeError(`value ${i} is ${values[i]}, float16 reaches to ${largestHalf}`);
    const sign = (bits[i]! >>> 16) & 0x8000;
    const magnitude = bits[i]! & 0x7fffffff;
    // From 2^-14 on the exponent's bias changes from 127 to 15, and 13 bits of the fraction are rounded off; below, steps are 2^-24.
    out[i] =
      size >= 2 ** -14 ? sign | ((magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13) : sign | roundEven(size * 2 ** 24);
  }
  return out;
}

/** The nearest whole number, of two the even one. */
function roundEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/**
 * Decodes little-endian elements into `out` from index `at`.
 *
 * @param bytes whole elements, starting at a multiple of 8 in its buffer
 * @returns the index of the first integer that does not fit into 32 bits, or -1
 */
export function decodeInto(dtype: string, bytes: Uint8Array, out: TensorData, at: number): number {
  const n = bytes.byteLength / dtypeBytes[dtype]!;
  const { buffer, byteOffset } = bytes;
  switch (dtype) {
    case 'F32':
      out.set(new Float32Array(buffer, byteOffset, n), at);
      return -1;
    case 'F64':
      out.set(new Float64Array(buffer, byteOffset, n), at);
      return -1;
    case 'F16': {
      const table = halves();
      const source = new Uint16Array(buffer, byteOffset, n);
      for (let i = 0; i < n; i++) out[at + i] = table[source[i]!]!;
      return -1;
    }
    case 'BF16': {
      // The upper half of a float32's bits.
      const source = new Uint16Array(buffer, byteOffset, n);
      const target = new Uint32Array(out.buffer, out.byteOffset + at * 4, n);
      for (let i = 0; i < n; i++) target[i] = source[i]! << 16;
      return -1;
    }
    case 'I64':
    case 'U64': {
      // Two words: the upper one must be the sign extension of the lower one.
      const source = new Int32Array(buffer, byteOffset, 2 * n);
      for (let i = 0; i < n; i++) {
        const low = source[2 * i]!;
        const high = source[2 * i + 1]!;
        if (dtype === 'I64' ? high !== low >> 31 : high !== 0 || low < 0) return i;
        out[at + i] = low;
      }
      return -1;
    }
    case 'U32': {
      const source = new Int32Array(buffer, byteOffset, n);
      for (let i = 0; i < n; i++) {
        if (source[i]! < 0) return i;
        out[at + i] = source[i]!;
      }
      return -1;
    }
    case 'I32':
      out.set(new Int32Array(buffer, byteOffset, n), at);
      return -1;
    case 'I16':
      out.set(new Int16Array(buffer, byteOffset, n), at);
      return -1;
    case 'U16':
      out.set(new Uint16Array(buffer, byteOffset, n), at);
      return -1;
    case 'I8':
      out.set(new Int8Array(buffer, byteOffset, n), at);
      return -1;
    default: // U8, BOOL
      out.set(bytes, at);
      return -1;
  }
}
