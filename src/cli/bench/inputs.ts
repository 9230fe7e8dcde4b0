/** The inputs of a piece of work, in a file: images with their channels last here, and first in the file, where PyTorch has them. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope } from '../../engine';
import { readSafetensors, writeSafetensors } from '../../files';

const path = (folder: string): string => join(folder, 'inputs.safetensors');

/** Writes tensors by name, and frees them. */
export async function writeInputs(folder: string, inputs: Readonly<Record<string, tf.Tensor>>): Promise<void> {
  const packed = Object.entries(inputs).map(([name, x]) => {
    const file = scope(() => (x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : tf.clone(x)));
    const data = file.dataSync() as Float32Array | Int32Array;
    dispose(file, x);
    return [name, { shape: file.shape, data }] as const;
  });
  await writeSafetensors(path(folder), Object.fromEntries(packed));
}

/** @returns the tensors by name; the caller disposes them */
export async function readInputs<T extends Readonly<Record<string, tf.Tensor>>>(folder: string): Promise<T> {
  const read = Object.entries(await readSafetensors(path(folder))).map(([name, { data, shape }]) => {
    const x = scope(() => {
      const values = tf.tensor(data as Float32Array | Int32Array, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
      return shape.length === 4 ? tf.transpose(values, [0, 2, 3, 1]) : values;
    });
    return [name, x] as const;
  });
  return Object.fromEntries(read) as unknown as T;
}
