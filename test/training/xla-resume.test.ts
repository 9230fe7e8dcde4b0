/** Trainings through XLA that end early: where the device's memory ends, what was trained is saved; one that is killed goes on to the same bytes. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, key, normal, scope, startEngine } from 'roentgen-lab/engine';
import { train } from 'roentgen-lab/training';
import { xlaDevice } from '#engine/internal';
import { lastCheckpoint } from '#training/checkpoint-store';
import { skip, useXla, xlaEnvironment } from '../engine/xla-plugin';
import { noLeaks, tempDir } from '../support';

useXla();

test(
  'memory of the device that ends in a step: what was trained before is saved, and gone on from',
  { skip },
  noLeaks(async (t) => {
    await startEngine();
    const params = { w: tf.zeros([3, 1]) };
    const folder = tempDir(t);
    const { pjrt } = xlaDevice()!;
    const { execute } = pjrt;
    let calls = 0;
    const run = (checkpoints: boolean): Promise<{ params: typeof params; log: readonly { step: number }[] }> =>
      train<typeof params, { x: tf.Tensor2D }>({
        params,
        loss: ({ w }, { x }) => scope(() => tf.mean(tf.square(tf.sub(tf.matMul(x, w as tf.Tensor2D), 1))) as tf.Scalar),
        batch: (step) => ({ x: normal(foldIn(key(9), step), [4, 3]) as tf.Tensor2D }),
        optimisation: {
          steps: 6,
          batch_size: 4,
          learning_rate: { peak: 0.1, schedule: 'constant', warmup: 0, floor: 0 },
          betas: [0.9, 0.99],
          epsilon: 1e-8,
          weight_decay: 0,
          clip_norm: 1,
        },
        ...(checkpoints ? { checkpoints: { folder, identity: 'one', resume: 'always' as const } } : {}),
      });
    const whole = await run(false);
    pjrt.execute = (...args) => {
      if (++calls === 4) throw Object.assign(new Error('computing: Out of memory'), { code: 'RESOURCE_EXHAUSTED' });
      return execute(...args);
    };
    try {
      await assert.rejects(run(true), /^DeviceError: cpu \(XLA\) is out of memory; take a smaller batch/);
    } finally {
      pjrt.execute = execute;
    }
    assert.equal((await lastCheckpoint(folder))?.step, 3);
    const resumed = await run(true);
    assert.deepEqual(resumed.params.w.dataSync(), whole.params.w.dataSync());
    dispose(params, whole.params, resumed.params);
  }),
);

test('a training that is killed goes on to the bytes of one that was not', { skip }, async (t) => {
  const program = join(__dirname, 'process.js');
  const folder = tempDir(t);
  const [cache, whole, parts] = ['cache', 'whole', 'parts'].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [cache, whole, parts]) mkdirSync(path);
  const env = { ...process.env, ...xlaEnvironment(cache), ROENTGEN_DETERMINISTIC: '1' };
  const finish = (checkpoints: string): string => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, checkpoints, '12'], { encoding: 'utf8', env });
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\n').at(-1)!;
  };
  const want = finish(whole);
  const child = spawn(process.execPath, [program, parts, '12'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (text: Buffer) => {
      if (/^[45]$/m.test(String(text))) child.kill('SIGKILL');
    });
    child.on('close', () => resolve());
  });
  assert.equal(child.signalCode, 'SIGKILL');
  assert.equal(finish(parts), want);
});
