/** Memory scopes, and what the engine and the process hold. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { backend, isTensorFlow } from './tensorflow';

/**
 * Runs `fn` and frees every tensor made in it except those in its result: `tf.tidy` for any plain object or array of tensors. No async code inside.
 */
export function scope<T>(fn: () => T): T {
  let values: T | undefined;
  const result = tf.tidy((): tf.TensorContainer => {
    const made = fn();
    if (!ArrayBuffer.isView(made)) return made as T & tf.TensorContainer;
    values = made; // tidy would look for tensors in it, number by number
    return undefined;
  });
  return values ?? (result as T);
}

/**
 * A tensor with a copy of the values, made at once: `tf.tensor` may keep the array and read it later, so that it must not be used again.
 *
 * @returns the caller's
 */
export function copyToTensor(values: Float32Array | Int32Array, shape: readonly number[]): tf.Tensor {
  const x = tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32');
  if (isTensorFlow()) backend().getInputTensorIds([x]);
  return x;
}

export interface MemoryUse {
  /** Live tensors. */
  readonly tensors: number;
  /** Their bytes, MiB; what compiled functions hold in the engine is not in it. */
  readonly tensorMiB: number;
  /** Largest resident memory of the process so far, MiB. */
  readonly peakRssMiB: number;
}

/** Memory in use now. */
export function memoryUse(): MemoryUse {
  const { numTensors, numBytes } = tf.memory();
  return { tensors: numTensors, tensorMiB: numBytes / 2 ** 20, peakRssMiB: process.resourceUsage().maxRSS / 1024 };
}

/** Frees JavaScript's unreachable arrays now: gigabytes of weights that TensorFlow has copied would else wait beside them. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
