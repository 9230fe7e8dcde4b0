import * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { rawOp } from '../tensorflow';
import { geluSlope, normalCdf } from './activations';
import { differentiable, rows } from './differentiable';

/**
 * GEGLU (Shazeer 2020, arXiv:2002.05202): value · GELU(gate), with the exact GELU.
 *
 * @param x [..., 2C]: the values, then the gates
 * @returns [..., C]; the caller disposes it
 * @throws RangeError where the last dimension is odd
 */
export function geglu<T extends tf.Tensor>(x: T): T {
  const width = x.shape[x.rank - 1]!;
  if (width % 2 !== 0) throw new RangeError(`geglu: x: expected an even last dimension (values, then gates), got [${x.shape.join(', ')}]`);
  return (isFused() ? fused(x) : composed(x)) as T;
}

function fused(x: tf.Tensor): tf.Tensor {
  return differentiable<tf.Tensor>(
    [x],
    (keep) => {
      keep([x]);
      return rawOp('RoentgenGeglu', [], [x]);
    },
    (dy, [x]) => [rawOp('RoentgenGegluGradient', [], [dy, x!])],
  );
}

function composed(x: tf.Tensor): tf.Tensor {
  return differentiable<tf.Tensor>(
    [x],
    (keep) => {
      keep([x]);
      const [value, gate] = tf.split(rows(x), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
      return tf.reshape(tf.mul(value, tf.mul(gate, normalCdf(gate))), [...x.shape.slice(0, -1), value.shape[1]]);
    },
    (dy, [x]) => {
      const [value, gate] = tf.split(rows(x!), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
      const dy2 = rows(dy);
      const cdf = normalCdf(gate);
      const dValue = tf.mul(dy2, tf.mul(gate, cdf));
      const dGate = tf.mul(tf.mul(dy2, value), geluSlope(gate, cdf));
      return [tf.reshape(tf.concat([dValue, dGate], 1), x!.shape)];
    },
  );
}
