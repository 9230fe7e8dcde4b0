/** CMIG and its components where something is missing; numbers of scikit-learn and scipy are in the shared fixtures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cmig, groupAuc, pathologyAuc } from 'roentgen-lab/systems';

test('a pathology of one value is left out of the mean', () => {
  const { mean, byClass } = pathologyAuc([[1, 0, 1], [0, 0, 0], [1, 0, 1]], [[0.9, 1, 0.2], [0.1, 0, 0.8], [0.8, 1, 0.9]]); // biome-ignore format: tables
  assert.deepEqual([byClass[0], byClass[2]], [1, 0.5]);
  assert.ok(Number.isNaN(byClass[1]));
  assert.equal(mean, 0.75);
  assert.ok(Number.isNaN(pathologyAuc([[1], [1]], [[0.1], [0.2]]).mean));
});

test('ages that do not go together make CMIG 0, and what is not known stays unknown', () => {
  assert.equal(cmig({ pathologyAuc: 0.9, groupAuc: 0.8, ageCorrelation: -0.3 }), 0);
  assert.ok(Number.isNaN(cmig({ pathologyAuc: 0.9, groupAuc: 0.8, ageCorrelation: Number.NaN })));
  assert.ok(Math.abs(cmig({ pathologyAuc: 0.64, groupAuc: 0.5, ageCorrelation: 0.5 }) - Math.sqrt(0.32)) < 1e-12);
});

test('tables that do not fit are refused', () => {
  assert.throws(() => pathologyAuc([[1, 0]], [[0.5]]), /2 columns of labels/);
  assert.throws(() => pathologyAuc([], []), /1 at least; got 0/);
  assert.throws(() => groupAuc([0, 1], [[1]]), /expected 2 rows of one length, 1 at least; got 1/);
  assert.throws(() => groupAuc([0, 2], [[1, 0], [0, 1]]), /group 2: expected a whole number below 2/); // biome-ignore format: table
});
