import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  areaUnder,
  auroc,
  averagePrecision,
  brierScore,
  calibrationError,
  confusion,
  exactMatch,
  hammingLoss,
  jaccard,
  kernelDistance,
  labelScores,
  logLoss,
  manifoldMeasures,
  matthews,
  meanSurprise,
  perplexity,
  precisionRecallCurve,
  presentIn,
  ranking,
  ranksOfPairs,
  rocCurve,
} from 'roentgen-lab/metrics';
import { assertClose } from '../support';

const truth = [
  [1, 0, 0],
  [1, 1, 0],
  [0, 1, 0],
];
const said = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 0],
];

test('F1 in its averages; a label that never occurs counts 0 where labels are averaged, and nothing where counts are', () => {
  const { perLabel, micro, macro, weighted, samples } = labelScores(truth, said);
  assertClose(
    perLabel.map(({ f1 }) => f1),
    [2 / 3, 2 / 3, 0],
    1e-12,
  );
  assertClose([micro.f1, macro.f1, weighted.f1, samples.f1], [2 / 3, 4 / 9, 2 / 3, (1 + 2 / 3 + 0) / 3], 1e-12);
  assertClose([exactMatch(truth, said), hammingLoss(truth, said), jaccard(micro)], [1 / 3, 2 / 9, 1 / 2], 1e-12);
  assertClose([matthews(confusion([1, 1, 0, 0], [1, 1, 0, 0])), matthews(confusion([1, 0], [1, 1]))], [1, 0], 1e-12);
  assert.deepEqual(presentIn([[0, 1, 2, 3]], 'positive'), [[0, 1, 0, 1]]);
  assert.deepEqual(presentIn([[0, 1, 2, 3]], 'negative'), [[0, 1, 0, 0]]);
  assert.throws(() => labelScores(truth, said.slice(1)), /3 and 2 rows/);
});

test('curves: the area under the ROC is the AUROC, ties too', () => {
  const [scores, labels] = [
    [0.9, 0.5, 0.5, 0.2, 0.1],
    [1, 1, 0, 0, 1],
  ];
  const { falsePositiveRate, truePositiveRate, thresholds } = rocCurve(scores!, labels!);
  assert.equal(thresholds.length, 5);
  assertClose([areaUnder(falsePositiveRate, truePositiveRate)], [auroc(scores!, labels!)], 1e-12);
  const { precision, recall } = precisionRecallCurve(scores!, labels!);
  assert.deepEqual([precision.at(-1), recall.at(-1), recall[0]], [1, 0, 1]);
  assertClose([averagePrecision(scores!, labels!)], [1 / 3 + (1 / 3) * (2 / 3) + (1 / 3) * (3 / 5)], 1e-12);
});

test('calibration: a confidence on a bound is of the bin above, 1 of a bin of its own', () => {
  assertClose([brierScore([0.2, 1], [0, 1]), logLoss([0.5, 1], [1, 1])], [0.02, Math.LN2 / 2], 1e-6);
  const { expected, maximum } = calibrationError([0.5, 0.6, 1], [1, 0, 1], 2);
  assertClose([expected, maximum], [0.1 / 3, 0.05], 1e-12);
});

test('features: the kernel distance of a set to itself is below 0, balls of equal sets hold each other', () => {
  const values = Float32Array.from({ length: 40 }, (_, i) => Math.sin(7 * i * i));
  const set = { values, rows: 20, columns: 2 };
  assert.ok(kernelDistance(set, set) < 0);
  assert.throws(() => kernelDistance(set, { ...set, columns: 4, rows: 10 }), /2 and 4 wide/);
  const { precision, recall, coverage } = manifoldMeasures(set, set, 3);
  assert.deepEqual([precision, recall, coverage], [1, 1, 1]);
  const far = { ...set, values: values.map((value) => value + 100) };
  assert.deepEqual(manifoldMeasures(set, far, 3), { precision: 0, recall: 0, density: 0, coverage: 0 });
  assert.throws(() => manifoldMeasures(set, set, 20), /k: expected fewer than the 20 and 20 rows, got 20/);
});

test('retrieval and perplexity', () => {
  const result = ranking([3, 2, 1, 0], [0, 1, 0, 1]);
  assertClose([result.recall(2), result.precision(2), result.hit(1), result.rPrecision], [0.5, 0.5, 0, 0.5], 1e-12);
  assertClose([result.averagePrecision, result.reciprocalRank], [0.5, 0.5], 1e-12);
  assertClose([result.ndcg()], [(1 / Math.log2(3) + 1 / Math.log2(5)) / (1 + 1 / Math.log2(3))], 1e-12);
  assertClose([ranking([1, 1], [0, 1]).ndcg()], [(1 + 1 / Math.log2(3)) / 2], 1e-12);
  assert.deepEqual(
    ranksOfPairs([
      [0.5, 0.9],
      [0.1, 0.2],
    ]),
    [2, 1],
  );
  assertClose([perplexity([0, 0, 0, 0, 5, 1], [1, -100], -100), meanSurprise([1, 1], [0])], [3, Math.LN2], 1e-12);
});
