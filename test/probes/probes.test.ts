import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose } from 'roentgen-lab/engine';
import {
  cka,
  consolidationPenalty,
  diagonalFisher,
  energyDistance,
  fitLogistic,
  kolmogorovSmirnov,
  predictLogistic,
  predictNearest,
  principalComponents,
  project,
  type Representation,
  wassersteinDistance,
} from 'roentgen-lab/probes';
import { minimise } from '#probes/lbfgs';
import { assertClose, noLeaks } from '../support';

const matrix = (rows: number, columns: number, value: (i: number, j: number) => number): Representation => ({
  rows,
  columns,
  values: Float64Array.from({ length: rows * columns }, (_, at) => value(Math.floor(at / columns), at % columns)),
});

test('CKA: a turned and scaled copy is the same, unrelated columns are not, and few cases with many columns only without bias', () => {
  const x = matrix(12, 2, (i, j) => Math.sin(3 * i * i + 5 * j));
  const turned = matrix(12, 2, (i, j) => 3 * (x.values[2 * i]! * (j === 0 ? 0.6 : 0.8) + x.values[2 * i + 1]! * (j === 0 ? -0.8 : 0.6)));
  for (const kernel of ['linear', 'linear-unbiased', 'rbf'] as const) assertClose([cka(x, turned, { kernel })], [1], 1e-9);
  const noise = (seed: number): Representation => matrix(12, 200, (i, j) => ((i * 200 + j + seed) ** 2 * 0.618033988749895) % 1);
  assert.ok(cka(noise(1), noise(5000)) > 0.6);
  assert.ok(Math.abs(cka(noise(1), noise(5000), { kernel: 'linear-unbiased' })) < 0.3);
  assert.throws(
    () =>
      cka(
        x,
        matrix(11, 2, () => 1),
      ),
    /12 and 11 rows/,
  );
});

test('L-BFGS finds the minimum of a narrow valley', () => {
  const { x } = minimise(2, ([a, b], gradient) => {
    gradient.set([2 * (a! - 3) * 1e4, 2 * (b! + 1)]);
    return 1e4 * (a! - 3) ** 2 + (b! + 1) ** 2;
  });
  assertClose(x, [3, -1], 1e-6);
});

test('logistic regression: the gradient is 0 where it ends, weights balance classes, and the strength of the penalty tells', () => {
  const features = matrix(30, 2, (i, j) => (j === 0 ? (i < 6 ? 1 : -1) : 0) + Math.sin(9 * i + j));
  const labels = Array.from({ length: 30 }, (_, i) => Number(i < 6));
  const fit = fitLogistic(features, labels);
  const p = predictLogistic(fit, features);
  const residual = labels.reduce((sum, label, i) => sum + p[2 * i + 1]! - label, 0);
  assertClose([residual], [0], 1e-5); // the intercept's derivative
  const balanced = fitLogistic(features, labels, { balanced: true });
  assert.ok(balanced.intercepts[0]! > fit.intercepts[0]!);
  const held = fitLogistic(features, labels, { c: 1e-3 });
  assert.ok(Math.abs(held.coefficients[0]!) < 0.1 * Math.abs(fit.coefficients[0]!));
  assert.throws(
    () =>
      fitLogistic(
        features,
        labels.map((label) => 2 * label),
      ),
    /cases of every class from 0, got 24, 0, 6/,
  );
});

test('nearest neighbours: ties go to the smaller class; a case itself votes alone where distances weigh', () => {
  const train = matrix(4, 1, (i) => [0, 1, 3, 4][i]!);
  const query = matrix(2, 1, (i) => [2, 3][i]!);
  assert.deepEqual(predictNearest(train, [1, 1, 0, 0], query, { k: 2 }), [0, 0]);
  assert.deepEqual(predictNearest(train, [1, 1, 0, 1], query, { k: 4 }), [1, 1]);
  assert.deepEqual(predictNearest(train, [1, 1, 0, 1], query, { k: 4, weights: 'distance' }), [1, 0]);
  assert.throws(() => predictNearest(train, [0, 0, 0, 0], query, { k: 5 }), /k: expected 1 to 4, got 5/);
});

test('principal components: of points on a line there is one direction', () => {
  const line = matrix(5, 3, (i, j) => i * [2, -1, 2][j]! + 7);
  const found = principalComponents(line, 2);
  assertClose(found.share, [1, 0], 1e-12);
  assertClose(Array.from(found.components.subarray(0, 3), Math.abs), [2 / 3, 1 / 3, 2 / 3], 1e-12);
  const places = project(found, line);
  assertClose([Math.abs(places[0]!), places[4]!], [6, 0], 1e-9);
});

test('distances of samples', () => {
  const [a, b] = [{ values: [0, 1] }, { values: [2, 3] }];
  assertClose([wassersteinDistance(a, b), kolmogorovSmirnov(a, b)], [2, 1], 1e-12);
  assertClose([wassersteinDistance({ values: [0, 4], weights: [3, 1] }, { values: [0] })], [1], 1e-12);
  assertClose([energyDistance({ values: [0] }, { values: [2] }), energyDistance(a, a), kolmogorovSmirnov(a, a)], [2, 0, 0], 1e-12);
});

test(
  'the Fisher information of a coin, and the penalty that grows from the anchor',
  noLeaks(() => {
    const params = { logit: tf.scalar(0.4) };
    const coin = ({ logit }: typeof params): tf.Tensor1D => tf.logSoftmax(tf.stack([tf.scalar(0), logit])) as tf.Tensor1D;
    const p = 1 / (1 + Math.exp(-0.4));
    const inScope = (given: typeof params): tf.Tensor1D => tf.tidy(() => coin(given));
    const own = diagonalFisher(inScope, params, 3);
    assertClose(own.logit, [p * (1 - p)], 1e-6);
    const seen = diagonalFisher(inScope, params, 2, [1, 0]);
    assertClose(seen.logit, [((1 - p) ** 2 + p ** 2) / 2], 1e-6);
    const moved = { logit: tf.scalar(1.4) };
    const penalty = consolidationPenalty(moved, params, own, 4);
    assertClose(penalty, [2 * p * (1 - p)], 1e-5);
    dispose(params, own, seen, moved, penalty);
  }),
);
