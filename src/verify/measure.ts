/** The tolerances of the fixtures' README, each one function that makes a row's measure. Errors are divided by what the tolerance is relative to. */

import * as tf from '@tensorflow/tfjs-core';
import type { Measure } from './checker';

/** A tensor, a typed array or plain numbers; nested arrays are not flattened. */
export type Numbers = tf.Tensor | ArrayLike<number>;

/** Reads a tensor's values without disposing it. */
function values(x: Numbers): ArrayLike<number> {
  return x instanceof tf.Tensor ? x.dataSync() : x;
}

/** NaN where any value is, so that no comparison with a tolerance holds. */
function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    const difference = got[i] === want[i] ? 0 : Math.abs(got[i]! - want[i]!);
    if (Number.isNaN(difference)) return Number.NaN;
    if (difference > worst) worst = difference;
  }
  return worst;
}

function largest(x: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]!) > most) most = Math.abs(x[i]!);
  return most;
}

function compare(quantity: string, got: Numbers, want: Numbers, tolerance: number, scale: (want: ArrayLike<number>) => number): Measure {
  const [a, b] = [values(got), values(want)];
  if (a.length !== b.length) return failed(quantity, `${a.length} values, expected ${b.length}`, tolerance);
  if (got instanceof tf.Tensor && want instanceof tf.Tensor && got.shape.join() !== want.shape.join())
    return failed(quantity, `shape [${got.shape.join(', ')}], expected [${want.shape.join(', ')}]`, tolerance);
  const error = largestDifference(a, b) / scale(b);
  if (Number.isNaN(error)) return failed(quantity, 'not a number', tolerance);
  return { quantity, error, tolerance, pass: error <= tolerance };
}

/** `rel e`: max|got - want| <= e * max(1, max|want|). */
export function rel(quantity: string, got: Numbers, want: Numbers, e: number): Measure {
  return compare(quantity, got, want, e, (b) => Math.max(1, largest(b)));
}

/** `grad e`: max|got - want| <= e * max(max|want|, 1e-6 * the largest gradient of the model). */
export function grad(quantity: string, got: Numbers, want: Numbers, e: number, largestOfModel: number): Measure {
  return compare(quantity, got, want, e, (b) => Math.max(largest(b), 1e-6 * largestOfModel) || 1);
}

/** `e absolute`: max|got - want| <= e. */
export function absolute(quantity: string, got: Numbers, want: Numbers, e: number): Measure {
  return compare(quantity, got, want, e, () => 1);
}

/** `e relative`: max|got - want| <= e * max|want|; one number or many. */
export function relative(quantity: string, got: Numbers | number, want: Numbers | number, e: number): Measure {
  return compare(quantity, typeof got === 'number' ? [got] : got, typeof want === 'number' ? [want] : want, e, (b) => largest(b) || 1);
}

/** Exact equality of numbers or strings; the error is how many differ (or are missing or too many). */
export function exact(quantity: string, got: ArrayLike<number | string>, want: ArrayLike<number | string>): Measure {
  let different = Math.abs(got.length - want.length);
  for (let i = 0; i < Math.min(got.length, want.length); i++) if (got[i] !== want[i]) different++;
  return { quantity, error: different, tolerance: 0, pass: different === 0 };
}

/** Something that only has to work, such as loading a file. */
export function holds(quantity: string, ok: boolean, message = 'does not hold'): Measure {
  return ok ? { quantity, error: 0, tolerance: 0, pass: true } : failed(quantity, message, 0);
}

/** A failing row that says why there is no figure. */
export function failed(quantity: string, message: string, tolerance: number | null = null): Measure {
  return { quantity: `${quantity}: ${message}`, error: null, tolerance, pass: false };
}

/** A part of a case that the library can't do yet, beside parts that it can. */
export function unsupported(quantity: string, why = 'not yet supported'): Measure {
  return { quantity: `${quantity}: ${why}`, error: null, tolerance: null, pass: null };
}

/** The largest absolute value over several tensors' values: the scale of `grad`. */
export function largestOf(tensors: Iterable<ArrayLike<number>>): number {
  let most = 0;
  for (const tensor of tensors) most = Math.max(most, largest(tensor));
  return most;
}
