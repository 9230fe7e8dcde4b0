import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../memory';
import { expectShape } from '../shapes';
import { isTensorFlow } from '../tensorflow';
import type { ConvGeometry } from './conv-tensorflow';
import * as onTensorFlow from './conv-tensorflow';
import * as onWasm from './conv-wasm';
import { differentiable } from './differentiable';
import { linear } from './linear';
import { biasAdd, sumToChannels } from './primitives';
import { fitsProduct, product } from './product-fused';

/** Rows and columns of zeros: at every border, or [top, bottom, left, right]. */
export type Padding = number | readonly [number, number, number, number];

export interface ConvOptions {
  /** Step in both directions, 1 by default. */
  stride?: number;
  /** 0 by default. */
  padding?: Padding;
}

/**
 * A two-dimensional convolution (cross-correlation, as networks mean it).
 *
 * @param x      [B, H, W, Cin]
 * @param weight [kh, kw, Cin, Cout]
 * @param bias   [Cout]
 * @returns      [B, (H + top + bottom - kh) / stride + 1, ..., Cout], rounded down; the caller disposes it
 * @throws TypeError where the shapes do not fit, RangeError for a stride, padding or size that is not possible
 */
export function conv2d(
  x: tf.Tensor4D,
  weight: tf.Tensor4D,
  bias?: tf.Tensor1D,
  { stride = 1, padding = 0 }: ConvOptions = {},
): tf.Tensor4D {
  const { H, W, Cin } = expectShape('conv2d: x', x, 'B H W Cin') as Record<string, number>;
  const { kh, kw, Cout } = expectShape('conv2d: weight', weight, `kh kw ${Cin} Cout`) as Record<string, number>;
  if (bias) expectShape('conv2d: bias', bias, `${Cout}`);
  const borders = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding;
  if (!(Number.isInteger(stride) && stride > 0)) throw new RangeError(`conv2d: stride: expected a whole number above 0, got ${stride}`);
  if (borders.length !== 4 || borders.some((border) => !(Number.isInteger(border) && border >= 0)))
    throw new RangeError(`conv2d: padding: expected a whole number or [top, bottom, left, right], got ${JSON.stringify(padding)}`);
  const [top, bottom, left, right] = borders;
  if (H! + top + bottom < kh! || W! + left + right < kw!)
    throw new RangeError(`conv2d: x: ${H} x ${W} with padding [${borders}] is smaller than the kernel, ${kh} x ${kw}`);

  const pointwise = kh === 1 && kw === 1 && stride === 1 && borders.every((border) => border === 0);
  if (pointwise) return scope(() => linear(x, tf.reshape(weight, [Cin!, Cout!]), bias));

  const sameSize = stride === 1 && borders.every((border) => border === 1);
  if (sameSize && fitsProduct(weight)) return product(x, weight, bias) as tf.Tensor4D;

  const geometry: ConvGeometry = { stride, padding: borders };
  const form = isTensorFlow() ? onTensorFlow : onWasm;
  return differentiable<tf.Tensor4D>(
    [x, weight, bias],
    (keep) => {
      keep([x, weight]);
      const y = form.convolve(x, weight, geometry);
      return bias ? biasAdd(y, bias) : y;
    },
    (dy, saved) => {
      const [x, weight] = saved as [tf.Tensor4D, tf.Tensor4D];
      return [
        form.inputGradient(x.shape, weight, dy, geometry),
        form.filterGradient(x, weight.shape, dy, geometry),
        bias && sumToChannels(dy),
      ];
    },
  );
}
