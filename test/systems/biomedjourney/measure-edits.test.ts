/** Measures of edits by images whose answers are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, uniformArray } from 'roentgen-lab/engine';
import { measureEdits } from 'roentgen-lab/systems';

const AREA = 64;
const priors = uniformArray(key(1), 3 * AREA).map((value) => 0.25 + 0.5 * value);
// The first 16 pixels of the first two images change, nothing of the third.
const exact = priors.map((value, i) => (i < 2 * AREA && i % AREA < 16 ? value + 0.2 : value));
const patients = ['a', 'b', 'c'];
const near = (got: ArrayLike<number>, want: readonly number[]): void => {
  for (const [i, value] of want.entries())
    assert.ok(Number.isNaN(value) ? Number.isNaN(got[i]!) : Math.abs(got[i]! - value) < 1e-6, `${i}: ${got[i]}`);
};

test('copying the prior leaves everything still and every change undone; the exact image has no error', () => {
  const copied = measureEdits({ results: priors, priors, exact, area: AREA }, patients);
  near(copied.changeError, [0.2, 0.2, Number.NaN]);
  near(copied.stillError, [0, 0, 0]);
  near(copied.identified, [1, 1, 1]);
  const best = measureEdits({ results: exact, priors, exact, area: AREA }, patients);
  near(best.changeError, [0, 0, Number.NaN]);
  near(best.stillError, [0, 0, 0]);
});

test('images of other patients are not theirs, and one grey is nobody', () => {
  const others = Float32Array.from([...priors.slice(AREA), ...new Float32Array(AREA).fill(0.5)]);
  const { identified } = measureEdits({ results: others, priors, exact, area: AREA }, patients);
  near(identified, [0, 0, 0]);
  near(measureEdits({ results: others, priors, exact, area: AREA }, ['a', 'a', 'a']).identified.slice(2), [0]);
  assert.throws(
    () => measureEdits({ results: others, priors, exact, area: AREA }, ['a']),
    /results: expected 1 images of 64 pixels, got 192 values/,
  );
});
