import * as tf from '@tensorflow/tfjs-core';
import { isFused } from '../fused';
import { scope } from '../memory';
import { attribute, rawOp } from '../tensorflow';
import { differentiable } from './differentiable';
import { sigmoidGradient } from './primitives';

/** 1.702: the factor with which x · sigmoid(a x) is closest to GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
const QUICK = 1.702;

/** GELU's tanh form, from the same paper: 2 sqrt(2 / pi) (x + 0.044715 x^3), the factor 2 being that of the sigmoid it is written with. */
const TANH_LINEAR = 2 * Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715 * TANH_LINEAR;

/**
 * Gradient of x · sigmoid(x), from x and the gradient of the result. Also used where SiLU is fused behind another operation.
 * The sigmoid is computed again instead of being saved; a compiled graph sees that it is the forward's and computes it once.
 */
export function siluGradient<T extends tf.Tensor>(x: T, dy: tf.Tensor): T {
  return scope(() => {
    const s = tf.sigmoid(x);
    return tf.mul(tf.add(sigmoidGradient(s, x), s), dy) as T; // (x s (1 - s) + s) dy
  });
}

/** The normal distribution's cumulative function, (1 + erf(x / sqrt 2)) / 2. */
export function normalCdf<T extends tf.Tensor>(x: T): T {
  return scope(() => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5) as T);
}

/** The derivative of x · normalCdf(x), given normalCdf(x). */
export function geluSlope<T extends tf.Tensor>(x: T, cdf: T): T {
  return scope(() => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.add(cdf, tf.mul(x, density)) as T;
  });
}

/** An activation, as the fused operation numbers it (kernels/fused/kernels.h) and as a composition. */
interface Activation {
  readonly kind: number;
  readonly value: (x: tf.Tensor) => tf.Tensor;
  readonly gradient: (x: tf.Tensor, dy: tf.Tensor) => tf.Tensor;
}

function activate<T extends tf.Tensor>({ kind, value, gradient }: Activation, x: T): T {
  const attributes = isFused() ? [attribute.int('kind', kind)] : undefined;
  return differentiable<T>(
    [x],
    (keep) => {
      keep([x]);
      return (attributes ? rawOp('RoentgenActivation', attributes, [x]) : value(x)) as T;
    },
    (dy, [saved]) => [attributes ? rawOp('RoentgenActivationGradient', attributes, [dy, saved!]) : gradient(saved!, dy)],
  );
}

/**
 * SiLU, x · sigmoid(x), also called swish.
 *
 * @param x any shape
 * @returns the same shape; the caller disposes it
 */
export function silu<T extends tf.Tensor>(x: T): T {
  return activate({ kind: 0, value: (x) => tf.mul(x, tf.sigmoid(x)), gradient: siluGradient }, x);
}

/**
 * GELU in its exact form, x · Phi(x), with the error function.
 *
 * @param x any shape
 * @returns the same shape; the caller disposes it
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  const gradient = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor => tf.mul(dy, geluSlope(x, normalCdf(x)));
  return activate({ kind: 1, value: (x) => tf.mul(x, normalCdf(x)), gradient }, x);
}

/**
 * GELU as OpenAI's CLIP has it, x · sigmoid(1.702 x).
 *
 * @param x any shape
 * @returns the same shape; the caller disposes it
 */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  // x · sigmoid(a x) is SiLU(a x) / a: the factors cancel
  const gradient = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor => siluGradient(tf.mul(x, QUICK), dy);
  return activate({ kind: 2, value: (x) => tf.mul(x, tf.sigmoid(tf.mul(x, QUICK))), gradient }, x);
}

/**
 * GELU in the form with tanh, as GPT-2 and T5 1.1 have it.
 *
 * @param x any shape
 * @returns the same shape; the caller disposes it
 */
export function geluTanh<T extends tf.Tensor>(x: T): T {
  // (1 + tanh(u)) / 2 is sigmoid(2 u), which both backends compute faster.
  const bend = (x: tf.Tensor): tf.Tensor => tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), TANH_CUBIC), TANH_LINEAR)));
  const gradient = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor => {
    const s = bend(x);
    const inner = tf.add(tf.mul(tf.square(x), 3 * TANH_CUBIC), TANH_LINEAR);
    return tf.mul(tf.add(sigmoidGradient(s, tf.mul(x, inner)), s), dy);
  };
  return activate({ kind: 3, value: (x) => tf.mul(x, bend(x)), gradient }, x);
}
