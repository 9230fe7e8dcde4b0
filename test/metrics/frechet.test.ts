/** The Fréchet distance in TensorFlow against its plain form, for features of any rank. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldIn, key, startEngine } from 'roentgen-lab/engine';
import { type Features, frechetDistance } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';
import { plainFrechetDistance } from '#metrics/frechet';
import { noLeaks } from '../support';

/** Features that mix `rank` normal values, with a shift. */
function mixed(seed: number, rows: number, columns: number, rank: number, shift = 0): Features {
  const [inner, mixing] = [0, 1].map((i) => normalArray(foldIn(key(seed), i), i === 0 ? rows * rank : rank * columns)) as [
    Float32Array,
    Float32Array,
  ];
  const values = new Float32Array(rows * columns).fill(shift);
  for (let i = 0; i < rows; i++)
    for (let r = 0; r < rank; r++)
      for (let j = 0; j < columns; j++) values[i * columns + j]! += inner[i * rank + r]! * mixing[r * columns + j]!;
  return { values, rows, columns };
}

test(
  'full rank, few rows, lost dimensions, and one of each: the same as the plain form',
  noLeaks(async () => {
    if ((await startEngine()).backend !== 'tensorflow') return;
    const cases: [Features, Features, number][] = [
      [mixed(1, 300, 20, 20), mixed(2, 200, 20, 20, 0.3), 1e-9],
      [mixed(3, 12, 40, 40), mixed(4, 9, 40, 40, 1), 1e-6], // fewer rows than columns
      [mixed(5, 12, 40, 40), mixed(6, 90, 40, 40), 1e-6],
      [mixed(7, 90, 40, 40), mixed(8, 12, 40, 40), 1e-6],
      [mixed(9, 100, 30, 7), mixed(10, 80, 30, 30), 1e-6], // a covariance of rank 7
      [mixed(11, 100, 30, 7), mixed(12, 80, 30, 3, 0.1), 1e-6],
      [mixed(13, 2, 5, 5), mixed(14, 3, 5, 5), 1e-6],
      [mixed(15, 50, 1, 1), mixed(16, 40, 1, 1, 2), 1e-9],
    ];
    for (const [i, [a, b, tolerance]] of cases.entries()) {
      const [got, want] = [frechetDistance(a, b), plainFrechetDistance(a, b)];
      assert.ok(Math.abs(got - want) <= tolerance * Math.max(1, want), `case ${i}: ${got}, plain ${want}`);
    }
    const same = mixed(17, 60, 25, 5);
    assert.ok(frechetDistance(same, same) < 1e-5);
  }),
);

test('what has no distance is refused, with the row that is not finite', async () => {
  await startEngine();
  const good = mixed(1, 5, 3, 3);
  assert.throws(() => frechetDistance(good, mixed(2, 5, 4, 4)), /features are 3 and 4 wide/);
  assert.throws(() => frechetDistance(mixed(1, 1, 3, 3), good), /the first set: expected at least 2 rows of features, got 1/);
  const bad = { ...good, values: good.values.slice() };
  bad.values[7] = Number.NaN;
  assert.throws(() => frechetDistance(good, bad), /the second set: row 2 holds NaN/);
});
