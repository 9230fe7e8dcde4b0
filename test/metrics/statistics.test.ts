import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bcaInterval,
  bootstrapMeans,
  bootstrapTest,
  cohenKappa,
  deLong,
  exchangedMeans,
  intraclassCorrelations,
  kendall,
  mcNemar,
  multiRaterKappa,
  pairedT,
  pearson,
  percentileInterval,
  randomisationTest,
  spearman,
  wilcoxon,
} from 'roentgen-lab/metrics';
import {
  coinCdf,
  fisherQuantile,
  fisherTail,
  incompleteBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  normalTail,
  studentTwoSided,
} from '#metrics/statistics/special';
import { assertClose } from '../support';

test('distribution functions at tabulated points', () => {
  assertClose([logGamma(0.5), logGamma(10)], [Math.log(Math.PI) / 2, Math.log(362880)], 1e-13);
  assertClose(
    [normalTail(1.959963984540054), normalCdf(-3), normalTail(10) * 1e23],
    [0.025, 0.0013498980316300957, 0.7619853024160527],
    1e-11,
  );
  assertClose([normalQuantile(0.975), normalQuantile(0.5), normalQuantile(1e-10)], [1.959963984540054, 0, -6.361340902404056], 1e-12);
  assert.equal(normalQuantile(0), Number.NEGATIVE_INFINITY);
  assertClose([studentTwoSided(2.2281388519862753, 10)], [0.05], 1e-12);
  assertClose([incompleteBeta(0.3, 2, 3), fisherTail(4, 2, 10), coinCdf(2, 5)], [0.3483, (1 + 8 / 10) ** -5, 0.5], 1e-12);
  assertClose([fisherTail(fisherQuantile(0.025, 7, 12.5), 7, 12.5)], [0.025], 1e-12);
});

test('correlations: of ranks they see order alone, and ties are shared', () => {
  const [x, y] = [
    [1, 2, 3, 4],
    [1, 8, 27, 64],
  ];
  assert.ok(pearson(x!, y!) < 1);
  assertClose([spearman(x!, y!), kendall(x!, y!), kendall([1, 1, 2], [1, 2, 3])], [1, 1, 2 / Math.sqrt(6)], 1e-12);
});

test('resampling: constant differences leave no doubt, and shares are counted with the observed one', () => {
  const differences = [1, 1, 1];
  const index = { rows: 2, values: [0, 1, 2, 0, 0, 1] };
  const means = bootstrapMeans(differences, index);
  assertClose(means, [1, 1], 0);
  assert.equal(bootstrapTest(1, means).oneSided, 0);
  assertClose([bootstrapTest(1, means).twoSided], [1 / 3], 1e-12);
  const swapped = exchangedMeans([3, 1], { rows: 4, values: [0, 0, 1, 0, 0, 1, 1, 1] });
  assertClose(swapped, [2, -1, 1, -2], 0);
  assertClose(Object.values(randomisationTest(2, swapped)), [2 / 5, 3 / 5], 1e-12);
  assertClose(percentileInterval(Float64Array.of(0, 1, 2, 3, 4), 0.5), [1, 3], 1e-12);
  assert.throws(() => bootstrapMeans(differences, { rows: 2, values: [0, 1] }), /expected 2 rows of 3 numbers, got 2 numbers/);
  const symmetric = bcaInterval([-1, 0, 1], Float64Array.of(-1, -0.5, 0, 0.5, 1), 0.5);
  assertClose([symmetric.bias, symmetric.acceleration, ...symmetric.quantiles], [0, 0, 0.25, 0.75], 1e-12);
});

test('paired tests', () => {
  const t = pairedT([3, 4, 5, 8], [1, 2, 4, 5]);
  assertClose([t.statistic], [2 / Math.sqrt(2 / 3 / 4)], 1e-12);
  const exact = wilcoxon([5, 7, 9], [4, 5, 6], { method: 'exact' });
  assertClose([exact.statistic, exact.p], [0, 1 / 4], 1e-12);
  assertClose([wilcoxon([5, 7, 9], [4, 5, 6], { method: 'exact', alternative: 'greater' }).p], [1 / 8], 1e-12);
  const zeros = wilcoxon([5, 5, 9], [5, 4, 6], { method: 'approx', zeros: 'zsplit', alternative: 'greater' });
  assert.equal(zeros.statistic, 5.5);
  const table = [
    [10, 6],
    [2, 9],
  ] as const;
  assertClose([mcNemar(table, 'exact').p, mcNemar(table, 'chi2').statistic], [(2 * (1 + 8 + 28)) / 256, 2], 1e-12);
});

test('raters: chance is 0, agreement 1', () => {
  assert.equal(cohenKappa(['a', 'b', 'c'], ['a', 'b', 'c']), 1);
  assertClose([cohenKappa([0, 0, 1, 1], [0, 1, 0, 1])], [0], 1e-12);
  assert.ok(cohenKappa([0, 1, 2, 2], [0, 1, 2, 0], 'quadratic') < cohenKappa([0, 1, 2, 2], [0, 1, 2, 1], 'quadratic'));
  const counts = [
    [3, 0],
    [0, 3],
  ];
  assert.deepEqual([multiRaterKappa(counts, 'fleiss'), multiRaterKappa(counts, 'randolph')], [1, 1]);
});

test('intraclass correlations: a constant shift of a rater spoils agreement, not consistency (Shrout and Fleiss 1979, table 2)', () => {
  const table = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
  ];
  const { oneWay, agreement, consistency, oneWayMean, agreementMean, consistencyMean } = intraclassCorrelations(table);
  const published = [0.17, 0.29, 0.71, 0.44, 0.62, 0.91];
  assertClose(
    [oneWay, agreement, consistency, oneWayMean, agreementMean, consistencyMean].map(({ value }) => value),
    published,
    0.005,
  );
  assert.ok(consistency.interval[0] < 0.71 && consistency.interval[1] > 0.71);
});

test('DeLong: a score against itself differs in nothing; AUROCs are those of pairs', () => {
  const labels = [1, 1, 0, 0, 1, 0];
  const scores = [0.9, 0.4, 0.4, 0.1, 0.8, 0.6];
  const { aurocs, covariance } = deLong(scores, scores, labels);
  assertClose(aurocs, [7.5 / 9, 7.5 / 9], 1e-12);
  assertClose([covariance[0][0], covariance[0][1]], [covariance[1][1], covariance[1][0]], 1e-12);
});
