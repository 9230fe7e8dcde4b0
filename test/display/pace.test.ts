import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pace } from '#display/pace';

/** Marks steps at the given seconds, and says the rate after each. */
function rates(times: readonly number[], done: (i: number) => number = (i) => i + 1): (number | undefined)[] {
  let now = 0;
  const speed = pace(() => 1000 * now);
  return times.map((time, i) => {
    now = time;
    speed.mark(done(i));
    return speed.perSecond();
  });
}

test('the first step, which also compiles, has no part, and nothing is said before two were timed after it', () => {
  assert.deepEqual(rates([60, 61, 62, 63]), [undefined, undefined, 1, 1]);
  // A run that goes on from step 500.
  assert.deepEqual(
    rates([60, 61, 62, 63], (i) => 500 + i),
    [undefined, undefined, 1, 1],
  );
});

test('the rate is that of the last seconds: a pause or a slow beginning is forgotten', () => {
  const times = [1, 11, 21, ...Array.from({ length: 60 }, (_, i) => 22 + i)];
  assert.ok(Math.abs(rates(times).at(-1)! - 1) < 1e-9);
  const paused = [...Array.from({ length: 10 }, (_, i) => 1 + i), ...Array.from({ length: 40 }, (_, i) => 300 + i)];
  assert.ok(Math.abs(rates(paused).at(-1)! - 1) < 1e-9);
});

test('steps of minutes and thousands in a second', () => {
  assert.ok(Math.abs(rates([100, 220, 340, 460]).at(-1)! - 1 / 120) < 1e-12);
  const quick = rates(Array.from({ length: 5000 }, (_, i) => 1 + i / 1000));
  assert.ok(Math.abs(quick.at(-1)! - 1000) < 20);
  assert.equal(quick[1], undefined);
});

test('a second message on one step is no step, and a bar that begins anew is timed anew', () => {
  const done = [1, 1, 1, 2, 2, 3];
  assert.deepEqual(
    rates([10, 11, 12, 13, 14, 15], (i) => done[i]!).map((rate) => rate !== undefined),
    [false, false, false, false, false, true],
  );
  const again = [1, 2, 3, 1, 2, 3];
  assert.deepEqual(
    rates([10, 11, 12, 40, 42, 44], (i) => again[i]!),
    [undefined, undefined, 1, undefined, undefined, 0.5],
  );
});
