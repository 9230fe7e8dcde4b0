import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, compileStep, dispose, key, normal, type Step, scope, startEngine, type Tree, valueAndGrad } from 'roentgen-lab/engine';
import { record } from '#engine/trace';
import { assertClose, noLeaks } from '../support';

type Params = { w: tf.Tensor2D; layers: { b: tf.Tensor1D }[] };
type Batch = { x: tf.Tensor2D; y: tf.Tensor2D };

const loss = (p: Params, { x, y }: Batch): tf.Scalar =>
  scope(() => tf.mean(tf.squaredDifference(tf.add(tf.matMul(tf.tanh(x), p.w), p.layers[0]!.b), y)) as tf.Scalar);

const descend = (p: Params, batch: Batch, rate: tf.Scalar): { state: Params; out: { loss: tf.Scalar } } => {
  const { value, grads } = valueAndGrad(loss)(p, batch);
  const next = scope(() => ({
    w: tf.sub(p.w, tf.mul(rate, grads.w)) as tf.Tensor2D,
    layers: [{ b: tf.sub(p.layers[0]!.b, tf.mul(rate, grads.layers[0]!.b)) as tf.Tensor1D }],
  }));
  return { state: next, out: { loss: value } };
};

function problem(rows: number): { params: Params; batch: Batch } {
  return {
    params: { w: normal<tf.Rank.R2>(key(1), [6, 3]), layers: [{ b: tf.zeros([3]) }] },
    batch: { x: normal<tf.Rank.R2>(key(2), [rows, 6]), y: normal<tf.Rank.R2>(key(3), [rows, 3]) },
  };
}

function eagerly<T>(make: () => T): T {
  process.env.ROENTGEN_EAGER = '1';
  try {
    return make();
  } finally {
    delete process.env.ROENTGEN_EAGER;
  }
}

test(
  'a compiled training step gives the losses and parameters of the eager one',
  noLeaks(() => {
    const { params, batch } = problem(8);
    const rate = tf.scalar(0.1);
    const steps: Step<Params, [Batch, tf.Scalar], { loss: tf.Scalar }>[] = [
      compileStep(params, descend),
      eagerly(() => compileStep(params, descend)),
    ];
    const losses = steps.map((step) =>
      Array.from({ length: 5 }, () => {
        const out = step.run(batch, rate);
        const value = out.loss.dataSync()[0]!;
        dispose(out);
        return value;
      }),
    );
    assertClose(losses[0]!, losses[1]!, 1e-6, 'losses');
    assert.ok(losses[0]![4]! < losses[0]![0]!, 'it learns');
    const [compiled, eager] = steps.map((step) => step.read()) as [Params, Params];
    assertClose(compiled.w, eager.w, 1e-6, 'w');
    assertClose(compiled.layers[0]!.b, eager.layers[0]!.b, 1e-6, 'b');
    for (const step of steps) step.dispose();
    dispose(params, batch, rate, compiled, eager);
  }),
);

test(
  'the state goes along when shapes change, and write puts it back',
  noLeaks(() => {
    const [small, large] = [problem(4), problem(16)];
    const rate = tf.scalar(0.1);
    const step = compileStep(small.params, descend);
    const once = (batch: Batch): number => {
      const out = step.run(batch, rate);
      const value = out.loss.dataSync()[0]!;
      dispose(out);
      return value;
    };
    const first = once(large.batch);
    once(small.batch); // another graph
    assert.ok(once(large.batch) < first, 'both batches taught the same state');
    step.write(small.params);
    assert.equal(once(large.batch), first);
    step.dispose();
    dispose(small, large, rate);
  }),
);

test(
  'one tensor given twice, an argument returned as it is, and plain values are told apart',
  noLeaks(() => {
    const x = normal<tf.Rank.R1>(key(4), [5]);
    const f = compile(
      (a: tf.Tensor1D, b: tf.Tensor1D, { factor }: { factor: number }) =>
        ({ zero: tf.sub(a, b), same: a, scaled: tf.mul(a, factor) }) as Tree,
    );
    for (const factor of [2, 3]) {
      const out = f(x, x, { factor }) as Record<string, tf.Tensor>;
      assertClose(out.zero!, new Float32Array(5), 0);
      assertClose(out.same!, x, 0);
      assertClose(
        out.scaled!,
        x.arraySync().map((value) => Math.fround(value * factor)),
        1e-6,
      );
      dispose(out);
    }
    f.dispose();
    x.dispose();
  }),
);

test(
  'ops whose types tfjs leaves to be inferred are recorded too',
  noLeaks(() => {
    const x = normal<tf.Rank.R2>(key(5), [2, 3]);
    const mask = tf.tensor1d([1, 0, 1], 'bool');
    const body = (a: tf.Tensor, b: tf.Tensor): { wide: tf.Tensor; whole: tf.Tensor; not: tf.Tensor } => ({
      wide: tf.expandDims(a, 1),
      whole: tf.expandDims(tf.cast(a, 'int32'), -1),
      not: tf.cast(tf.logicalOr(tf.logicalNot(b), tf.logicalAnd(b, tf.greater(tf.mean(a), 100))), 'int32'),
    });
    const f = compile((a: tf.Tensor, b: tf.Tensor) => scope(() => body(a, b)));
    const [compiled, eager] = [f(x, mask), scope(() => body(x, mask))];
    for (const name of ['wide', 'whole', 'not'] as const) assertClose(compiled[name], eager[name], 0, name);
    dispose(compiled, eager);
    f.dispose();
    tf.dispose([x, mask]);
  }),
);

test(
  'a function that reads values or returns another shape of state is refused',
  noLeaks(async () => {
    const { backend } = await startEngine();
    if (backend !== 'tensorflow') return;
    const x = tf.ones([3]);
    const reads = compile((a: tf.Tensor) => tf.mul(a, a.dataSync()[0]!));
    assert.throws(() => reads(x), /compile: the function reads the value of a tensor that depends on its inputs/);
    const grows = compileStep({ s: x }, ({ s }: { s: tf.Tensor }) => ({ state: { s: tf.concat([s, s]) }, out: tf.scalar(0) }));
    assert.throws(() => grows.run(), /state leaf 0: expected float32 \[3\], got float32 \[6\]/);
    const numbers = compile((a: tf.Tensor, i: number) => tf.mul(a, i));
    assert.throws(() => {
      for (let i = 0; i < 100; i++) numbers(x, i).dispose();
    }, /64 graphs were made .* give what changes from call to call as a tensor/);
    for (const f of [reads, grows, numbers]) f.dispose();
    x.dispose();
  }),
);

test(
  'recording computes nothing that depends on the arguments, and holds none of it',
  noLeaks((t) => {
    if (tf.getBackend() !== 'tensorflow') return t.skip('graphs are for TensorFlow alone');
    const form = { dtype: 1, shape: [2 ** 21, 2 ** 12] }; // 32 GiB
    const { outputs } = record([form], [form], ([weight], [x]) => {
      const y = tf.softmax(tf.add(tf.mul(x!, weight!), tf.zeros([2 ** 12])));
      return { outputs: [tf.mean(y)], nextState: [tf.sub(weight!, y)] };
    });
    assert.deepEqual(outputs, [{ dtype: 1, shape: [] }]);
  }),
);
