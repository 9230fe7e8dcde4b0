/** Compiled functions through XLA: state on the device, its errors, programs on disk, and what XLA has no form of. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, compileNetwork, compileStep, dispose, key, normal, scope, startEngine } from 'roentgen-lab/engine';
import { hearWaits } from '#engine/internal';
import { xlaDevice } from '#engine/xla-device';
import { DeviceError } from '#engine/xla-error';
import { assertClose, noLeaks } from '../support';
import { skip, useXla } from './xla-plugin';

useXla();
const check = (name: string, body: (t: TestContext) => void | Promise<void>): void => {
  test(name, { skip }, noLeaks(body));
};

type State = { total: tf.Scalar; last: tf.Tensor1D; fixed: tf.Tensor1D; on: tf.Tensor; count: tf.Scalar };

const summing = (first: State) =>
  compileStep(first, (state: State, x: tf.Tensor1D) =>
    scope(() => ({
      state: {
        ...state,
        total: tf.add(state.total, tf.sum(x)) as tf.Scalar,
        last: tf.slice(x, 0, 2) as tf.Tensor1D,
        count: tf.add(state.count, tf.scalar(1, 'int32')) as tf.Scalar,
      },
      out: {
        before: state.total,
        masked: tf.where(state.on, tf.slice(x, 0, 2), tf.zeros([2])),
        constant: tf.scalar(5),
        count: state.count,
      },
    })),
  );

check('a state stays on the device between calls, between shapes, and through read and write', () => {
  const first: State = {
    total: tf.scalar(10),
    last: tf.tensor1d([0, 0]),
    fixed: tf.tensor1d([7, 8]),
    on: tf.tensor1d([1, 0], 'bool'),
    count: tf.scalar(0, 'int32'),
  };
  const step = summing(first);
  const run = (values: number[]): Record<string, number[]> => {
    const x = tf.tensor1d(values);
    const out = step.run(x);
    const read = Object.fromEntries(Object.entries(out).map(([name, leaf]) => [name, Array.from((leaf as tf.Tensor).dataSync())]));
    dispose(x, out);
    return read;
  };
  assert.deepEqual(run([1, 2, 3]), { before: [10], masked: [1, 0], constant: [5], count: [0] });
  assert.deepEqual(run([1, 2, 3]).before, [16]);
  assert.deepEqual(run([5, 6]), { before: [22], masked: [5, 0], constant: [5], count: [2] }); // another graph takes the state over
  assert.deepEqual(run([1, 1, 1]).before, [33]);
  const state = step.read();
  assert.deepEqual(
    [state.total, state.last, state.fixed, state.on, state.count].map((leaf) => [leaf.dtype, ...leaf.dataSync()]),
    [
      ['float32', 36],
      ['float32', 1, 1],
      ['float32', 7, 8],
      ['bool', 1, 0],
      ['int32', 4],
    ],
  );
  step.write(first);
  assert.deepEqual(run([5, 6]).before, [10]);
  step.dispose();
  dispose(first, state);
});

check('the next value takes the place of the old one, and an old buffer is an error, not a crash', () => {
  const { pjrt } = xlaDevice()!;
  const buffer = pjrt.upload(Float32Array.of(1, 2), 11, [2]);
  assert.deepEqual([...new Float32Array(pjrt.download(buffer))], [1, 2]);
  pjrt.free([buffer]);
  assert.throws(() => pjrt.download(buffer), /expected a buffer that was not freed/);
  assert.throws(() => pjrt.download({} as never), /expected a buffer/);
  assert.throws(() => pjrt.upload(Float32Array.of(1), 11, [2]), /expected 2 values for the shape, got 1/);
  assert.throws(() => pjrt.upload([1] as never, 11, [1]), /expected a typed array/);
  assert.throws(() => pjrt.compile(Buffer.from('nonsense'), 'mlir', Buffer.alloc(0)), /^Error: compiling: /);
  assert.throws(() => pjrt.deserialize(Buffer.from('nonsense')), /^Error: loading a program: /);
  assert.throws(() => pjrt.start('/elsewhere.so', {}), /a client runs in this process already/);
  assert.throws(() => pjrt.execute(buffer as never, [[]]), /expected a program that was not freed/);
});

check('memory that is missing is said in one sentence, and the state is as it was', () => {
  const first = { n: tf.scalar(3) };
  const step = compileStep(first, ({ n }: { n: tf.Scalar }, x: tf.Tensor1D) => ({
    state: { n: tf.add(n, 1) as tf.Scalar },
    out: scope(() => tf.sum(x)),
  }));
  const x = tf.ones([4]) as tf.Tensor1D;
  step.run(x).dispose();
  const device = xlaDevice()!;
  const { execute } = device.pjrt;
  device.pjrt.execute = () => {
    throw Object.assign(new Error('computing: Out of memory while trying to allocate 99 bytes.'), { code: 'RESOURCE_EXHAUSTED' });
  };
  try {
    assert.throws(
      () => step.run(x),
      (error) =>
        error instanceof DeviceError && error.outOfMemory && /^cpu \(XLA\) is out of memory.*; take a smaller batch/.test(error.message),
    );
  } finally {
    device.pjrt.execute = execute;
  }
  const state = step.read();
  assert.equal(state.n.dataSync()[0], 4);
  step.dispose();
  dispose(first, x, state);
});

check('what can never fit is refused before anything is there', () => {
  const { pjrt } = xlaDevice()!;
  const { memory } = pjrt;
  const x = tf.ones([100_000]);
  pjrt.memory = () => ({ used: 0, limit: 2 ** 10 });
  try {
    const f = compile((x: tf.Tensor) => scope(() => tf.add(tf.cumsum(x), 3)));
    assert.throws(
      () => f(x),
      /^DeviceError: this function takes 0\.0 GiB \(.*\), and cpu \(XLA\) has 0\.0 GiB for this process; take a smaller batch .* GPU with more memory$/,
    );
    f.dispose();
  } finally {
    pjrt.memory = memory;
  }
  x.dispose();
});

check('a network follows an exchange of its weights, and its inputs', () => {
  const [a, b] = [normal(key(1), [3, 3]), normal(key(2), [3, 3])];
  const [x, y] = [normal(key(3), [2, 3]), normal(key(4), [2, 3])];
  const network = compileNetwork(({ w }: { w: tf.Tensor }, x: tf.Tensor) =>
    scope(() => tf.tanh(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D))),
  );
  for (const [w, input] of [
    [a, x],
    [a, x],
    [a, y],
    [b, y],
    [b, x],
  ] as const) {
    const got = network({ w }, input);
    const want = tf.tidy(() => tf.tanh(tf.matMul(input as tf.Tensor2D, w as tf.Tensor2D)));
    assertClose(got, want, 1e-6);
    dispose(got, want);
  }
  network.dispose();
  dispose(a, b, x, y);
});

const cacheFiles = (): string[] => readdirSync(process.env.ROENTGEN_XLA_CACHE!).map((name) => join(process.env.ROENTGEN_XLA_CACHE!, name));

check('what was compiled once is loaded from disk from then on; what is damaged there is compiled again', () => {
  const x = tf.tensor1d([1, 2, 3]);
  const compiled = (): string[] => {
    const waits: string[] = [];
    const f = compile((x: tf.Tensor) => scope(() => ({ y: tf.mul(tf.cumsum(x), 2), same: tf.scalar(4) })));
    const out = hearWaits(
      (what) => waits.push(what),
      () => f(x),
    );
    assert.deepEqual([...out.y.dataSync(), ...out.same.dataSync()], [2, 6, 12, 4]);
    f.dispose();
    dispose(out);
    return waits;
  };
  const before = new Set(cacheFiles());
  assert.deepEqual(compiled(), ['compiling', 'compiling for cpu (XLA)']);
  const [path, ...others] = cacheFiles().filter((name) => !before.has(name));
  assert.deepEqual(others, []);
  assert.deepEqual(compiled(), ['compiling']);
  const bytes = readFileSync(path!);
  for (const damaged of [
    bytes.subarray(0, bytes.length - 1),
    bytes.map((byte, i) => (i === bytes.length - 9 ? byte ^ 1 : byte)),
    Buffer.alloc(0),
  ]) {
    writeFileSync(path!, damaged);
    assert.deepEqual(compiled(), ['compiling', 'compiling for cpu (XLA)']);
    assert.equal(statSync(path!).size, bytes.length);
  }
  x.dispose();
});

check('what XLA has no form of runs on TensorFlow, with one note', async (t) => {
  const notes: string[] = [];
  t.mock.method(console, 'warn', (line: string) => notes.push(line));
  const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const slope = (x: tf.Tensor4D): tf.Tensor =>
    tf.grad((y: tf.Tensor) => tf.sum(tf.square(tf.image.resizeNearestNeighbor(y as tf.Tensor4D, [4, 4]))))(x);
  for (let i = 0; i < 2; i++) {
    const f = compile((x: tf.Tensor4D) => scope(() => slope(x)));
    const got = f(x);
    assert.deepEqual([...got.dataSync()], [8, 16, 24, 32]);
    f.dispose();
    got.dispose();
  }
  assert.equal(notes.length, 1);
  assert.match(
    notes[0]!,
    /^compile: XLA has no form of this function, so TensorFlow runs it on the processor: .*ResizeNearestNeighborGrad/,
  );
  x.dispose();
});

check('precisions can be asked for, and what is kept on disk knows the device', async () => {
  const { computedHow, withPrecision } = await import('#engine/precision');
  assert.equal((await startEngine()).fused, false);
  assert.deepEqual(
    withPrecision('tf32', () => computedHow()),
    { backend: 'tensorflow', precision: 'tf32', fused: false, device: 'cpu' },
  );
});
