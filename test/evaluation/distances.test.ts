import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { kernelDistanceEstimate, manifoldEstimates } from 'roentgen-lab/evaluation';
import { type Features, kernelDistance, manifoldMeasures } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';
import { noLeaks } from '../support';

const features = (seed: number, rows: number, columns: number, shift = 0): Features => ({
  values: normalArray(key(seed), rows * columns).map((x) => shift + x),
  rows,
  columns,
});

test(
  'an estimate is the distance, and its interval holds 0 where sets are alike',
  noLeaks(() => {
    const real = features(1, 120, 8);
    for (const [other, alike] of [
      [features(2, 90, 8), true],
      [features(3, 90, 8, 0.5), false],
    ] as const) {
      const { value, low, high } = kernelDistanceEstimate(real, other, { key: key(1), draws: 200 });
      assert.ok(Math.abs(value - kernelDistance(real, other)) < 1e-4 * Math.max(1, value), `${value}`);
      assert.ok(low < value && value < high, `${low} ${value} ${high}`);
      assert.equal(low <= 0 && high >= 0, alike, `${low} to ${high}`);
    }
    assert.throws(() => kernelDistanceEstimate(real, features(3, 1, 8), { key: key(1) }), /at least 2 rows/);
  }),
);

test(
  'the interval of a kernel distance is about as wide as other samples differ',
  noLeaks(() => {
    const values = Array.from({ length: 60 }, (_, i) => kernelDistance(features(100 + i, 80, 4), features(200 + i, 80, 4, 0.4)));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
    const { low, high } = kernelDistanceEstimate(features(1, 80, 4), features(2, 80, 4, 0.4), { key: key(3), draws: 400 });
    const ratio = (high - low) / (2 * 1.96 * deviation);
    assert.ok(ratio > 0.6 && ratio < 1.6, `${ratio}`);
  }),
);

test(
  'precision, recall, density and coverage are those of all images, within their intervals',
  noLeaks(() => {
    const [real, other] = [features(5, 60, 3), features(6, 50, 3, 1)];
    const measures = manifoldMeasures(real, other, 5);
    const estimates = manifoldEstimates(real, other, 5, { key: key(2), draws: 200 });
    for (const name of ['precision', 'recall', 'density', 'coverage'] as const) {
      const { value, low, high } = estimates[name];
      assert.ok(Math.abs(value - measures[name]) < 1e-12, name);
      assert.ok(low < value && value < high, name);
    }
  }),
);
