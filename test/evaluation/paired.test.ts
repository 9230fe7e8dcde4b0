import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { pairedDifference } from 'roentgen-lab/evaluation';
import { bootstrap } from '#evaluation/estimate';
import { estimateOf, meanOf, type SummedMeasure } from '#evaluation/summed';

const options = { key: key(1), draws: 400 };

test('a difference that all cases have is certain, one by chance is not, and none is none', () => {
  const base = Array.from({ length: 40 }, (_, i) => Math.sin(i * i));
  const of = (change: (i: number) => number): SummedMeasure =>
    meanOf(
      'm',
      base.map((value, i) => value + change(i)),
    );
  const better = pairedDifference(
    of(() => 0.1),
    of(() => 0),
    options,
  );
  assert.ok(Math.abs(better.difference.value - 0.1) < 1e-12 && better.difference.low > 0.099 && better.p < 0.01, JSON.stringify(better));
  const noise = pairedDifference(
    of((i) => (i % 2 === 0 ? 0.5 : -0.5)),
    of(() => 0),
    options,
  );
  assert.ok(noise.difference.low < 0 && noise.difference.high > 0 && noise.p > 0.3, JSON.stringify(noise));
  assert.equal(
    pairedDifference(
      of(() => 0),
      of(() => 0),
      options,
    ).p,
    1,
  );
  assert.throws(() => pairedDifference(meanOf('m', [1]), meanOf('m', [1, 2]), options), /as many cases/);
});

test('the p of few cases is that of all ways to exchange them; ratios of sums are compared as what they are', () => {
  // Of 2^4 exchanges 2 are as large as none: p is 2 of 16.
  const { p } = pairedDifference(meanOf('m', [1, 2, 3, 4]), meanOf('m', [0, 0, 0, 0]), { key: key(2), draws: 8000 });
  assert.ok(Math.abs(p - 2 / 16) < 0.02, String(p));
  const ratio = (rows: number[][]): SummedMeasure => ({ name: 'r', rows, value: ([a, b]) => a! / b! });
  const [one, other] = [
    ratio([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    ratio([
      [1, 4],
      [3, 5],
      [5, 9],
    ]),
  ];
  const { difference } = pairedDifference(one, other, options);
  assert.ok(Math.abs(difference.value - (9 / 12 - 9 / 18)) < 1e-12);
  // Without a second side that changes anything it is the interval of the first.
  const zero = ratio([
    [0, 1],
    [0, 1],
    [0, 1],
  ]);
  const alone = pairedDifference(one, zero, options).difference;
  const { low, high } = bootstrap(
    3,
    (rows) => estimateOf({ ...one, rows: Array.from(rows, (row) => one.rows[row]!) }, { key: key(1), draws: 1 }).value,
    options,
  );
  assert.ok(alone.low > 0 && Math.abs(alone.low - low) < 0.1 && Math.abs(alone.high - high) < 0.1);
});
