import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, uniformArray } from 'roentgen-lab/engine';
import { auroc } from 'roentgen-lab/metrics';
import { aurocOfDraws } from '#evaluation/classification/auroc-of-draws';
import { canonicalLabel, matchLabels } from '#evaluation/classification/labels';
import { meanDifference, measureSet } from '#evaluation/classification/measure';
import { paperTable, readPaperTable } from '#evaluation/paper';

test('the AUROC of drawn cases is that of the cases written out, ties and unknown ones too', () => {
  const n = 60;
  const scores = uniformArray(key(1), n).map((value) => Math.round(value * 12));
  const labels = Int8Array.from(uniformArray(key(2), n), (value) => Math.floor(value * 3) - 1);
  const area = aurocOfDraws(scores, labels);
  for (let draw = 0; draw < 20; draw++) {
    const rows = Int32Array.from(uniformArray(key(10 + draw), n), (value) => Math.floor(value * n));
    const known = Array.from(rows).filter((i) => labels[i]! >= 0);
    const want = auroc(
      known.map((i) => scores[i]!),
      known.map((i) => labels[i]!),
    );
    assert.ok(Math.abs(area(rows) - want) < 1e-12);
  }
  assert.ok(Number.isNaN(area(Int32Array.from([labels.indexOf(1)]))));
});

test('labels match by name, whatever their case and common names; none in common is an error', () => {
  assert.equal(canonicalLabel(' Pleural_Thickening'), 'pleural thickening');
  const { matched, unmatched } = matchLabels(['effusion', 'nodule', 'pacemaker'], ['Nodule', 'Pleural Effusion']);
  assert.deepEqual(matched, [
    { label: 'effusion', output: 1 },
    { label: 'nodule', output: 0 },
  ]);
  assert.deepEqual(unmatched, ['pacemaker']);
  assert.throws(() => matchLabels(['shape'], ['Nodule']), /knows Nodule; the data have shape: none in common/);
  assert.throws(() => matchLabels([], ['Nodule']), /no labels/);
});

test('a set is measured label by label; too few of one class give no AUROC; the filtered average is of the paper’s labels', () => {
  const truth = Int8Array.from({ length: 40 }, (_, i) => i % 2);
  const perfect = Float32Array.from(truth, (y) => (y ? 0.9 : 0.1));
  const wrong = Float32Array.from(truth, (y) => (y ? 0.1 : 0.9));
  const columns = [
    { label: 'Pleural Effusion', probabilities: perfect, truth },
    { label: 'nodule', probabilities: wrong, truth },
    { label: 'edema', probabilities: perfect, truth: truth.map(() => 0) },
    { label: 'mass', probabilities: perfect, truth: truth.map(() => -1) },
    { label: 'edema', probabilities: perfect, truth: truth.map((_, i) => (i < 4 ? 1 : 0)) },
  ];
  const measured = measureSet(columns, { key: key(5), draws: 50 });
  const [effusion, nodule, edema, mass, rare] = measured.labels as [(typeof measured.labels)[0], ...typeof measured.labels];
  assert.deepEqual(effusion.auroc, { value: 1, low: 1, high: 1 });
  assert.equal(nodule!.auroc!.value, 0);
  assert.equal(edema!.auroc, null);
  assert.deepEqual([mass!.positives, mass!.negatives, mass!.auroc, mass!.ece], [0, 0, null, null]);
  assert.deepEqual([rare!.positives, rare!.auroc], [4, null]); // four images of a class are too few
  assert.deepEqual(measured.filtered.labels, ['Pleural Effusion']);
  assert.equal(measured.filtered.auroc!.value, 1);
  assert.equal(measured.all.auroc!.value, 0.5);
  assert.ok(Math.abs(effusion.ece!.value - 0.1) < 1e-6);
  assert.ok(Math.abs(nodule!.brier!.value - 0.81) < 1e-6);
  const counted = measured.reliability.reduce((sum, { count }) => sum + count, 0);
  assert.equal(counted, 160);
  const nothing = measureSet(columns.slice(2), { key: key(5), draws: 10 });
  assert.equal(nothing.filtered.auroc, null);
});

test('differences of sets are of images drawn together: of a set and itself there is none', () => {
  const truth = Int8Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 1 : 0));
  const noisy = uniformArray(key(7), 60).map((value, i) => value + truth[i]! / 3);
  const columns = [
    { label: 'edema', probabilities: noisy, truth },
    { label: 'nodule', probabilities: noisy.map((value) => -value), truth },
  ];
  const options = { key: key(8), draws: 40 };
  assert.deepEqual(meanDifference(columns, columns, options).all, { value: 0, low: 0, high: 0 });
  const perfect = columns.map((column) => ({ ...column, probabilities: Float32Array.from(truth) }));
  const { filtered, all } = meanDifference(perfect, columns, options);
  assert.ok(Math.abs(filtered!.value - (1 - auroc(noisy, truth))) < 1e-12);
  assert.ok(Math.abs(all!.value - 0.5) < 1e-12);
  assert.equal(meanDifference(columns.slice(1), columns.slice(1), options).filtered, null);
});

test("the paper's rows are named as the paper's; its filtered averages are means of the five labels but where it errs", () => {
  const { rows } = readPaperTable<{ model: string; auroc: Record<string, number>; filtered: number }>(3);
  assert.equal(rows.length, 18);
  const five = ['Atelectasis', 'Cardiomegaly', 'Edema', 'Pleural Effusion', 'Pneumothorax'];
  const off = rows.filter(({ auroc, filtered }) => Math.abs(five.reduce((sum, label) => sum + auroc[label]!, 0) / 5 - filtered) > 0.0061);
  assert.deepEqual(
    off.map(({ model }) => model),
    ['p19 Test Set'],
  );
  assert.equal(readPaperTable(5).rows.length, 8);
  const table = paperTable(3, [{ model: 'x' }]);
  assert.deepEqual(table.rows, [{ source: 'paper', model: 'x' }]);
  assert.match(table.title, /not measured here/);
});
