/** What is asked of the engine's operations on every backend: cases over shapes, and the checks that each one passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, dispose, key, normal, scope, valueAndGrad } from 'roentgen-lab/engine';
import * as engine from '#engine/ops/index';
import { plain } from '#engine/ops/plain';
import { normalArray } from '#engine/random';
import { assertClose, noLeaks } from '../support';

type Ops = typeof plain;

interface Case {
  readonly name: string;
  /** Shapes of what is differentiated. */
  readonly shapes: readonly (readonly number[])[];
  readonly run: (ops: Ops, inputs: tf.Tensor[]) => tf.Tensor;
  /** tfjs has no gradient for the plain composition on wasm: only the finite differences judge there. */
  readonly noWasmReference?: true;
}

export const ops: Ops = engine;

function conv(x: number[], weight: number[], options: engine.ConvOptions): Case {
  return {
    name: `conv2d [${x}] * [${weight}] ${JSON.stringify(options)}`,
    shapes: [x, weight, [weight[3]!]],
    run: (ops, [x, weight, bias]) => ops.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, bias as tf.Tensor1D, options),
    noWasmReference: true,
  };
}

function norm(x: number[], groups: number, silu: boolean): Case {
  const channels = x[x.length - 1]!;
  return {
    name: `groupNorm [${x}] of ${groups} groups${silu ? ' and silu' : ''}`,
    shapes: [x, [channels], [channels]],
    run: (ops, [x, weight, bias]) => ops.groupNorm(x!, weight as tf.Tensor1D, bias as tf.Tensor1D, { groups, eps: 1e-5, silu }),
  };
}

function attend(q: number[], keys: number, heads: number, mask?: number[], scale?: number): Case {
  const [batch, , width] = q as [number, number, number];
  return {
    name: `attention [${q}] to ${keys} keys, ${heads} heads${mask ? `, mask [${mask}]` : ''}${scale ? `, scale ${scale}` : ''}`,
    shapes: [q, [batch, keys, width], [batch, keys, width], ...(mask ? [mask] : [])],
    run: (ops, [q, k, v, mask]) =>
      ops.attention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, {
        heads,
        ...(mask ? { mask } : {}),
        ...(scale ? { scale } : {}),
      }),
  };
}

function elementwise(name: 'silu' | 'gelu' | 'quickGelu' | 'geluTanh' | 'geglu', shape: number[]): Case {
  return { name: `${name} [${shape}]`, shapes: [shape], run: (ops, [x]) => ops[name](x!) };
}

const ids = [5, 0, 5, 2, 1, 5];

