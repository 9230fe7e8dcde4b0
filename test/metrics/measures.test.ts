import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { auroc, aurocByFinding, type ClassifierConfig, type Features, frechetDistance, sideAccuracy } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';

test('AUROC counts ordered pairs, ties one half', () => {
  assert.equal(auroc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.75);
  assert.equal(auroc([1, 1, 1, 1], [0, 1, 0, 1]), 0.5);
  assert.equal(auroc([3, 2, 1], [0, 1, 1]), 0);
  assert.ok(Number.isNaN(auroc([1, 2], [1, 1])));
  assert.throws(() => auroc([1], [1, 0]), /1 scores for 2 labels/);
});

const gaussian = (seed: number, rows: number, columns: number, shift: number, scale: number): Features => ({
  values: normalArray(key(seed), rows * columns).map((x) => shift + scale * x),
  rows,
  columns,
});

test('the distance of two Gaussians is that of their moments', () => {
  const [rows, columns] = [20_000, 6];
  const [a, b] = [gaussian(1, rows, columns, 0, 1), gaussian(2, rows, columns, 2, 3)];
  const expected = columns * (2 ** 2 + (3 - 1) ** 2); // equal axes: each adds the squared differences of mean and deviation
  const distance = frechetDistance(a, b);
  assert.ok(Math.abs(distance / expected - 1) < 0.02, `${distance}, expected about ${expected}`);
  assert.ok(Math.abs(frechetDistance(b, a) / distance - 1) < 1e-9, 'symmetric');
  assert.ok(frechetDistance(a, a) < 1e-6, 'zero to itself');
});

test('singular covariances give a finite distance', () => {
  const few = gaussian(3, 4, 10, 0, 1); // 4 rows in 10 dimensions
  const distance = frechetDistance(few, gaussian(4, 4, 10, 1, 1));
  assert.ok(Number.isFinite(distance) && distance > 0);
  assert.throws(() => frechetDistance(few, gaussian(5, 4, 9, 0, 1)), /10 and 9 wide/);
  assert.throws(() => frechetDistance(gaussian(5, 1, 10, 0, 1), few), /at least 2 rows/);
});

test('findings are scored where they are known, sides where they were asked for', () => {
  const config: ClassifierConfig = { size: 16, channels: [8, 8, 8], hidden: 2, findings: ['effusion', 'edema'], sided: ['effusion'] };
  const features: Features = { values: new Float32Array(8), rows: 4, columns: 2 };
  const records = [
    { labels: { effusion: 1, edema: 0 }, sides: { effusion: 'right' } },
    { labels: { effusion: 1 }, sides: { effusion: 'left' } },
    { labels: { effusion: 0, edema: 1 }, sides: {} },
    { labels: { effusion: 0, edema: 0 }, sides: {} },
  ] as const;
  const classified = {
    features,
    presence: Float32Array.of(0.9, 0.1, 0.8, 0.9, 0.2, 0.7, 0.1, 0.2),
    right: Float32Array.of(0.8, 0.7, 0.5, 0.5),
  };
  assert.deepEqual(aurocByFinding(config, classified, records), { effusion: 1, edema: 1, mean: 1 });
  assert.deepEqual(sideAccuracy(config, classified, records), { all: 0.5, byFinding: { effusion: 0.5 }, count: 2 });
});
