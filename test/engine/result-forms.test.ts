/** The shapes and types that recording takes operations' results to have, against those that TensorFlow gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal, scope } from 'roentgen-lab/engine';
import { narrowMatrix, widened } from '#engine/internal';
import { resultForms, ruledOperations } from '#engine/result-forms';
import { attribute, backend, copyBinding, type OpAttribute, rawOps, type TensorForm } from '#engine/tensorflow';
import { noLeaks } from '../support';
import { both, cases, inputsOf, ops } from './fused-cases';

interface Seen {
  readonly name: string;
  readonly expected: readonly TensorForm[] | undefined;
  readonly found: readonly TensorForm[];
}

/** Every operation that `body` runs, and what is foretold of it. */
function watch(body: () => void): Seen[] {
  const node = backend();
  const [addon, ids] = [node.binding, node.getInputTensorIds];
  const forms = new Map<number, TensorForm>();
  const seen: Seen[] = [];
  const binding = copyBinding(addon);
  binding.createTensor = (shape, dtype, values) => {
    const id = addon.createTensor(shape, dtype, values);
    forms.set(id, { shape, dtype });
    return id;
  };
  binding.executeOp = (name, attributes, inputs, count) => {
    const given = inputs.map((id) => ({ ...forms.get(id)!, values: () => addon.tensorDataSync(id) as Float32Array }));
    const expected = resultForms(name, attributes, given)?.slice(0, count);
    const outputs = addon.executeOp(name, attributes, inputs, count);
    for (const output of outputs) forms.set(output.id, output);
    seen.push({ name, expected, found: outputs.map(({ dtype, shape }) => ({ dtype, shape })) });
    return outputs;
  };
  node.getInputTensorIds = (tensors) => {
    const found = ids.call(node, tensors);
    tensors.forEach((x, i) => {
      if (!forms.has(found[i]!)) forms.set(found[i]!, { dtype: attribute.type('T', x.dtype as 'float32').value as number, shape: x.shape });
    });
    return found;
  };
  node.binding = binding;
  try {
    body();
  } finally {
    node.binding = addon;
    node.getInputTensorIds = ids;
  }
  return seen;
}

const T = (): OpAttribute => attribute.type('T', 'float32');
const gradients = (fn: (...inputs: tf.Tensor[]) => tf.Tensor, ...inputs: tf.Tensor[]): unknown =>
  tf.grads((...xs) => tf.sum(fn(...xs)) as tf.Scalar)(inputs);

