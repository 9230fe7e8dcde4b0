/** Weights that follow from their names, for networks of one size only: the rule of the fixtures' README. */

import * as tf from '@tensorflow/tfjs-core';
import { type Tree, unflatten } from '../engine';
import { fileShape, toEngineLayout } from '../files/internal';
import type { Measure } from './checker';
import { exact, relative } from './measure';

/** What `case.json` says of the rule. */
export interface Rule {
  readonly salt: string;
  /** Factors by the end of a name. */
  readonly scale?: Readonly<Record<string, number>>;
  readonly rule_check?: Readonly<
    Record<string, { readonly fnv1a32: number; readonly first: readonly number[]; readonly last: number; readonly sum: number }>
  >;
}

/** FNV-1a over UTF-8 bytes, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Number i of a key, in [-1, 1). */
function uniform(key: number, i: number): number {
  let x = (key + Math.imul(i, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
}

/** How u becomes a value of this parameter: factor · u + offset. */
function spread(name: string, shape: readonly number[]): { readonly factor: number; readonly offset: number } {
  if (shape.length === 4) return { factor: Math.sqrt(6 / (shape[1]! * shape[2]! * shape[3]!)), offset: 0 };
  if (shape.length === 2) return { factor: Math.sqrt(3 / shape[1]!), offset: 0 };
  return /\.(bias|running_mean)$/.test(name) ? { factor: 0.1, offset: 0 } : { factor: 0.25, offset: 1 };
}

/** A parameter's values in the file's layout. */
function valuesOf(name: string, shape: readonly number[], { salt, scale = {} }: Rule): Float32Array {
  const key = fnv1a(`${salt}/${name}`);
  const { factor, offset } = spread(name, shape);
  const factors = Object.entries(scale).flatMap(([suffix, by]) => (name.endsWith(suffix) ? [by] : []));
  const count = shape.reduce((product, n) => product * n, 1);
  return Float32Array.from({ length: count }, (_, i) => factors.reduce((value, by) => by * value, offset + factor * uniform(key, i)));
}

/**
 * The weights of a network.
 *
 * @param shapes in the engine's layout, by key
 * @returns      the tree, which the caller disposes, and how its values compare with what the case holds of them
 */
export function weightsByRule<P extends Tree>(
  shapes: Readonly<Record<string, readonly number[]>>,
  rule: Rule,
): { readonly params: P; readonly checks: readonly Measure[] } {
  const flat: Record<string, tf.Tensor> = {};
  const checks: Measure[] = [];
  for (const [name, inEngine] of Object.entries(shapes)) {
    const shape = fileShape(name, inEngine);
    const values = valuesOf(name, shape, rule);
    const laidOut = toEngineLayout(name, shape, values);
    flat[name] = tf.tensor(laidOut.data, laidOut.shape);
    const check = rule.rule_check?.[name];
    if (!check) continue;
    const sum = values.reduce((total, value) => total + value, 0);
    checks.push(exact(`hash of ${name}`, [fnv1a(`${rule.salt}/${name}`)], [check.fnv1a32]));
    checks.push(
      relative(`weights ${name}`, [...values.subarray(0, 6), values.at(-1)!, sum], [...check.first, check.last, check.sum], 1e-6),
    );
  }
  return { params: unflatten<P>(flat), checks };
}
