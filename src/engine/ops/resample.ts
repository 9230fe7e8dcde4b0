import * as tf from '@tensorflow/tfjs-core';
import { expectShape } from '../shapes';
import { attribute, isTensorFlow, rawOp } from '../tensorflow';
import { xlaDevice } from '../xla-device';
import { differentiable } from './differentiable';

/** Sums of 2 x 2 pixels, [B, 2H, 2W, C] to [B, H, W, C]. */
function sumOfFour(x: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  if (!isTensorFlow() || xlaDevice()) return tf.mul(tf.avgPool(x, 2, 2, 'valid'), 4); // neither has the other
  const attributes = [attribute.type('T', 'float32'), attribute.bool('align_corners', false), attribute.bool('half_pixel_centers', false)];
  return rawOp('ResizeNearestNeighborGrad', attributes, [x, tf.tensor1d([height, width], 'int32')]) as tf.Tensor4D;
}

/**
 * Doubles height and width by repeating every pixel.
 *
 * @param x [B, H, W, C]
 * @returns [B, 2H, 2W, C]; the caller disposes it
 * @throws TypeError where x has another rank
 */
export function upsampleNearest2x(x: tf.Tensor4D): tf.Tensor4D {
  const { B, H, W, C } = expectShape('upsampleNearest2x: x', x, 'B H W C') as { B: number; H: number; W: number; C: number };
  return differentiable<tf.Tensor4D>(
    [x],
    () => {
      if (!isTensorFlow()) return tf.image.resizeNearestNeighbor(x, [2 * H, 2 * W]);
      const copies = [tf.reshape(x, [B * H, 1, W, 1, C]), tf.tensor1d([1, 2, 1, 2, 1], 'int32')];
      const tiled = rawOp('Tile', [attribute.type('T', 'float32'), attribute.type('Tmultiples', 'int32')], copies);
      return tf.reshape(tiled, [B, 2 * H, 2 * W, C]);
    },
    (dy) => [sumOfFour(dy, H, W)],
  );
}
