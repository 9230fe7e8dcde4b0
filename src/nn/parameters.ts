/** One description of a network's parameters, from which its random weights and its table of shapes are both made. */

import { totalmem } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, uniformArray } from '../engine';
import { normalArray } from '../engine/internal';

/** How a parameter starts: every value the same, normal around 0, or uniform in [-bound, bound). */
export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly bound: number };

/** A parameter before it exists: its shape in the engine's layout, and how it starts. */
export interface ParameterSpec {
  readonly shape: readonly number[];
  readonly init: Initialiser;
}

/** The description of a parameter tree of type P: the same names, with a `ParameterSpec` in place of each tensor. */
export type Spec<P> = P extends tf.Tensor ? ParameterSpec : { [K in keyof P]: Spec<P[K]> };

/** The leaves of a description by their dotted paths, which are the Hugging Face keys. */
export function flattenSpec(spec: unknown): Record<string, ParameterSpec> {
  const flat: Record<string, ParameterSpec> = {};
  const visit = (node: unknown, path: string): void => {
    if (node === undefined) return;
    if (isLeaf(node)) flat[path] = node;
    else for (const [name, child] of Object.entries(node as object)) visit(child, path === '' ? name : `${path}.${name}`);
  };
  visit(spec, '');
  return flat;
}

/** Shapes by dotted path, in the engine's layout: convolutions [kh, kw, in, out], linear layers [in, out], embeddings [V, C]. */
export function specShapes(spec: unknown): Record<string, number[]> {
  return Object.fromEntries(Object.entries(flattenSpec(spec)).map(([path, { shape }]) => [path, [...shape]]));
}

/** @throws RangeError where random weights of this description would not fit into the memory of the machine, or of the container that this runs in */
function expectMemory(spec: unknown): void {
  const values = Object.values(flattenSpec(spec)).reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);
  const GiB = 2 ** 30;
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (4 * values > memory)
    throw new RangeError(
      `this config asks for ${values.toPrecision(3)} parameters, ${((4 * values) / GiB).toPrecision(3)} GiB; there are ${(memory / GiB).toFixed(1)} GiB of memory here`,
    );
}

/**
 * Random weights for a description. Each parameter draws from its own key, which depends on its path alone: a network with one
 * more block starts from the same numbers elsewhere.
 *
 * @returns the parameter tree; the caller disposes it
 * @throws RangeError where they would not fit into memory, before any is made
 */
export function initialise<P>(spec: Spec<P>, key: Key): P {
  expectMemory(spec);
  const visit = (node: unknown, path: string): unknown => {
    if (node === undefined) return undefined;
    if (isLeaf(node)) return initialiseLeaf(node, foldIn(key, fnv1a(path)));
    const at = (name: string | number): string => (path === '' ? String(name) : `${path}.${name}`);
    if (Array.isArray(node)) return node.map((child, i) => visit(child, at(i)));
    return Object.fromEntries(Object.entries(node as object).map(([name, child]) => [name, visit(child, at(name))]));
  };
  return visit(spec, '') as P;
}

function initialiseLeaf({ shape, init }: ParameterSpec, key: Key): tf.Tensor {
  if (init.kind === 'constant') return tf.fill(shape as number[], init.value);
  const size = tf.util.sizeFromShape(shape as number[]);
  const values = init.kind === 'normal' ? normalArray(key, size) : uniformArray(key, size);
  const [factor, shift] = init.kind === 'normal' ? [init.std, 0] : [2 * init.bound, -init.bound];
  for (let i = 0; i < size; i++) values[i] = values[i]! * factor + shift; // in place: Stable Diffusion's U-Net has 860 million
  return tf.tensor(values, shape as number[]);
}

function isLeaf(node: unknown): node is ParameterSpec {
  return typeof node === 'object' && node !== null && 'init' in node && 'shape' in node;
}

/** The FNV-1a hash of a path's characters, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