/** Everyday operations of tfjs and TensorFlow, broadcast, with negative axes, uneven sizes, and their gradients. */
function everyday(): void {
  const x = normal<tf.Rank.R4>(key(1), [2, 7, 6, 3]);
  const y = normal<tf.Rank.R1>(key(2), [3]);
  const wide = normal<tf.Rank.R4>(key(3), [2, 1, 6, 3]);
  const unary = 'abs ceil cos elu erf exp expm1 floor isFinite isInf isNaN log log1p neg onesLike reciprocal relu relu6 round rsqrt';
  const more = 'sigmoid sign sin softmax softplus sqrt square tanh zerosLike';
  const functions = tf as unknown as Record<string, (...inputs: tf.Tensor[]) => tf.Tensor>;
  for (const name of `${unary} ${more}`.split(' ')) functions[name]!(x);
  for (const name of 'relu relu6 sigmoid tanh elu'.split(' ')) gradients(functions[name]!, x);
  for (const name of 'add sub mul div divNoNan maximum minimum pow squaredDifference mod floorDiv'.split(' ')) {
    functions[name]!(x, y);
    functions[name]!(wide, x);
  }
  for (const name of 'equal notEqual greater greaterEqual less lessEqual'.split(' ')) functions[name]!(y, x);
  const [a, b] = [tf.greater(x, 0), tf.less(wide, 0)];
  for (const name of 'logicalAnd logicalOr'.split(' ')) functions[name]!(a, b);
  tf.logicalNot(a);
  for (const format of ['bfloat16', 'float16'] as const) widened(narrowMatrix(() => 1, [2, 4], format));
  tf.where(a, x, tf.zerosLike(x));
  for (const name of 'sum mean max min prod'.split(' '))
    for (const keep of [false, true]) (tf as unknown as Record<string, (...args: unknown[]) => void>)[name]!(x, [-1, 1], keep);
  for (const name of 'all any'.split(' ')) (tf as unknown as Record<string, (...args: unknown[]) => void>)[name]!(a, 2);
  gradients((x) => tf.mul(tf.mean(x, 1), y), x);
  for (const [transposeA, transposeB] of [
    [false, false],
    [true, true],
  ] as const)
    tf.matMul(tf.ones(transposeA ? [3, 4, 2] : [3, 2, 4]), tf.ones(transposeB ? [3, 5, 4] : [3, 4, 5]), transposeA, transposeB);
  rawOps('BatchMatMulV2', [T()], [tf.ones([2, 1, 3, 4]), tf.ones([5, 4, 2])], 1);
  rawOps('MatMul', [T(), attribute.bool('transpose_a', true), attribute.bool('transpose_b', false)], [tf.ones([3, 2]), tf.ones([3, 5])], 1);
  const kernel = normal<tf.Rank.R4>(key(4), [3, 2, 3, 5]);
  for (const padding of ['same', 'valid'] as const)
    for (const step of [1, 2]) {
      gradients((x, k) => tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, step, padding), x, kernel);
      gradients((x) => tf.maxPool(x as tf.Tensor4D, 2, step, padding), x);
      gradients((x) => tf.avgPool(x as tf.Tensor4D, [3, 2], step, padding), x);
    }
  const explicit = [attribute.string('padding', 'EXPLICIT'), attribute.ints('explicit_paddings', [0, 0, 1, 2, 0, 1, 0, 0])];
  rawOps('Conv2D', [T(), attribute.ints('strides', [1, 2, 2, 1]), ...explicit], [x, kernel], 1);
  tf.conv2d(x, kernel, 1, 'same', 'NHWC', 2);
  rawOps('BroadcastTo', [T(), attribute.type('Tidx', 'int32')], [y, tf.tensor1d([4, 2, 3], 'int32')], 1);
  rawOps('Fill', [T(), attribute.type('index_type', 'int32')], [tf.tensor1d([4, 2], 'int32'), tf.scalar(1)], 1);
  rawOps('BiasAdd', [T(), attribute.string('data_format', 'NHWC')], [x, y], 1);
  rawOps('BiasAddGrad', [T(), attribute.string('data_format', 'NHWC')], [x], 1);
  rawOps('L2Loss', [T()], [x], 1);
  rawOps('AddV2', [T()], [x, y], 1);
  rawOps('MulNoNan', [T()], [x, tf.scalar(0)], 1);
  rawOps('SelectV2', [T()], [tf.greater(y, 0), x, wide], 1);
  rawOps('TanhGrad', [T()], [x, x], 1);
  rawOps('SigmoidGrad', [T()], [x, x], 1);
  tf.cast(x, 'int32');
  tf.cast(a, 'float32');
  tf.concat([x, wide], 1);
  tf.concat([x, x, x], -1);
  tf.stack([y, y, y], 1);
  tf.stack([tf.scalar(1), tf.scalar(2)]);
  tf.unstack(x, 1);
  tf.split(x, [1, 4, 2], 1);
  tf.split(x, 3, -1);
  tf.slice(x, [0, 2, 1, 0], [2, -1, 3, 1]);
  tf.expandDims(x, -1);
  tf.pad(x, [
    [0, 0],
    [1, 2],
    [0, 3],
    [0, 0],
  ]);
  tf.mirrorPad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], 'reflect'); // biome-ignore format: one line
  rawOps('Pad', [T(), attribute.type('Tpaddings', 'int32')], [y, tf.tensor2d([[1, 2]], [1, 2], 'int32')], 1);
  tf.tile(x, [1, 2, 1, 3]);
  tf.reshape(x, [-1, 3]);
  tf.transpose(x, [3, 0, 2, 1]);
  tf.gather(x, tf.tensor2d([[0, 1, 1]], [1, 3], 'int32'), 2);
  tf.unsortedSegmentSum(tf.ones([5, 2]), tf.tensor1d([0, 1, 1, 3, 0], 'int32'), 4);
  tf.cumsum(x, 1);
  tf.clipByValue(x, 0, 1);
  tf.leakyRelu(x);
  gradients((x) => tf.image.resizeBilinear(x as tf.Tensor4D, [9, 4]), x);
  gradients((x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [14, 12]), x);
  rawOps('Identity', [T()], [x], 1);
}

test(
  "every rule gives the shapes and types of TensorFlow's results",
  noLeaks((t) => {
    if (tf.getBackend() !== 'tensorflow') return t.skip('TensorFlow does not run');
    const seen = watch(() => {
      scope(everyday);
      for (const one of cases) {
        const inputs = inputsOf(one);
        dispose([inputs, both(one, ops, inputs)]);
      }
      dispose(scope(() => rawOps('RoentgenSumsOfSquares', [attribute.int('N', 2)], [tf.ones([3]), tf.ones([2, 2])], 1)));
    });
    for (const { name, expected, found } of seen)
      if (expected) assert.deepEqual(expected, found, `${name}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
    const met = new Set(seen.map(({ name }) => name));
    assert.deepEqual(
      ruledOperations().filter((name) => !met.has(name)),
      ['CollectiveReduceV2'], // waits for other processes: test/cluster
      'rules that nothing here tries',
    );
  }),
);
