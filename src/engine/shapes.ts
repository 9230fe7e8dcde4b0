/** Shape checks at the doors of public functions. */

import type * as tf from '@tensorflow/tfjs-core';

const show = (shape: readonly (number | string)[]): string => `[${shape.join(', ')}]`;

/**
 * Checks a tensor against a pattern such as "B H W 4": numbers must be equal, a name stands for any size, the same name for the same size,
 * and a leading "..." for any number of dimensions.
 *
 * @param where what to call it in the error, such as "unet: latents"
 * @returns     the sizes by name
 * @throws TypeError `unet: latents: expected [B, H, W, 4], got [2, 16, 16, 3]`
 */
export function expectShape(where: string, x: tf.Tensor, pattern: string): Record<string, number> {
  let parts = pattern.trim() === '' ? [] : pattern.trim().split(/\s+/);
  let shape = x?.shape;
  const fail = (): never => {
    throw new TypeError(`${where}: expected ${show(pattern.trim().split(/\s+/))}, got ${shape ? show(x.shape) : String(x)}`);
  };
  if (!shape) return fail();
  if (parts[0] === '...') {
    parts = parts.slice(1);
    if (shape.length < parts.length) return fail();
    shape = shape.slice(shape.length - parts.length);
  }
  if (shape.length !== parts.length) return fail();
  const sizes: Record<string, number> = {};
  parts.forEach((part, i) => {
    const size = shape[i]!;
    const expected = /^\d+$/.test(part) ? Number(part) : (sizes[part] ?? size);
    if (size !== expected) fail();
    if (!/^\d+$/.test(part)) sizes[part] = size;
  });
  return sizes;
}

/** @throws TypeError where the shapes differ, naming both */
export function expectSameShape(where: string, x: tf.Tensor, reference: tf.Tensor): void {
  if (x.shape.length !== reference.shape.length || x.shape.some((size, i) => size !== reference.shape[i]))
    throw new TypeError(`${where}: expected ${show(reference.shape)}, got ${show(x.shape)}`);
}