export const cases: readonly Case[] = [
  conv([2, 7, 9, 4], [3, 3, 4, 6], { padding: 1 }),
  conv([1, 5, 5, 3], [3, 3, 3, 2], {}),
  conv([2, 8, 8, 4], [3, 3, 4, 6], { padding: 1, stride: 2 }),
  conv([2, 7, 9, 4], [3, 3, 4, 6], { padding: 1, stride: 2 }),
  conv([2, 8, 6, 3], [3, 3, 3, 5], { padding: [0, 1, 0, 1], stride: 2 }),
  conv([1, 9, 7, 3], [3, 3, 3, 5], { padding: [0, 1, 0, 1], stride: 2 }),
  conv([1, 6, 5, 2], [3, 1, 2, 3], { padding: [2, 0, 1, 3] }),
  conv([2, 4, 5, 2], [3, 3, 2, 3], { padding: 3 }),
  conv([1, 11, 12, 3], [5, 5, 3, 2], { padding: 2, stride: 3 }),
  conv([2, 5, 4, 6], [1, 1, 6, 3], {}),
  conv([2, 5, 4, 6], [1, 1, 6, 3], { stride: 2 }),
  conv([3, 1, 1, 4], [3, 3, 4, 4], { padding: 1 }),
  {
    name: 'conv2d without bias',
    shapes: [
      [2, 4, 4, 3],
      [3, 3, 3, 2],
    ],
    run: (ops, [x, weight]) => ops.conv2d(x as tf.Tensor4D, weight as tf.Tensor4D, undefined, { padding: 1 }),
    noWasmReference: true,
  },
  {
    name: 'linear [2, 5, 4] to 7',
    shapes: [[2, 5, 4], [4, 7], [7]],
    run: (ops, [x, weight, bias]) => ops.linear(x!, weight as tf.Tensor2D, bias as tf.Tensor1D),
  },
  {
    name: 'linear [3, 4] to 1, without bias',
    shapes: [
      [3, 4],
      [4, 1],
    ],
    run: (ops, [x, weight]) => ops.linear(x!, weight as tf.Tensor2D),
  },
  norm([2, 5, 3, 8], 4, false),
  norm([2, 5, 3, 8], 4, true),
  norm([3, 1, 1, 6], 2, true),
  norm([1, 7, 6], 1, false),
  norm([2, 9, 6], 3, true),
  {
    name: 'layerNorm [2, 5, 7]',
    shapes: [[2, 5, 7], [7], [7]],
    run: (ops, [x, weight, bias]) => ops.layerNorm(x!, weight as tf.Tensor1D, bias as tf.Tensor1D, 1e-5),
  },
  elementwise('silu', [3, 5]),
  elementwise('silu', [2, 3, 3, 2]),
  elementwise('gelu', [3, 5]),
  elementwise('quickGelu', [3, 5]),
  elementwise('geluTanh', [3, 5]),
  elementwise('geglu', [2, 3, 10]),
  attend([2, 5, 8], 7, 2),
  attend([2, 5, 8], 5, 1, [1, 1, 5, 5]),
  attend([2, 5, 8], 7, 4, [2, 1, 1, 7]),
  attend([3, 4, 6], 4, 3, [3, 4, 4], 1),
  attend([1, 70, 96], 71, 2, [1, 2, 70, 71]), // large enough for wasm's other form
  attend([2, 65, 64], 65, 1, [2, 1, 1, 65]),
  {
    name: 'embedding of repeated ids',
    shapes: [[6, 3]],
    run: (ops, [table]) => tf.tidy(() => ops.embedding(tf.tensor2d(ids, [2, 3], 'int32'), table as tf.Tensor2D)),
    noWasmReference: true,
  },
  { name: 'upsampleNearest2x [2, 3, 5, 4]', shapes: [[2, 3, 5, 4]], run: (ops, [x]) => ops.upsampleNearest2x(x as tf.Tensor4D) },
  {
    name: 'addChannelBias [2, 3, 5, 4]',
    shapes: [
      [2, 3, 5, 4],
      [2, 4],
    ],
    run: (ops, [x, bias]) => ops.addChannelBias(x as tf.Tensor4D, bias as tf.Tensor2D),
  },
];

/** Inputs, and weights of the result that make a scalar of it. */
function setUp({ shapes, run }: Case): { inputs: tf.Tensor[]; weights: tf.Tensor } {
  const inputs = shapes.map((shape, i) => normal(key(10 + i), [...shape]));
  const y = run(plain, inputs);
  const weights = normal(key(5), y.shape);
  y.dispose();
  return { inputs, weights };
}

const weighted =
  ({ run }: Case, ops: Ops, weights: tf.Tensor) =>
  (inputs: tf.Tensor[]): tf.Scalar =>
    scope(() => tf.sum(tf.mul(run(ops, inputs), weights)) as tf.Scalar);

/** The derivative along a direction: central differences, added up in double precision. */
function slopeAlong({ run }: Case, inputs: tf.Tensor[], weights: tf.Tensor, which: number, direction: tf.Tensor): number {
  const step = 1 / 128;
  const at = (sign: number): ArrayLike<number> =>
    tf.tidy(() =>
      run(
        ops,
        inputs.map((input, i) => (i === which ? tf.add(input, tf.mul(direction, sign * step)) : input)),
      ).dataSync(),
    );
  const [after, before, factors] = [at(1), at(-1), weights.dataSync()];
  return Array.from(factors).reduce((sum, factor, i) => sum + factor * (after[i]! - before[i]!), 0) / (2 * step);
}

