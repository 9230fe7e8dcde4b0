import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageRecord } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { byLot, scoresOf } from '#evaluation/retrieval/scores';
import { search } from '#evaluation/retrieval/search';
import { retrievalStudies } from '#evaluation/retrieval/studies';
import { assertClose } from '../support';

const record = (patient: string, labels: Record<string, 0 | 1>, more: Partial<ImageRecord> = {}): ImageRecord => ({
  id: patient,
  patient,
  text: '',
  labels,
  sides: {},
  ...more,
});

const all = { queries: 100, candidates: 100 };

test('studies of one finding alone are taken, as many of each; normal and doubtful ones are not', () => {
  const records = [
    record('a', { edema: 1, nodule: 0 }),
    record('b', { edema: 1, nodule: 1 }), // two findings
    record('c', { nodule: 1, edema: 0 }),
    record('d', { edema: 0, nodule: 0, 'No Finding': 1 }),
    record('e', { nodule: 1 }, { uncertain: ['edema'] }),
    record('f', { edema: 1 }),
    record('g', { edema: 1 }),
    record('h', { nodule: 1 }),
    record('i', { nodule: 1 }),
    record('j', { fracture: 1 }), // alone of its kind
  ];
  const { labels, queries, candidates } = retrievalStudies(records, 3, all);
  assert.deepEqual(labels, ['edema', 'nodule']);
  assert.deepEqual(
    queries.map(({ index }) => index),
    [0, 2],
  ); // of the three prompts
  assert.deepEqual(
    candidates.map(({ index }) => index),
    [0, 5, 6, 2, 7, 8],
  );
  const few = retrievalStudies(records, 10, { queries: 2, candidates: 4 });
  assert.deepEqual([few.queries.length, few.candidates.length], [2, 4]);
  assert.throws(() => retrievalStudies(records.slice(0, 6), 3, all), /expected two findings, each with a prompt and two more studies/);
});

test('where data have no labels, those of the text are taken', () => {
  const text = (patient: string, said: string): ImageRecord => record(patient, {}, { text: said });
  const studies = [
    ...['a', 'b', 'c'].map((patient) => text(patient, 'Moderate pulmonary edema.')),
    ...['d', 'e', 'f'].map((patient) => text(patient, 'Left pneumothorax. No edema.')),
    text('g', 'Possible pneumothorax.'),
    text('h', 'No acute findings.'),
  ];
  const { labels, candidates } = retrievalStudies(studies, 8, all);
  assert.deepEqual([labels, candidates.length], [['Edema', 'Pneumothorax'], 6]);
});

const study = (index: number, label: string, patient = `${index}`) => ({ index, label, patient });
const at = (...degrees: number[]): Float32Array =>
  Float32Array.from(degrees.flatMap((each) => [Math.cos((each * Math.PI) / 180), Math.sin((each * Math.PI) / 180)]));

const candidates = {
  studies: [study(0, 'edema', 'p'), study(1, 'edema'), study(2, 'nodule'), study(3, 'edema'), study(4, 'nodule')],
  vectors: at(0, 20, 40, 60, 80),
};

test("precision and recall by cosine; a patient's own candidate is left out", () => {
  const [own, other] = search({ studies: [study(0, 'edema', 'p'), study(9, 'nodule')], vectors: at(0, 90) }, candidates, [1, 2, 5]);
  assert.deepEqual(own!.precision, [1, 1 / 2, Number.NaN]); // edema at 20°, nodule at 40°; four are left
  assert.deepEqual(own!.recall, [1 / 2, 1 / 2, Number.NaN]);
  assert.equal(own!.prevalence, 1 / 2);
  assert.deepEqual(other!.precision, [1, 1 / 2, 2 / 5]); // from 80° downwards
  assert.deepEqual(other!.recall, [1 / 2, 1 / 2, 1]);
});

test('means over queries with intervals; chance is the prevalence; what cannot be known is null, and of few there is no interval', () => {
  const studies = Array.from({ length: 8 }, (_, i) => study(10 + i, i % 2 === 0 ? 'edema' : 'nodule', i === 0 ? 'p' : `${10 + i}`));
  const results = search({ studies, vectors: at(...studies.map(({ label }) => (label === 'edema' ? 0 : 90))) }, candidates, [1, 5]);
  const scores = scoresOf('real', 'real', results, ['edema', 'nodule'], { key: key(1), draws: 100 });
  assert.deepEqual(scores.precision[0], { value: 1, low: 1, high: 1 });
  assert.equal(scores.precision[1], null);
  assert.deepEqual(
    scores.byFinding.map(({ label, queries, precision }) => [label, queries, precision!.value, precision!.low]),
    [
      ['edema', 4, 1, Number.NaN],
      ['nodule', 4, 1, Number.NaN],
    ],
  );
  const chance = scoresOf('chance', 'chance', byLot(results, [1, 5]), ['edema', 'nodule'], { key: key(1), draws: 100 });
  assertClose([chance.precision[0]!.value], [(1 / 2 + 3 * (3 / 5) + 4 * (2 / 5)) / 8], 1e-12);
  assertClose([chance.recall[0]!.value], [(1 / 4 + 7 * (1 / 5)) / 8], 1e-12);
  assert.ok(chance.precision[0]!.low < chance.precision[0]!.high);
});
