/** What the tests share: leak checks, closeness with the fixtures' tolerance, and where shared fixtures and data lie. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from 'roentgen-lab/engine';

/** The repository's root, from build/test. */
export const root: string = resolve(__dirname, '..', '..');

/** A path in the shared fixtures, or undefined where they are missing (the test then skips). */
export function fixtures(...parts: string[]): string | undefined {
  const path = join(root, '..', 'shared', 'fixtures', ...parts);
  return existsSync(path) ? path : undefined;
}

/** A path in the shared data, or undefined where it is missing. */
export function sharedData(...parts: string[]): string | undefined {
  const path = join(root, '..', 'shared', 'data', ...parts);
  return existsSync(path) ? path : undefined;
}

const endings = new WeakMap<TestContext, (() => unknown)[]>();

/** What a test does when it ends: what was begun last ends first, so that a process is gone before the folder that it writes in. */
export function atEnd(t: TestContext, end: () => unknown): void {
  const known = endings.get(t);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const ends = [end];
  endings.set(t, ends);
  t.after(async () => {
    const failed: unknown[] = [];
    for (const each of ends.reverse()) {
      try {
        await each();
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw failed[0];
  });
}

/** Kills a process that still runs when the test ends, and waits until it is gone. */
export function endsWith<C extends ChildProcess>(t: TestContext, child: C): C {
  atEnd(t, async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return; // it never started, or has ended
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  return child;
}

/** A folder that is removed when the test ends. */
export function tempDir(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-test-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Wraps a test: the engine runs, and no tensor is left behind. */
export function noLeaks(body: (t: TestContext) => void | Promise<void>): (t: TestContext) => Promise<void> {
  return async (t) => {
    await startEngine();
    const before = tf.memory().numTensors;
    await body(t);
    assert.equal(tf.memory().numTensors - before, 0, 'tensors leaked');
  };
}

/** max|got - want| <= tolerance * max(1, max|want|); frees tensors made by the caller only if asked to. */
export function assertClose(got: tf.Tensor | ArrayLike<number>, want: tf.Tensor | ArrayLike<number>, tolerance: number, what = ''): void {
  const a = got instanceof tf.Tensor ? got.dataSync() : got;
  const b = want instanceof tf.Tensor ? want.dataSync() : want;
  if (got instanceof tf.Tensor && want instanceof tf.Tensor) assert.deepEqual(got.shape, want.shape, `${what} shape`);
  assert.equal(a.length, b.length, `${what} length`);
  let worst = 0;
  let largest = 1;
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]!));
    const difference = Math.abs(a[i]! - b[i]!);
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }
  assert.ok(worst <= tolerance * largest, `${what} largest difference ${worst}, allowed ${tolerance * largest}`);
}
