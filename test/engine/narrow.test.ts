import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, embedding, linear, type Tree, valueAndGrad } from 'roentgen-lab/engine';
import { type HalfFormat, isNarrow, narrowMatrix, widened } from '#engine/internal';
import { halfValue } from '../halves';
import { assertClose, noLeaks } from '../support';

const [ROWS, COLUMNS] = [5, 6] as const;

/** Bit patterns of a matrix and the values that they stand for: of all sizes, negative, zeros of both signs, and float16's smallest and largest. */
function matrix(format: HalfFormat): { readonly bits: Uint16Array; readonly values: Float32Array } {
  const bits = Uint16Array.from({ length: ROWS * COLUMNS }, (_, i) => ((i * 7919 + 12345) % 0x7c00) | ((i % 2) << 15));
  bits.set([0, 0x8000, 1, 0x8001, 0x3ff, 0x7bff, 0xfbff, 0x3c00], 3);
  return { bits, values: Float32Array.from(bits, (each) => halfValue(each, format)) };
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
