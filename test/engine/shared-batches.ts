/** Several devices of one process that share each batch, on the processor's plugin with so many of them: the results of one with the whole batch, to rounding. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compileStep, dispose, foldIn, key, linear, normal, scope, startEngine, valueAndGrad } from 'roentgen-lab/engine';
import { disposeModel } from 'roentgen-lab/pipelines';
import { adamUpdate } from '#engine/adam';
import { xlaDevice } from '#engine/xla-device';
import { assertClose, noLeaks } from '../support';
import { fit } from '../training/strategy-cases';
import { collectPrograms, compileForH100, skipH100 } from './xla-h100';
import { onTensorFlow, skip, useXla } from './xla-plugin';

type Leaf = { param: tf.Tensor; m: tf.Tensor; v: tf.Tensor };

/** Steps of Adam on the mean loss of a batch, which goes over all devices. */
function descend(batch: number): { losses: number[]; weights: Float32Array } {
  const scalars = { rate: tf.scalar(0.05), beta1: tf.scalar(0.9), beta2: tf.scalar(0.99), epsilon: tf.scalar(1e-8) };
  const first: Leaf = { param: normal(key(1), [6, 6]), m: tf.zeros([6, 6]), v: tf.zeros([6, 6]) };
  const step = compileStep(first, (leaf: Leaf, x: tf.Tensor2D) => {
    const loss = (w: { w: tf.Tensor2D }): tf.Scalar =>
      scope(() => tf.mean(tf.squaredDifference(tf.tanh(linear(x, w.w)), tf.reverse(x, 1))) as tf.Scalar);
    const { value, grads } = valueAndGrad(loss)({ w: leaf.param as tf.Tensor2D });
    return { state: { ...adamUpdate(leaf, grads.w, scalars) }, out: { loss: value } };
  });
  const losses = Array.from({ length: 5 }, (_, i) => {
    const x = normal<tf.Rank.R2>(foldIn(key(2), i), [batch, 6]);
    const out = step.run(x);
    const [loss] = out.loss.dataSync();
    dispose(x, out);
    return loss!;
  });
  const last = step.read();
  const weights = last.param.dataSync<'float32'>().slice();
  step.dispose();
  dispose(first, last, scalars);
  return { losses, weights };
}

/** The tests of so many devices, which this process then has. */
export function testDevices(devices: number): void {
  process.env.XLA_FLAGS = `--xla_force_host_platform_device_count=${devices}`;
  useXla();
  const started = skip ? undefined : startEngine({ gpus: devices });
  /** Programs as they are compiled. */
  const programs = mkdtempSync(join(tmpdir(), 'roentgen-programs-'));
  let files: readonly string[] = [];
  before(async () => {
    await started;
    if (!skipH100) files = collectPrograms(programs);
  });
  after(() => rmSync(programs, { recursive: true, force: true }));

  for (const [batch, what] of [
    [8, 'a batch that divides'],
    [7, 'one that does not, which each device computes'],
  ] as const)
    test(
      `${what}: the steps of one device with the whole batch`,
      { skip },
      noLeaks(async (t) => {
        const notes = t.mock.method(console, 'warn', () => {});
        assert.equal((await started!).device, `${devices} × cpu (XLA)`);
        const { pjrt } = xlaDevice()!;
        const upload = t.mock.method(pjrt, 'upload');
        const got = descend(batch);
        const rows = upload.mock.calls.filter(({ arguments: [, , shape] }) => shape.length === 2 && shape[1] === 6 && shape[0] !== 6);
        assert.deepEqual(new Set(rows.map(({ arguments: [, , [count]] }) => count)), new Set([batch === 8 ? 8 / devices : 7]));
        const want = await onTensorFlow(() => descend(batch));
        assertClose(got.losses, want.losses, 1e-6, 'losses');
        assertClose(got.weights, want.weights, 1e-5, 'weights');
        assert.deepEqual(notes.mock.calls, []); // else it ran on TensorFlow
      }),
    );

  test('the same program compiles for as many H100s', { skip: skipH100 }, (t) => {
    const from = files.length;
    descend(80);
    assert.equal(files.length, from + 1);
    const [shared] = compileForH100(files.slice(from), devices);
    assert.ok(typeof shared === 'object', shared as string);
    t.diagnostic(JSON.stringify(shared));
  });

  test(
    'joint steps of a diffusion model: the losses of one device, and a program for as many H100s',
    { skip: skip || (!process.env.ROENTGEN_LONG_TESTS && 'for npm run test:long') },
    noLeaks(async () => {
      const from = files.length;
      const run = async (): Promise<readonly number[]> => {
        const { model, losses } = await fit({ name: 'joint' }, 3);
        disposeModel(model);
        return losses;
      };
      const got = await run();
      assertClose(got, await onTensorFlow(run), 1e-5, 'losses');
      if (skipH100) return;
      for (const [i, memory] of compileForH100(files.slice(from), devices).entries())
        assert.equal(typeof memory, 'object', `program ${i}: ${memory}`);
    }),
  );

  test('more devices than there are: one sentence', { skip }, async () => {
    await started;
    assert.throws(() => xlaDevice()!.pjrt.upload(Float32Array.of(1), 11, [1], 64), /there is no device 64/);
    await assert.rejects(startEngine({ gpus: 0.5 }), /gpus: expected a whole number above 0, got 0\.5/);
  });
}
