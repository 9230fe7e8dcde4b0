/** Adam's update of one leaf (Kingma and Ba 2015, arXiv:1412.6980) with decoupled weight decay: in place in a compiled step, composed of plain ops elsewhere. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from './memory';
import { attribute } from './tensorflow';
import { isVariable, updateVariables } from './trace';

/** A parameter with the running means of its gradient and of its square; all of one shape. */
export type AdamLeaf = { readonly param: tf.Tensor; readonly m: tf.Tensor; readonly v: tf.Tensor };

/** Scalars, so that one graph serves every step. With rate 0, decay 0 and both betas 1, nothing changes. */
export interface AdamScalars {
  /** α √(1 - β₂^t) / (1 - β₁^t). */
  readonly rate: tf.Scalar;
  readonly beta1: tf.Scalar;
  readonly beta2: tf.Scalar;
  /** ε √(1 - β₂^t): what is added to the root of v where v is not corrected, as in the paper's section 2. */
  readonly epsilon: tf.Scalar;
  /** α λ: the fraction of the parameter that is subtracted before the update; none by default. */
  readonly decay?: tf.Scalar;
}

/**
 * param ← (1 - decay) param - rate · m / (√v + epsilon), with m ← β₁ m + (1 - β₁) g and v ← β₂ v + (1 - β₂) g² before it.
 *
 * In a compiled step whose state holds all three, they are changed where they lie (TensorFlow's ResourceApplyAdam), one leaf after the other: a
 * large model is never held twice.
 *
 * @returns the next values, which must become the state's; the caller disposes them
 */
export function adamUpdate({ param, m, v }: AdamLeaf, grad: tf.Tensor, scalars: AdamScalars): AdamLeaf {
  return isVariable(param) && isVariable(m) && isVariable(v)
    ? adamInPlace({ param, m, v }, grad, scalars)
    : adamPlain({ param, m, v }, grad, scalars);
}

function adamInPlace({ param, m, v }: AdamLeaf, grad: tf.Tensor, { rate, beta1, beta2, epsilon, decay }: AdamScalars): AdamLeaf {
  return scope(() => {
    const attributes = [attribute.type('T', 'float32')];
    const decayed = decay ? updateVariables('ResourceApplyGradientDescent', [param], [decay, param], attributes).leaves[0]! : param;
    const zero = tf.scalar(0); // powers of the betas: the correction is in the rate, computed in double precision
    const inputs = [zero, zero, rate, beta1, beta2, epsilon, grad];
    const [p1, m1, v1] = updateVariables('ResourceApplyAdam', [decayed, m, v], inputs, attributes).leaves;
    return { param: p1!, m: m1!, v: v1! };
  });
}

/** The same, op by op: the test's reference, and what other backends run. */
export function adamPlain({ param, m, v }: AdamLeaf, grad: tf.Tensor, { rate, beta1, beta2, epsilon, decay }: AdamScalars): AdamLeaf {
  return scope(() => {
    const m1 = tf.add(tf.mul(m, beta1), tf.mul(grad, tf.sub(1, beta1)));
    const v1 = tf.add(tf.mul(v, beta2), tf.mul(tf.square(grad), tf.sub(1, beta2)));
    const decayed = decay ? tf.sub(param, tf.mul(param, decay)) : param;
    return { param: tf.sub(decayed, tf.mul(rate, tf.div(m1, tf.add(tf.sqrt(v1), epsilon)))), m: m1, v: v1 };
  });
}
