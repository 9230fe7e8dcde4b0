/**
 * Random numbers from a key and a counter: Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * Pure functions in JavaScript, so that every backend and every process sees the same numbers; nothing is hidden and nothing advances.
 */

import * as tf from '@tensorflow/tfjs-core';

/** The state of the generator: two unsigned 32-bit words. Plain data: it is saved as JSON and compared by value. */
export type Key = readonly [number, number];

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/** What a counter's second word says it is for, so that children and numbers of one key never meet. */
enum Domain {
  Bits = 0,
  Child = 0x9e3779b9,
}

/** Threefry-2x32-20 of `count` counters (first, domain), (first + 1, domain), …, two words each, into `out`. */
function threefry(key: Key, first: number, domain: number, count: number, out: Uint32Array): void {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const schedule = [k0, k1, PARITY ^ k0 ^ k1] as const;
  for (let n = 0; n < count; n++) {
    let x0 = (first + n + k0) | 0;
    let x1 = (domain + k1) | 0;
    for (let group = 0; group < 5; group++) {
      const offset = (group & 1) << 2;
      for (let r = 0; r < 4; r++) {
        const rotation = ROTATIONS[offset + r]!;
        x0 = (x0 + x1) | 0;
        x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
      }
      x0 = (x0 + schedule[(group + 1) % 3]!) | 0;
      x1 = (x1 + schedule[(group + 2) % 3]! + group + 1) | 0;
    }
    out[2 * n] = x0;
    if (2 * n + 1 < out.length) out[2 * n + 1] = x1;
  }
}

/**
 * A key from a seed.
 *
 * @param seed a safe integer >= 0
 * @throws RangeError where it is not
 */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`key: seed: expected an integer >= 0, got ${seed}`);
  return [Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0];
}

/** `n` keys whose streams are independent of each other and of the parent's. */
export function split(parent: Key, n: number = 2): Key[] {
  const words = new Uint32Array(2 * n);
  threefry(parent, 0, Domain.Child, n, words);
  return Array.from({ length: n }, (_, i) => [words[2 * i]!, words[2 * i + 1]!] as const);
}

/** The child of a key that belongs to an integer: a step, an image, a record. Equals `split(parent, data + 1)[data]`. */
export function foldIn(parent: Key, data: number): Key {
  if (!Number.isInteger(data) || data < 0 || data >= 2 ** 32) throw new RangeError(`foldIn: expected an integer in [0, 2^32), got ${data}`);
  const words = new Uint32Array(2);
  threefry(parent, data, Domain.Child, 1, words);
  return [words[0]!, words[1]!];
}

/** `n` uniformly distributed unsigned 32-bit words. */
export function randomBits(from: Key, n: number): Uint32Array {
  const words = new Uint32Array(n);
  threefry(from, 0, Domain.Bits, Math.ceil(n / 2), words);
  return words;
}

/** `n` numbers, uniform in [0, 1), multiples of 2^-24. */
export function uniformArray(from: Key, n: number): Float32Array {
  const words = randomBits(from, n);
  const out = new Float32Array(n); // a loop: Float32Array.from with a function takes eight times as long
  for (let i = 0; i < n; i++) out[i] = (words[i]! >>> 8) * 2 ** -24;
  return out;
}

/** `n` standard normal numbers (Box and Muller 1958). */
export function normalArray(from: Key, n: number): Float32Array {
  const pairs = Math.ceil(n / 2);
  const words = randomBits(from, 2 * pairs);
  const out = new Float32Array(n);
  for (let i = 0; i < pairs; i++) {
    const radius = Math.sqrt(-2 * Math.log((words[2 * i]! + 1) * 2 ** -32)); // the logarithm's argument is in (0, 1]
    const angle = 2 * Math.PI * 2 ** -32 * words[2 * i + 1]!;
    out[2 * i] = radius * Math.cos(angle);
    if (2 * i + 1 < n) out[2 * i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** `n` integers, uniform in [low, high). */
export function randomInts(from: Key, n: number, low: number, high: number): Int32Array {
  if (!(high > low)) throw new RangeError(`randomInts: expected low < high, got [${low}, ${high})`);
  return Int32Array.from(randomBits(from, n), (word) => low + Math.floor(word * 2 ** -32 * (high - low)));
}

/** The numbers 0 … n - 1 in random order (Fisher and Yates). */
export function permutation(from: Key, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const words = randomBits(from, n);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(words[i]! * 2 ** -32 * (i + 1));
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}

/** A tensor of numbers uniform in [0, 1). The caller disposes it. */
export function uniform<R extends tf.Rank = tf.Rank>(from: Key, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  return tf.tensor(uniformArray(from, tf.util.sizeFromShape(shape)), shape) as tf.Tensor<R>;
}

/** A tensor of standard normal numbers. The caller disposes it. */
export function normal<R extends tf.Rank = tf.Rank>(from: Key, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  return tf.tensor(normalArray(from, tf.util.sizeFromShape(shape)), shape) as tf.Tensor<R>;
}
