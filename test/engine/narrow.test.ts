import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, embedding, linear, type Tree, valueAndGrad } from 'roentgen-lab/engine';
import { type HalfFormat, isNarrow, narrowMatrix, widened } from '#engine/internal';
import { decodeInto, toHalves } from '#files/dtypes';
import { assertClose, noLeaks } from '../support';

const [ROWS, COLUMNS] = [5, 6] as const;

/** Bit patterns of a matrix and the values that they stand for: normal, tiny, negative, zeros of both signs, the largest. */
function matrix(format: HalfFormat): { readonly bits: Uint16Array; readonly values: Float32Array } {
  const wanted = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(7 * i + 1) * 10 ** ((i % 9) - 6));
  wanted.set([0, -0, 65504, -65504, 2 ** -24, -(2 ** -15), 1.5], 3);
  const bits = format === 'float16' ? toHalves(wanted) : Uint16Array.from(new Uint32Array(wanted.buffer), (word) => word >>> 16);
  const values = new Float32Array(bits.length);
  decodeInto(format === 'float16' ? 'F16' : 'BF16', new Uint8Array(bits.buffer), values, 0);
  return { bits, values };
}

for (const format of ['bfloat16', 'float16'] as const)
  test(
    `${format}: a matrix takes half the memory, and is to products and rows what its values are`,
    noLeaks(() => {
      const { bits, values } = matrix(format);
      const narrow = narrowMatrix((row, column) => bits[row * COLUMNS + column]!, [ROWS, COLUMNS], format) as tf.Tensor2D;
      const wide = tf.tensor2d(values, [ROWS, COLUMNS]);
      assert.ok(isNarrow(narrow) && !isNarrow(wide));
      assert.equal(2 * narrow.size, wide.size);
      const back = widened(narrow);
      assert.deepEqual(back.shape, [ROWS, COLUMNS]);
      assert.deepEqual([...back.dataSync()], [...values]);
      const same = widened(wide);
      assert.deepEqual([...same.dataSync()], [...values]);

      const x = tf.tensor2d(
        Float32Array.from({ length: 3 * ROWS }, (_, i) => Math.cos(i)),
        [3, ROWS],
      );
      const bias = tf.tensor1d(Float32Array.from({ length: COLUMNS }, (_, i) => i));
      const ids = tf.tensor2d(
        [
          [4, 0],
          [2, 4],
        ],
        [2, 2],
        'int32',
      );
      const [got, wanted] = [narrow, wide].map((table) => {
        const network = compileNetwork((weights: Tree, input: tf.Tensor2D, rows: tf.Tensor2D) => {
          const { matrix } = weights as { matrix: tf.Tensor2D };
          return { product: linear(input, matrix, bias), rows: embedding(rows, matrix) };
        });
        const out = network({ matrix: table }, x, ids);
        network.dispose();
        return out;
      }) as { product: tf.Tensor; rows: tf.Tensor }[];
      assertClose(got!.product, wanted!.product, 0);
      assertClose(got!.rows, wanted!.rows, 0);
      assert.deepEqual(got!.rows.shape, [2, 2, COLUMNS]);
      const gradients = [narrow, wide].map((table) => {
        const { value, grads } = valueAndGrad((input: tf.Tensor2D) => tf.sum(linear(input, table)) as tf.Scalar)(x);
        value.dispose();
        return grads;
      });
      assertClose(gradients[0]!, gradients[1]!, 0, 'what stands before it can train');
      dispose({ narrow, wide, back, same, x, bias, ids }, got!, wanted!, { a: gradients[0]!, b: gradients[1]! });
    }),
  );
