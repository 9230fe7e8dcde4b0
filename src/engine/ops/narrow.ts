/**
 * Weights that stay in 16 bits where float32 would not fit into memory. tfjs knows no element type of 16 bits: two values stand in an int32, which a product
 * takes apart when it is computed. They don't train.
 */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import { attribute, isTensorFlow, rawOp } from '../tensorflow';

/** bfloat16 is float32's upper half; float16 is IEEE 754's. */
export type HalfFormat = 'bfloat16' | 'float16';

/**
 * A matrix in 16 bits: int32 [rows, columns / 2] of bfloat16, [rows, columns / 2, 1] of float16; the lower bits of a row are its first half of the columns.
 *
 * @param at      the bit pattern of a place
 * @param columns an even number
 * @returns       the caller disposes it
 */
export function narrowMatrix(
  at: (row: number, column: number) => number,
  [rows, columns]: readonly [number, number],
  format: HalfFormat,
): tf.Tensor {
  const half = columns / 2;
  const packed = new Int32Array(rows * half);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < half; column++) packed[row * half + column] = at(row, column) | (at(row, column + half) << 16);
  return tf.tensor(packed, format === 'bfloat16' ? [rows, half] : [rows, half, 1], 'int32');
}

/** Whether a weight is kept in 16 bits. */
export const isNarrow = (weight: tf.Tensor): boolean => weight.dtype === 'int32';

const bits = (name: string, x: tf.Tensor, y: number): tf.Tensor => rawOp(name, [attribute.type('T', 'int32')], [x, tf.scalar(y, 'int32')]);
const asFloat = (x: tf.Tensor): tf.Tensor => rawOp('Bitcast', [attribute.type('T', 'int32'), attribute.type('type', 'float32')], [x]);

/** Of float16 in the lower 16 bits, finite ones. */
function fromFloat16(x: tf.Tensor): tf.Tensor {
  const magnitude = bits('BitwiseAnd', x, 0x7fff);
  const normal = tf.mul(asFloat(bits('LeftShift', magnitude, 13)), 2 ** 112); // exponents begin at 15, those of float32 at 127
  const small = tf.mul(tf.cast(magnitude, 'float32'), 2 ** -24); // without an exponent, which processors would take for zero
  const size = tf.where(tf.less(magnitude, 0x400), small, normal);
  return tf.where(tf.equal(bits('BitwiseAnd', x, 0x8000), 0), size, tf.neg(size));
}

/**
 * What `narrowMatrix` keeps, or rows of it, as float32; another tensor as it is.
 *
 * @returns [..., columns]; the caller disposes it
 * @throws Error where another engine than TensorFlow runs
 */
export function widened<T extends tf.Tensor>(weight: T): T {
  if (!isNarrow(weight)) return tf.clone(weight);
  if (!isTensorFlow()) throw new Error('weights of 16 bits are computed with by TensorFlow alone');
  return scope(() => {
    const isFloat16 = weight.rank > 1 && weight.shape.at(-1) === 1;
    const packed = isFloat16 ? tf.reshape(weight, weight.shape.slice(0, -1)) : weight;
    const halves = isFloat16
      ? [fromFloat16(packed), fromFloat16(bits('RightShift', packed, 16))]
      : [asFloat(bits('LeftShift', packed, 16)), asFloat(bits('BitwiseAnd', packed, -0x10000))];
    return tf.concat(halves, -1) as T;
  });
}
