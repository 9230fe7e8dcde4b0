/** Trainings in several processes: the same numbers as one has, however many they are, and whatever happens to one of them happens to all. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../support';
import { near, ports, start } from './processes';
import type { TrainerOptions } from './trainer';

type Shared = Omit<TrainerOptions, 'rank' | 'addresses'>;

/** What becomes of so many processes, whose options may differ. */
async function together(t: TestContext, workers: number, options: Shared, own: (rank: number) => Partial<Shared> = () => ({})) {
  const addresses = workers === 1 ? [] : await ports(workers);
  const all = Array.from({ length: workers }, (_, rank) => start(t, 'trainer', { ...options, ...own(rank), rank, addresses }));
  return await Promise.all(all.map(({ ended }) => ended));
}

test("steps of twelve batches are shared by one to four processes: equal bytes in each, one's numbers to rounding, the leader's log", {
  timeout: 240_000,
}, async (t) => {
  const options = { steps: 5, accumulation: 12 };
  const [alone] = await together(t, 1, options);
  assert.equal(alone!.code, 0, alone!.error);
  for (const workers of [2, 3, 4]) {
    const all = await together(t, workers, options);
    for (const { code, error } of all) assert.equal(code, 0, error);
    assert.equal(new Set(all.map(({ hash }) => hash)).size, 1, `${workers} processes`);
    near(all[0]!.losses!, alone!.losses!, 1e-5);
    near(all[0]!.w1!, alone!.w1!, 2e-5);
    assert.deepEqual(
      all.map(({ logged }) => logged),
      all.map((_, rank) => (rank === 0 ? 5 : 0)),
    );
  }
  const [odd] = await together(t, 2, { steps: 2, accumulation: 3 });
  assert.match(odd!.error!, /a step has 3 batches \(accumulation\), which 2 processes can't share evenly; give a multiple of 2/);
});

test('a run whose process was killed goes on from the last checkpoint to the same bytes, and with another number of processes', {
  timeout: 240_000,
}, async (t) => {
  const options = { steps: 6, accumulation: 4 };
  const whole = await together(t, 2, { ...options, folder: join(tempDir(t), 'whole') });
  const cut = async (): Promise<string> => {
    const folder = join(tempDir(t), 'cut');
    const all = await together(t, 2, { ...options, folder }, (rank) => (rank === 1 ? { dieAt: 4 } : {}));
    assert.match(all[0]!.error!, /another process has ended/);
    return folder;
  };
  const again = await together(t, 2, { ...options, folder: await cut() });
  assert.deepEqual(
    again.map(({ hash }) => hash),
    whole.map(({ hash }) => hash),
  );
  for (const workers of [1, 4]) {
    const others = await together(t, workers, { ...options, folder: await cut() });
    for (const { code, error, steps } of others) assert.deepEqual([code, steps, error], [0, 6, undefined]);
    near(others[0]!.w1!, whole[0]!.w1!, 2e-5);
  }
});

test('one process that is asked to stop stops all in the same step, with one checkpoint; they go on to the same bytes', {
  timeout: 240_000,
}, async (t) => {
  const options = { steps: 7, accumulation: 2 };
  const folder = join(tempDir(t), 'run');
  const whole = await together(t, 2, { ...options, folder: join(tempDir(t), 'whole') });
  const all = await together(t, 2, { ...options, folder }, (rank) => (rank === 1 ? { stopAt: 3 } : {}));
  for (const { interrupted, steps, code } of all) assert.deepEqual([code, interrupted, steps], [0, true, 3]);
  assert.equal(readdirSync(folder).filter((name) => /^step-0*3$/.test(name)).length, 1, readdirSync(folder).join());
  const again = await together(t, 2, { ...options, folder });
  assert.equal(again[0]!.hash, whole[0]!.hash);
});

test('a value that is no number in one process names the same step in all; other weights at the beginning are refused', {
  timeout: 240_000,
}, async (t) => {
  const bad = await together(t, 2, { steps: 6, accumulation: 2, badBatch: 5 });
  for (const { code, error } of bad) {
    assert.equal(code, 1);
    assert.match(error!, /train: step 3: /);
  }
  const other = await together(t, 3, { steps: 3, accumulation: 3 }, (rank) => (rank === 2 ? { seed: 9 } : {}));
  for (const { error } of other)
    assert.match(error!, /the processes do not begin with the same step and weights: give all the same recipe, data, seed and folder/);
});
