/** Measures of edits whose answers are known, contradictory instructions, and the networks that read lungs, sex and age. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { openPhantom } from 'roentgen-lab/datasets';
import { key, startEngine } from 'roentgen-lab/engine';
import { type JourneyTruth, journeyTruth, type Readings } from 'roentgen-lab/evaluation';
import { rowsOf } from 'roentgen-lab/files';
import { type JourneyRecipe, loadJourneyRecipe } from 'roentgen-lab/systems';
import { dice, differencesOf, estimatesOf, labelDivergence, measureImages } from '#evaluation/biomedjourney/measures';
import { oppositeCases, opposites } from '#evaluation/biomedjourney/opposites';
import { lungReader, lungsOf } from '#evaluation/networks/lung-reader';
import { sexAndAgeReader } from '#evaluation/networks/sex-and-age';
import { noLeaks } from '../support';

process.env.ROENTGEN_EAGER = '1'; // trainings of a few steps, which compiling would take longer than

const SIZE = 32;
const AREA = SIZE * SIZE;
const draws = { key: key(1), draws: 20 };
let recipe: JourneyRecipe;
let truth: JourneyTruth;

before(async () => {
  await startEngine();
  const { model, triples, registration: _, ...rest } = await loadJourneyRecipe('laptop');
  recipe = { ...rest, model: { ...model, size: SIZE }, triples: { ...triples, test: 24 } };
  truth = await journeyTruth(recipe, openPhantom({ count: 1 }));
});

/** Networks that know the truth of some images. */
const knowing = (of: JourneyTruth): Readings => ({
  presence: of.labels.map((row) => Float32Array.from(row)),
  male: Float64Array.from(of.male),
  age: Float64Array.from(of.ages),
  lungs: of.lungs,
});

test('overlap and divergence of small cases', () => {
  const mask = (...values: number[]): Uint8Array => Uint8Array.from(values);
  assert.equal(dice(mask(1, 1, 0, 0), mask(0, 1, 1, 0)), 0.5);
  assert.equal(dice(mask(0, 0), mask(0, 0)), 1);
  assert.equal(labelDivergence([0.2, 0.7], [0.2, 0.7]), 0);
  const expected = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
  assert.ok(Math.abs(labelDivergence([0.5], [0.25]) - expected) < 1e-12);
  assert.ok(Number.isFinite(labelDivergence([1, 0], [0, 1])), 'certain networks that contradict each other');
});

test('images that are exact, by networks that know, have every measure at its best; copies undo every change', () => {
  const reads = knowing(truth);
  const best = measureImages(truth, truth.exact, reads, reads);
  const estimates = estimatesOf(truth, best, draws);
  for (const measure of ['pathology AUC', 'sex AUC', 'age r', 'CMIG', 'lung Dice'] as const)
    assert.ok(Math.abs(estimates[measure].value - 100) < 1e-9, `${measure}: ${estimates[measure].value}`);
  for (const measure of ['error of the change', 'error elsewhere', 'label KL'] as const) assert.equal(estimates[measure].value, 0);
  const copied = measureImages(truth, truth.priors, { ...reads, lungs: new Uint8Array(truth.lungs.length) }, reads);
  const worse = differencesOf(truth, copied, best, draws);
  assert.ok(worse['error of the change'].low > 0.02);
  assert.ok(worse['error elsewhere'].high < 0.02);
  assert.equal(worse['lung Dice'].value, -100);
  assert.equal(worse['pathology AUC'].value, 0);
});

test('what a prior is told to become is what its exact image shows', async () => {
  const cases = oppositeCases(truth);
  assert.ok(cases.length >= 4, `${cases.length} cases`);
  for (const { journey, finding, resolved, larger, both, absent } of cases) {
    const { findings } = truth.studies(journey).prior;
    assert.equal(resolved.findings!.length, findings.length - 1);
    assert.equal(larger.findings!.filter(({ kind }) => kind === finding).length, findings.filter(({ kind }) => kind === finding).length);
    assert.ok(both.text.startsWith(resolved.text) && both.text.endsWith(larger.text) && both.findings === undefined);
    assert.notEqual(resolved.text, larger.text);
    assert.deepEqual(absent.findings, findings);
    assert.ok(absent.text !== resolved.text);
  }
  // A network that sees the sum of all greys, and edits that do as they are told or the opposite of it.
  const told: string[][] = [];
  const result = await opposites({
    truth,
    edit: async (priors, texts) => {
      told.push([...texts]);
      return priors.map((value) => (told.length === 1 ? 0.9 * value : told.length === 2 ? Math.min(1, 1.1 * value) : value));
    },
    presenceOf: (_, pixels) =>
      Float64Array.from(
        { length: pixels.length / AREA },
        (_, i) => pixels.subarray(i * AREA, (i + 1) * AREA).reduce((a, b) => a + b, 0) / AREA,
      ),
    draws,
  });
  assert.equal(result!.obeyed.edited.value, 1);
  assert.deepEqual(
    told[2],
    cases.map(({ both }) => both.text),
  );
  const rows = result!.table.rows as Record<string, { value: number } | null>[];
  assert.equal(rows[2]!['error to the exact image'], null, 'nothing is exact where a text contradicts itself');
  assert.equal(rows[3]!['error of the prior, copied']!.value, 0, 'what is not there can not go');
  assert.equal(rows[3]!['error to the exact image']!.value, 0);
});

test(
  'lungs are found in chests that were not learnt from, and sex and age are read in their ranges',
  noLeaks(async () => {
    const phantom = openPhantom({ seed: 11, count: 96 });
    const reader = await lungReader({ phantom, size: SIZE, steps: 60 });
    const found = await reader.read(truth.priors);
    reader.dispose();
    const overlaps = Array.from({ length: truth.count }, (_, i) =>
      dice(found.subarray(i * AREA, (i + 1) * AREA), lungsOf(truth.studies(i).prior, SIZE)),
    );
    const mean = overlaps.reduce((a, b) => a + b, 0) / overlaps.length;
    assert.ok(mean > 0.75, `Dice ${mean}`);
    await assert.rejects(lungReader({ phantom, size: 20, steps: 1 }), /expected a multiple of 8/);

    const indices = Int32Array.from({ length: phantom.length }, (_, i) => i);
    const pixels = rowsOf(await phantom.batch(indices, SIZE), AREA);
    const people = await sexAndAgeReader({ pixels, records: Array.from(indices, (i) => phantom.record(i)), size: SIZE, steps: 6 });
    const { male, age } = await people.read(truth.priors);
    people.dispose();
    assert.equal(male.length, truth.count);
    assert.ok(male.every((p) => p >= 0 && p <= 1) && age.every((years) => years >= 9 && years <= 85));
  }),
);
