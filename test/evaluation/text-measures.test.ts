import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { bleu, chexbertFive, ciderD, labelScores, reportTokens } from 'roentgen-lab/metrics';
import { labelClasses, labelReport } from 'roentgen-lab/reports';
import { paperTableFour } from '#evaluation/paper';
import { estimateOf, meanOf } from '#evaluation/summed';
import { absentClasses, LABEL_F1, labelF1Name, labelMeasures, PAPER_F1, wordMeasures } from '#evaluation/text-measures';
import { assertClose } from '../support';

const options = { key: key(3), draws: 200 };
const texts = [
  { candidate: 'Left pleural effusion. Mild cardiomegaly.', reference: 'Small left pleural effusion. Severe cardiomegaly.' },
  { candidate: 'No acute findings.', reference: 'Possible pneumonia. Endotracheal tube.' },
  { candidate: 'Pulmonary edema. Right pneumothorax.', reference: 'Pulmonary edema may be present.' },
  { candidate: 'No acute findings.', reference: 'No acute findings.' },
];

test('a measure of sums is that of all cases, and its interval that of cases drawn anew', () => {
  const mean = estimateOf(meanOf('mean', [0, 0, 1, 1]), options);
  assert.equal(mean.value, 0.5);
  assert.deepEqual([mean.low, mean.high], [0, 1]); // one draw in 16 has but one of the values
  assert.deepEqual(estimateOf(meanOf('mean', [2, 2, 2]), options), { value: 2, low: 2, high: 2 });
});

test('words: sums of counts give the BLEU of the whole set, and CIDEr is the mean', () => {
  const pairs = texts.map(({ candidate, reference }) => ({ candidate: reportTokens(candidate), reference: reportTokens(reference) }));
  const values = Object.fromEntries(wordMeasures(texts).map((measure) => [measure.name, estimateOf(measure, options)]));
  assert.deepEqual(Object.keys(values), ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'ROUGE-L', 'METEOR', 'CIDEr']);
  assertClose(
    [1, 2, 3, 4].map((n) => values[`BLEU-${n}`]!.value),
    bleu(pairs),
    1e-12,
  );
  assertClose([values.CIDEr!.value], [ciderD(pairs).reduce((sum, one) => sum + one, 0) / 4], 1e-12);
  for (const { low, value, high } of Object.values(values)) assert.ok(low <= value && value <= high);
});

test('labels: all eight averages equal those of tables of labels', () => {
  const values = Object.fromEntries(labelMeasures(texts).map((measure) => [measure.name, estimateOf(measure, options).value]));
  assert.equal(new Set(LABEL_F1.map(labelF1Name)).size, 8);
  for (const kind of LABEL_F1) {
    const classes = kind.classes === 5 ? chexbertFive : labelClasses('chexpert');
    const table = (side: 'candidate' | 'reference'): number[][] =>
      texts.map((pair) => {
        const { labels } = labelReport(pair[side]);
        return classes.map((label) => Number(labels[label] === 1 || (labels[label] === -1 && kind.uncertain === 'positive')));
      });
    const scores = labelScores(table('reference'), table('candidate'));
    assertClose([values[labelF1Name(kind)]!], [scores[kind.average].f1], 1e-12, labelF1Name(kind));
  }
  // Effusion, cardiomegaly and edema, which is uncertain in the reference.
  assert.equal(values[labelF1Name(PAPER_F1)], 1);
  assertClose([values[labelF1Name({ ...PAPER_F1, uncertain: 'not positive' })]!], [4 / 5], 1e-12);
});

test('classes that no reference speaks of are named', () => {
  const absent = absentClasses(texts.map(({ reference }) => reference));
  assert.ok(absent.includes('Fracture') && absent.includes('Pneumothorax'));
  assert.ok(!absent.includes('Pneumonia') && !absent.includes('Edema') && !absent.includes('No Finding'));
});

test("the paper's rows stand in a table of their own, every column named as the paper's", () => {
  const { name, title, rows } = paperTableFour('report generation');
  assert.equal(name, 'paper-report-generation');
  assert.match(title, /paper's own Table 4.*MIMIC-CXR/);
  assert.deepEqual([rows.length, rows[0]!['paper: BLEU-4'], rows[3]!['paper: F1CheXbert']], [8, 8.9, 46.5]);
  for (const row of rows) assert.ok(Object.keys(row).every((column) => column.includes('paper')));
  assert.equal(paperTableFour('image–text retrieval').name, 'paper-image-text-retrieval');
});
