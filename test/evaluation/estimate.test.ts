import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, normal } from 'roentgen-lab/engine';
import { bootstrap, bootstrapError, overSeeds, shareOf } from 'roentgen-lab/evaluation';
import { bootstrapErrorOfBoth, bootstrapOfBoth, meanOver } from '#evaluation/estimate';
import { noLeaks } from '../support';

test(
  'bootstrap intervals of a mean are as wide as theory says, and hold the truth about as often as they say',
  noLeaks(() => {
    const n = 100;
    let held = 0;
    for (let trial = 0; trial < 60; trial++) {
      const tensor = normal(key(trial), [n]);
      const values = tensor.dataSync() as Float32Array;
      tensor.dispose();
      const { value, low, high } = bootstrap(n, meanOver(values), { key: key(1000 + trial), draws: 400 });
      assert.ok(low < value && value < high);
      if (low <= 0 && high >= 0) held++;
      if (trial === 0) {
        const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - value) ** 2, 0) / n);
        assert.ok(Math.abs((high - low) / ((2 * 1.96 * deviation) / Math.sqrt(n)) - 1) < 0.15);
        const error = bootstrapError(n, meanOver(values), { key: key(7), draws: 400, least: Number.NEGATIVE_INFINITY });
        assert.ok(Math.abs((error.high - error.low) / (high - low) - 1) < 0.15);
      }
    }
    assert.ok(held >= 51, `${held} of 60 intervals hold the truth`);
  }),
);

test('two sets of unequal sizes are drawn each by itself, every case as often as another', async () => {
  // Of the first set the cases before 30 are low: drawn by remainders of 130 cases they would come twice as often as the others.
  const values = Float64Array.from({ length: 100 }, (_, i) => (i < 30 ? 0 : 1));
  const first = (rows: Int32Array, others: Int32Array): number => {
    assert.ok(rows.length === 100 && others.length === 30 && others.every((row) => row < 30));
    return meanOver(values)(rows);
  };
  const { value, low, high } = bootstrapOfBoth([100, 30], first, { key: key(3), draws: 500 });
  assert.equal(value, 0.7);
  const reach = 1.96 * Math.sqrt((0.7 * 0.3) / 100);
  assert.ok(Math.abs(low - (0.7 - reach)) < 0.03 && Math.abs(high - (0.7 + reach)) < 0.03, `${low} to ${high}`);
  const error = await bootstrapErrorOfBoth([100, 30], first, { key: key(3), draws: 500 });
  assert.ok(Math.abs((error.high - error.low) / (2 * reach) - 1) < 0.15);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(bootstrapErrorOfBoth([100, 30], first, { key: key(3), signal }), /enough/);
});

test('draws of which a statistic is not finite are left out', () => {
  const { value, low, high } = bootstrap(4, (rows) => (rows.includes(3) ? 1 : Number.NaN), { key: key(1), draws: 50 });
  assert.deepEqual([value, low, high], [1, 1, 1]);
});

test("Wilson's interval of a share, and Student's over seeds", () => {
  const { value, low, high } = shareOf(0, 10);
  assert.equal(value, 0);
  assert.equal(low, 0);
  assert.ok(Math.abs(high - 0.2775) < 1e-3); // Wilson 1927: z² / (n + z²)
  const half = shareOf(50, 100);
  assert.ok(Math.abs(half.low - 0.4038) < 1e-3 && Math.abs(half.high - 0.5962) < 1e-3);
  const seeds = overSeeds([1, 2, 3]);
  assert.equal(seeds.value, 2);
  assert.ok(Math.abs(seeds.high - (2 + 4.303 / Math.sqrt(3))) < 1e-3);
  assert.ok(Number.isNaN(overSeeds([1]).low));
  const twelve = overSeeds(Array.from({ length: 12 }, (_, i) => i)); // t of 11 degrees of freedom is 2.201
  assert.ok(Math.abs((twelve.high - twelve.value) / (Math.sqrt(13) / Math.sqrt(12)) - 2.201) < 3e-3);
  const none = bootstrap(3, () => Number.NaN, { key: key(1), draws: 5 });
  assert.ok(Number.isNaN(none.low) && Number.isNaN(none.high));
});
