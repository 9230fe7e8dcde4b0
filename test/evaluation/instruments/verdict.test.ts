import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { halvesOf, spreadRows } from '#evaluation/instruments/measures';
import { verdictOf } from '#evaluation/instruments/verdict';

const around = (reach: number, ...values: number[]) => values.map((value) => ({ value, low: value - reach, high: value + reach }));
const strengths = [0, 1, 2, 4];

test('a measure that rises sees a degradation from where intervals part', () => {
  const { verdict, seenFrom, spearman, faintest } = verdictOf(strengths, around(1, 5, 6, 8, 12), 1);
  assert.equal(verdict, 'rises');
  assert.equal(seenFrom, 2); // 1 is within √2 of 0
  assert.equal(spearman, 1);
  assert.ok(Math.abs(faintest - 1.96) < 1e-12); // one half-width is 1.96 deviations
});

test('where less is worse the measure has to fall', () => {
  assert.equal(verdictOf(strengths, around(0.01, 1, 0.9, 0.5, 0), -1).verdict, 'rises');
  assert.equal(verdictOf(strengths, around(0.01, 1, 0.9, 0.5, 0), 1).verdict, 'blind');
});

test('blind is what does not see the strongest; what falls on the way is not monotone, but for noise', () => {
  assert.deepEqual(verdictOf(strengths, around(1, 5, 9, 9, 5.5), 1), {
    verdict: 'blind',
    seenFrom: null,
    spearman: verdictOf(strengths, around(1, 5, 9, 9, 5.5), 1).spearman,
    faintest: 4 * 1.96,
  });
  assert.equal(verdictOf(strengths, around(1, 5, 20, 8, 12), 1).verdict, 'not monotone');
  assert.equal(verdictOf(strengths, around(1, 5, 12, 11.5, 12), 1).verdict, 'rises');
  assert.equal(verdictOf(strengths, around(0, 1, 1, 1, 1), 1).spearman, null);
});

test('halves are of other patients and equally large', () => {
  const patients = Array.from({ length: 60 }, (_, i) => `p${Math.floor(i / 4)}`);
  const { first, second } = halvesOf(patients, key(1));
  assert.equal(first.length, second.length);
  assert.ok(first.length >= 28);
  const own = new Set(first.map((row) => patients[row]));
  assert.ok(second.every((row) => !own.has(patients[row])));
  assert.throws(() => halvesOf(['a', 'a', 'b'], key(1)), /3 images of 2 patients: expected 8 images in each half/);
});

test('images are of as many patients as can be', () => {
  const patients = ['a', 'a', 'a', 'b', 'c', 'c'];
  assert.deepEqual(spreadRows(patients, 3), [0, 3, 4]);
  assert.deepEqual(spreadRows(patients, 5), [0, 1, 3, 4, 5]);
  assert.deepEqual(spreadRows(patients, 9), [0, 1, 2, 3, 4, 5]);
});
