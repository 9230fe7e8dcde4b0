import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import { expectShape } from '../shapes';
import { attribute, isTensorFlow, rawOp } from '../tensorflow';
import { differentiable } from './differentiable';
import { isNarrow, widened } from './narrow';

/**
 * Rows of a table.
 *
 * @param ids     int32, any shape, each in [0, V)
 * @param table   [V, C], or as `narrowMatrix` keeps it
 * @param padding a row that gets no gradient, as PyTorch's `padding_idx`
 * @returns       [..., C]; the caller disposes it
 * @throws TypeError where ids are not int32 or the table is not a matrix; on TensorFlow's CPU an Error where an id is outside of the table
 */
export function embedding(ids: tf.Tensor, table: tf.Tensor2D, padding?: number): tf.Tensor {
  if (ids.dtype !== 'int32') throw new TypeError(`embedding: ids: expected int32, got ${ids.dtype}`);
  if (isNarrow(table)) return scope(() => widened(rowsOf(ids, table)));
  const { V, C } = expectShape('embedding: table', table, 'V C') as { V: number; C: number };
  return differentiable<tf.Tensor>(
    [table],
    (keep) => {
      keep([ids]);
      return isTensorFlow() ? rowsOf(ids, table) : tf.gather(table, ids);
    },
    (dy, [ids]) => {
      const flat = tf.reshape(ids!, [ids!.size]) as tf.Tensor1D;
      let dy2 = tf.reshape(dy, [flat.size, C]);
      if (padding !== undefined)
        dy2 = tf.mul(dy2, tf.cast(tf.notEqual(tf.reshape(flat, [flat.size, 1]), tf.scalar(padding, 'int32')), 'float32'));
      if (isTensorFlow()) return [tf.unsortedSegmentSum(dy2, flat, V)];
      return [tf.scatterND(tf.reshape(flat, [flat.size, 1]), dy2, [V, C])]; // adds where ids repeat; wasm has no segment sum
    },
  );
}

/** Rows by TensorFlow: tfjs's own gather reads the ids in JavaScript to check them, which would stop a compiled step's recording from being general. */
function rowsOf(ids: tf.Tensor, table: tf.Tensor): tf.Tensor {
  const attributes = [
    attribute.int('batch_dims', 0),
    attribute.type('Tparams', table.dtype as 'float32' | 'int32'),
    attribute.type('Tindices', 'int32'),
    attribute.type('Taxis', 'int32'),
  ];
  return rawOp('GatherV2', attributes, [table, ids, tf.scalar(0, 'int32')]);
}
