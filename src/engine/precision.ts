/** What products are computed in: those of linear layers, convolutions and attention of every network, forward and backward. */

import { getBackend } from '@tensorflow/tfjs-core';
import { fusedState, isFused } from './fused';
import { xlaDevice } from './xla-device';

/**
 * `bfloat16` rounds what is multiplied to 8 significant bits and adds up in float32; parameters, norms, softmax and all that is stored stay float32.
 * On the CPU it takes the fused operations, convolutions with steps, and products whose widths are no multiples of 16, stay float32 too, and it is quicker
 * where the processor multiplies bfloat16 (AVX-512 BF16), slower elsewhere. On a GPU all products take it, and a convolution's result is rounded as well.
 * `tf32` lets a GPU round what is multiplied to 11 significant bits (TensorFloat-32), which is its fastest form of float32.
 */
export type Precision = 'float32' | 'tf32' | 'bfloat16';

export const precisions: readonly Precision[] = ['float32', 'tf32', 'bfloat16'];

let present: Precision = 'float32';

/** What products that are computed or recorded now take. */
export function precision(): Precision {
  return present;
}

/** @throws RangeError where it can't be had here */
export function setPrecision(wanted: Precision): void {
  present = expectPrecision(wanted);
}

/**
 * Runs a function, which is not asynchronous, with products in `wanted`.
 *
 * @throws RangeError where it can't be had here
 */
export function withPrecision<T>(wanted: Precision, body: () => T): T {
  const before = present;
  present = expectPrecision(wanted);
  try {
    return body();
  } finally {
    present = before;
  }
}

function expectPrecision(wanted: Precision): Precision {
  if (!precisions.includes(wanted)) throw new RangeError(`precision: expected float32, tf32 or bfloat16, got ${JSON.stringify(wanted)}`);
  if (xlaDevice()) return wanted;
  if (wanted === 'tf32') throw new RangeError('precision: tf32 is for GPUs, and none is used here (npx roentgen doctor); use float32');
  if (wanted === 'bfloat16' && !isFused())
    throw new RangeError(`precision: bfloat16 takes the fused operations (${fusedState().note ?? 'another engine runs'}); use float32`);
  return wanted;
}

/** What the environment's ROENTGEN_PRECISION says for a whole process. */
export function precisionFromEnvironment(): Precision | undefined {
  return (process.env.ROENTGEN_PRECISION as Precision | undefined) || undefined;
}

/** What the values of a computation depend on beside its inputs, for what is kept on disk: another engine rounds in another way. */
export function computedHow(): Readonly<Record<string, string | boolean>> {
  const device = xlaDevice();
  return { backend: getBackend(), precision: present, fused: isFused(), ...(device ? { device: device.kind } : {}) };
}
