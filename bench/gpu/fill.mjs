// Values of a program's arguments, made from a description where it runs, so that no weights have to be carried there.

/** PJRT's and TensorFlow.js's types of float32, int32 and bool, and the arrays that hold them, by TensorFlow's numbers of them. */
export const TYPES = {
  1: { pjrt: 11, dtype: 'float32', array: Float32Array },
  3: { pjrt: 4, dtype: 'int32', array: Int32Array },
  10: { pjrt: 1, dtype: 'bool', array: Uint8Array },
};

/** Numbers from -scale to scale that are the same on every machine: xorshift (Marsaglia 2003), 24 bits of each. */
function uniform(count, seed, scale) {
  const out = new Float32Array(count);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = ((state >>> 8) / 2 ** 23 - 1) * scale;
  }
  return out;
}

let zeros = new Float32Array(0);

/** What an argument holds, row by row. */
export function valuesOf({ dtype, shape, fill, seed, scale, values }) {
  const count = shape.reduce((product, n) => product * n, 1);
  if (fill === 'values') return TYPES[dtype].array.from(values);
  if (fill === 'uniform') return uniform(count, seed, scale);
  if (fill === 'ones') return new Float32Array(count).fill(1);
  if (zeros.length < count) zeros = new Float32Array(count);
  return zeros.subarray(0, count);
}

/** How many of the output's values are kept and compared. */
export const FIRST = 64;
