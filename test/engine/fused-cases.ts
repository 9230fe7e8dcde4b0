/** Cases of the fused operations, on shapes that fill no vector and no block. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, scope, valueAndGrad } from 'roentgen-lab/engine';
import { isFused } from '#engine/fused';
import * as engine from '#engine/ops/index';
import type { plain } from '#engine/ops/plain';

export type Ops = typeof plain;

export interface Case {
  readonly name: string;
  /** Shapes of what is differentiated. */
  readonly shapes: readonly (readonly number[])[];
  /** Added to the first input. */
  readonly offset?: number;
  /** No operation of ours: TensorFlow computes it, and its sums follow from the threads where a processor has kernels that divide them. */
  readonly unfused?: boolean;
  readonly run: (ops: Ops, inputs: tf.Tensor[]) => tf.Tensor;
}

const norm = (x: number[], groups: number, silu: boolean): Case => ({
  name: `groupNorm [${x}], ${groups} groups${silu ? ', silu' : ''}`,
  shapes: [x, [x[x.length - 1]!], [x[x.length - 1]!]],
  offset: 0.5,
  run: (ops, [x, weight, bias]) => ops.groupNorm(x!, weight as tf.Tensor1D, bias as tf.Tensor1D, { groups, eps: 1e-5, silu }),
});

const layer = (x: number[]): Case => ({
  name: `layerNorm [${x}]`,
  shapes: [x, [x[x.length - 1]!], [x[x.length - 1]!]],
  offset: 0.5,
  run: (ops, [x, weight, bias]) => ops.layerNorm(x!, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5),
});

const gate = (x: number[]): Case => ({ name: `geglu [${x}]`, shapes: [x], run: (ops, [x]) => ops.geglu(x!) });

const activation = (name: 'silu' | 'gelu' | 'quickGelu' | 'geluTanh', x: number[]): Case => ({
  name: `${name} [${x}]`,
  shapes: [x],
  run: (ops, [x]) => ops[name](x!),
});

const attend = (batch: number, queries: number, keys: number, heads: number, width: number, mask?: number[]): Case => ({
  name: `attention of ${batch} x ${queries} to ${keys}, ${heads} heads of ${width}${mask ? `, mask [${mask}]` : ''}`,
  shapes: [[batch, queries, heads * width], [batch, keys, heads * width], [batch, keys, heads * width], ...(mask ? [mask] : [])],
  run: (ops, [q, k, v, mask]) => ops.attention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, { heads, ...(mask ? { mask } : {}) }),
});

const linear = (x: number[], out: number, bias = true): Case => ({
  name: `linear [${x}] to ${out}${bias ? '' : ' without bias'}`,
  shapes: [x, [x[x.length - 1]!, out], ...(bias ? [[out]] : [])],
  run: (ops, [x, weight, bias]) => ops.linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D | undefined),
});

const conv = (x: number[], out: number, bias = true): Case => ({
  name: `conv2d 3 x 3 [${x}] to ${out}${bias ? '' : ' without bias'}`,
  shapes: [x, [3, 3, x[3]!, out], ...(bias ? [[out]] : [])],
  run: (ops, [x, weight, bias]) => ops.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, bias as tf.Tensor1D | undefined, { padding: 1 }),
});

export const cases: readonly Case[] = [
  ...[false, true].flatMap((silu) => [
    norm([3, 5, 3, 6], 2, silu),
    norm([1, 1, 1, 10], 2, silu),
    norm([1, 33, 2, 40], 4, silu),
    norm([3, 16, 16, 320], 32, silu),
    norm([1, 300, 96], 3, silu),
    norm([1, 33, 30, 40], 8, silu), // several chunks of one image
  ]),
  layer([7, 10]),
  layer([3, 33, 320]),
  layer([1, 6]),
  layer([1300, 40]), // several pieces
  ...(['silu', 'gelu', 'quickGelu', 'geluTanh'] as const).flatMap((name) => [activation(name, [7, 5]), activation(name, [3, 33, 320])]),
  gate([7, 12]),
  gate([1, 33, 2, 20]),
  gate([3, 33, 640]),
  attend(3, 9, 7, 3, 5),
  attend(1, 100, 77, 8, 40),
  attend(1, 257, 129, 1, 80), // one head: split by queries, and by keys
  attend(2, 200, 300, 2, 16),
  attend(1, 1, 1, 1, 5),
  attend(3, 1, 7, 2, 40),
  attend(3, 50, 129, 2, 5, [3, 1, 1, 129]),
  attend(1, 77, 77, 4, 40, [1, 1, 77, 77]),
  attend(2, 49, 7, 2, 80, [1, 2, 49, 1]),
  attend(3, 65, 130, 1, 5, [65, 130]),
  linear([5, 16], 48),
  linear([3, 77, 128], 320),
  linear([1, 33, 2, 320], 16, false),
  linear([1100, 64], 16), // pixels split
  { ...linear([7, 10], 6), unfused: true }, // no multiples of 16
  conv([1, 5, 7, 16], 32),
  conv([3, 16, 16, 64], 80),
  conv([1, 1, 1, 32], 16),
  conv([1, 33, 2, 48], 64, false),
  conv([1, 9, 11, 272], 16), // more channels than a block is deep
  conv([1, 40, 41, 16], 144), // several pieces of pixels and of columns, with all taps in one block
  { ...conv([3, 5, 4, 6], 10), unfused: true },
];

/** The engine's operations. */
export const ops: Ops = engine;

export const inputsOf = ({ shapes, offset = 0 }: Case): tf.Tensor[] =>
  shapes.map((shape, i) => scope(() => tf.add(normal(key(10 + i), [...shape]), i === 0 ? offset : 0)));

/** Weights of the result that make a scalar of it. */
const weightsOf = (y: tf.Tensor): tf.Tensor => normal(key(5), y.shape);

/** The result, and the gradient of a weighted sum of it with respect to every input. */
export function both(one: Case, ops: Ops, inputs: tf.Tensor[]): tf.Tensor[] {
  return scope(() => {
    const y = one.run(ops, inputs);
    const weights = weightsOf(y);
    const loss = (inputs: tf.Tensor[]): tf.Scalar => scope(() => tf.sum(tf.mul(one.run(ops, inputs), weights)) as tf.Scalar);
    return [y, ...valueAndGrad(loss)(inputs).grads];
  });
}

/** A hash of what the fused operations give for all cases that are theirs. */
export function digestOfAll(): string {
  const hash = createHash('sha256');
  for (const one of cases.filter(({ unfused }) => !unfused)) {
    const inputs = inputsOf(one);
    const results = both(one, ops, inputs);
    // A mask's gradient is composed of TensorFlow's own operations, whose sums follow from the threads.
    for (const x of results.slice(0, 4)) hash.update(new Uint8Array(x.dataSync().slice().buffer));
    dispose([results, inputs]);
  }
  return `${isFused()} ${hash.digest('hex')}`;
}