/** Registers the tests; they skip where another backend runs. */
export function checkOperations(backend: 'tensorflow' | 'wasm'): void {
  const check = (name: string, body: () => void): void => {
    test(
      name,
      noLeaks((t) => (tf.getBackend() === backend ? body() : t.skip(`${backend} does not run here`))),
    );
  };
  for (const one of cases) {
    check(`${one.name}: the value and gradients of its plain composition, and of finite differences`, () => {
      const { inputs, weights } = setUp(one);
      const [got, want] = [one.run(ops, inputs), one.run(plain, inputs)];
      assertClose(got, want, 3e-6, 'value');
      const { value, grads } = valueAndGrad(weighted(one, ops, weights))(inputs);
      if (backend === 'tensorflow' || !one.noWasmReference) {
        const reference = valueAndGrad(weighted(one, plain, weights))(inputs);
        grads.forEach((grad, i) => {
          assertClose(grad, reference.grads[i]!, 1e-5, `gradient of input ${i}`);
        });
        dispose([reference.value, reference.grads]);
      }
      grads.forEach((grad, i) => {
        assert.deepEqual(grad.shape, inputs[i]!.shape);
        const direction = normal(key(50 + i), grad.shape);
        const along = normalArray(key(50 + i), grad.size);
        const slopes = Array.from(grad.dataSync());
        const analytic = slopes.reduce((sum, slope, j) => sum + slope * along[j]!, 0);
        const numeric = slopeAlong(one, inputs, weights, i, direction);
        const scale = Math.sqrt(slopes.reduce((sum, slope) => sum + slope * slope, 0));
        assert.ok(
          Math.abs(analytic - numeric) <= 4e-3 * Math.max(scale, 0.1),
          `slope along input ${i}: ${analytic}, by differences ${numeric}`,
        );
        direction.dispose();
      });
      dispose([got, want, value, grads, inputs, weights]);
    });
  }

  check('compiled operations give the values and gradients of eager ones, also without a gradient', () => {
    for (const one of cases) {
      const { inputs, weights } = setUp(one);
      const step = compile((inputs: tf.Tensor[], weights: tf.Tensor) => {
        const { value, grads } = valueAndGrad(weighted(one, ops, weights))(inputs);
        return { value, grads };
      });
      const forward = compile((inputs: tf.Tensor[]) => one.run(ops, inputs));
      dispose([step(inputs, weights), forward(inputs)]); // records
      const [got, y] = [step(inputs, weights), forward(inputs)];
      const want = valueAndGrad(weighted(one, ops, weights))(inputs);
      const reference = one.run(plain, inputs);
      assertClose(y, reference, 3e-6, `${one.name}: value`);
      got.grads.forEach((grad, i) => {
        assertClose(grad, want.grads[i]!, 1e-5, `${one.name}: gradient of input ${i}`);
      });
      step.dispose();
      forward.dispose();
      dispose([got.value, got.grads, want.value, want.grads, y, reference, inputs, weights]);
    }
  });

  check('activations have their known values and stay finite far out', () => {
    const x = tf.tensor1d([-1, 0, 1, 2]);
    const known: [keyof Ops & ('silu' | 'gelu' | 'quickGelu' | 'geluTanh'), number[]][] = [
      ['silu', [-0.26894143, 0, 0.73105854, 1.7615942]],
      ['gelu', [-0.15865526, 0, 0.8413447, 1.9544997]],
      ['quickGelu', [-0.15420423, 0, 0.84579575, 1.9356586]],
      ['geluTanh', [-0.15880801, 0, 0.841192, 1.9545977]],
    ];
    const far = tf.tensor1d([-200, 200]);
    for (const [name, values] of known) {
      const y = ops[name](x);
      assertClose(y, values, 1e-6, name);
      const limits = ops[name](far);
      assertClose(limits, [0, 200], 1e-6, `${name} far out`);
      const slope = tf.grad((x) => ops[name](x))(far);
      assertClose(slope, [0, 1], 1e-6, `${name}'s slope far out`);
      dispose([y, limits, slope]);
    }
    dispose([x, far]);
  });

  check('groupNorm keeps its digits where the mean is large beside the spread', () => {
    const values = normalArray(key(3), 2 * 16 * 4);
    const x = tf.tensor3d(
      Array.from(values, (value) => 1000 + value),
      [2, 16, 4],
    );
    const [ones, zeros] = [tf.ones([4]), tf.zeros([4])] as [tf.Tensor1D, tf.Tensor1D];
    const y = engine.groupNorm(x, ones, zeros, { groups: 2, eps: 1e-6 });
    const rounded = x.dataSync(); // what float32 left of the values
    const want = new Float64Array(rounded.length);
    for (let image = 0; image < 2; image++)
      for (let group = 0; group < 2; group++) {
        const places = Array.from({ length: 32 }, (_, i) => image * 64 + Math.floor(i / 2) * 4 + group * 2 + (i % 2));
        const mean = places.reduce((sum, i) => sum + rounded[i]!, 0) / 32;
        const variance = places.reduce((sum, i) => sum + (rounded[i]! - mean) ** 2, 0) / 32;
        for (const i of places) want[i] = (rounded[i]! - mean) / Math.sqrt(variance + 1e-6);
      }
    assertClose(y, want, 5e-4, 'normalised');
    dispose([x, ones, zeros, y]);
  });

  check('a masked key has no influence, and equal keys share the attention', () => {
    const q = normal(key(1), [1, 3, 8]) as tf.Tensor3D;
    const k = tf.zeros([1, 4, 8]) as tf.Tensor3D;
    const v = tf.tensor3d(
      Array.from({ length: 32 }, (_, i) => (i >= 24 ? 1e6 : Math.floor(i / 8))),
      [1, 4, 8],
    );
    const mask = tf.tensor2d([[0, 0, 0, -1e9]]);
    const y = engine.attention(q, k, v, { heads: 2, mask });
    assertClose(y, new Array<number>(24).fill(1), 1e-6, 'mean of values 0, 1, 2');
    dispose([q, k, v, mask, y]);
  });

  check('what does not fit is refused with the place, what was expected and what came', () => {
    const x = tf.zeros([1, 4, 4, 6]) as tf.Tensor4D;
    const weight = tf.zeros([3, 3, 5, 2]) as tf.Tensor4D;
    const vector = tf.zeros([6]) as tf.Tensor1D;
    const sequence = tf.zeros([1, 4, 6]) as tf.Tensor3D;
    const matrix = tf.zeros([5, 6]) as tf.Tensor2D;
    assert.throws(() => engine.conv2d(x, weight), /conv2d: weight: expected \[kh, kw, 6, Cout\], got \[3, 3, 5, 2\]/);
    const kernel = tf.zeros([5, 5, 6, 2]) as tf.Tensor4D;
    assert.throws(() => engine.conv2d(x, kernel), /4 x 4 with padding \[0,0,0,0\] is smaller than the kernel, 5 x 5/);
    assert.throws(() => engine.conv2d(x, kernel, undefined, { stride: 0 }), /stride: expected a whole number above 0, got 0/);
    assert.throws(() => engine.conv2d(x, kernel, undefined, { padding: -1 }), /padding: expected .*, got -1/);
    assert.throws(() => engine.linear(x, matrix), /linear: x: expected \[..., 5\], got \[1, 4, 4, 6\]/);
    assert.throws(() => engine.groupNorm(x, vector, vector, { groups: 4, eps: 1e-5 }), /a divisor of 6 channels, got 4/);
    assert.throws(() => engine.attention(sequence, sequence, sequence, { heads: 4 }), /a divisor of the width 6, got 4/);
    assert.throws(
      () => engine.attention(sequence, sequence, sequence, { heads: 2, mask: matrix }),
      /mask: expected a shape broadcastable to \[1, 2, 4, 4\], got \[5, 6\]/,
    );
    assert.throws(() => engine.embedding(vector, matrix), /ids: expected int32, got float32/);
    const odd = tf.zeros([2, 5]);
    assert.throws(() => engine.geglu(odd), /an even last dimension .*, got \[2, 5\]/);
    dispose([x, weight, vector, sequence, matrix, kernel, odd]);
  });
}
