import * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { expectShape } from '../shapes';
import { attribute, rawOps } from '../tensorflow';
import { siluGradient } from './activations';
import { differentiable } from './differentiable';
import { meanOverPositions, sumOverPositions } from './primitives';

export interface GroupNormOptions {
  /** Groups of neighbouring channels; a divisor of C. */
  groups: number;
  /** Added to the variance. */
  eps: number;
  /** Applies x · sigmoid(x) to the result, in the same operation. */
  silu?: boolean;
}

/**
 * Group normalisation (Wu and He 2018, arXiv:1803.08494), and SiLU after it if asked for.
 *
 * @param x      [B, H, W, C] or [B, N, C]
 * @param weight [C]
 * @param bias   [C]
 * @returns      the same shape as x; the caller disposes it
 * @throws TypeError where the shapes do not fit, RangeError where groups does not divide C
 */
export function groupNorm<T extends tf.Tensor>(
  x: T,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  { groups, eps, silu = false }: GroupNormOptions,
): T {
  if (x.rank !== 4) expectShape('groupNorm: x', x, 'B N C');
  const channels = x.shape[x.rank - 1]!;
  expectShape('groupNorm: weight', weight, `${channels}`);
  expectShape('groupNorm: bias', bias, `${channels}`);
  if (!(Number.isInteger(groups) && groups > 0 && channels % groups === 0))
    throw new RangeError(`groupNorm: groups: expected a divisor of ${channels} channels, got ${groups}`);
  return (isFused() ? fused : composed)(x, weight, bias, { groups, eps, silu }) as T;
}

function fused(x: tf.Tensor, weight: tf.Tensor1D, bias: tf.Tensor1D, { groups, eps, silu }: Required<GroupNormOptions>): tf.Tensor {
  const common = [attribute.int('groups', groups), attribute.bool('silu', silu)];
  return differentiable<tf.Tensor>(
    [x, weight, bias],
    (keep) => {
      const [y, statistics] = rawOps('RoentgenGroupNorm', [...common, attribute.float('eps', eps)], [x, weight, bias], 2);
      keep([x, weight, bias, statistics!]);
      return y!;
    },
    (dy, saved) => rawOps('RoentgenGroupNormGradient', common, [dy, ...saved], 3),
  );
}

/** Sums are taken per channel first and per group afterwards, which is several times faster than over both dimensions at once. */
function composed(x: tf.Tensor, weight: tf.Tensor1D, bias: tf.Tensor1D, { groups, eps, silu }: Required<GroupNormOptions>): tf.Tensor {
  const batch = x.shape[0]!;
  const channels = x.shape[x.rank - 1]!;
  const positions = x.size / (batch * channels);
  const perGroup = channels / groups;
  const flat = (t: tf.Tensor): tf.Tensor3D => tf.reshape(t, [batch, positions, channels]);
  const byGroup = (t: tf.Tensor): tf.Tensor3D => tf.reshape(t, [-1, groups, perGroup]); // [B or 1, G, C/G]
  const byChannel = (t: tf.Tensor): tf.Tensor3D => tf.reshape(t, [batch, 1, channels]);
  const spread = (t: tf.Tensor): tf.Tensor3D => byChannel(tf.mul(t, tf.ones([1, 1, perGroup]))); // [B, G, 1] to every channel of its group
  /** The normalisation as y = x · scale + shift, both [B, 1, C]. */
  const affine = (mean: tf.Tensor, rstd: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): { scale: tf.Tensor3D; shift: tf.Tensor3D } => {
    const scale = tf.mul(byGroup(weight), rstd);
    return { scale: byChannel(scale), shift: byChannel(tf.sub(byGroup(bias), tf.mul(mean, scale))) };
  };
  return differentiable<tf.Tensor>(
    [x, weight, bias],
    (keep) => {
      const x3 = flat(x);
      const mean = tf.mean(byGroup(meanOverPositions(x3)), 2, true); // [B, G, 1]
      // Differences before squares: the mean of squares less the squared mean loses its digits where the mean is large.
      const variance = tf.mean(byGroup(meanOverPositions(tf.squaredDifference(x3, spread(mean)))), 2, true);
      const rstd = tf.rsqrt(tf.add(variance, eps)) as tf.Tensor3D;
      keep([x, weight, bias, mean, rstd]);
      const { scale, shift } = affine(mean, rstd, weight, bias);
      const z = tf.add(tf.mul(x3, scale), shift);
      return tf.reshape(silu ? tf.mul(z, tf.sigmoid(z)) : z, x.shape);
    },
    (dy, kept) => {
      const [x, weight, bias, mean, rstd] = kept as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor3D, tf.Tensor3D];
      const x3 = flat(x);
      const { scale, shift } = affine(mean, rstd, weight, bias);
      let dz = flat(dy);
      if (silu) {
        const z = tf.add(tf.mul(x3, scale), shift) as tf.Tensor3D;
        dz = siluGradient(z, dz);
      }
      const sum = byGroup(sumOverPositions(dz)); // per channel, sum of dz
      const product = byGroup(sumOverPositions(tf.mul(dz, x3))); // sum of dz · x
      const normal = tf.mul(tf.sub(product, tf.mul(mean, sum)), rstd); // sum of dz · (x - mean) rstd
      const gain = byGroup(weight);
      const meanSum = tf.mul(tf.sum(tf.mul(gain, sum), 2, true), 1 / (positions * perGroup)); // [B, G, 1]
      const meanNormal = tf.mul(tf.sum(tf.mul(gain, normal), 2, true), 1 / (positions * perGroup));
      // dx = rstd (weight · dz - meanSum - (x - mean) rstd · meanNormal), gathered as dz · scale - x · slope + offset.
      const slope = tf.mul(tf.square(rstd), meanNormal);
      const offset = tf.sub(tf.mul(mean, slope), tf.mul(rstd, meanSum));
      const dx = tf.add(tf.sub(tf.mul(dz, scale), tf.mul(x3, spread(slope))), spread(offset));
      return [tf.reshape(dx, x.shape), tf.reshape(tf.sum(normal, 0), [channels]), tf.reshape(tf.sum(sum, 0), [channels])];
    },
  );
}
