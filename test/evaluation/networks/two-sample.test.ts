import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldIn, key } from 'roentgen-lab/engine';
import { twoSampleTest, twoSampleTestOfFeatures } from 'roentgen-lab/evaluation';
import type { Features } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';
import { casesOf } from '#evaluation/networks/judged-cases';
import { noLeaks } from '../../support';

const SIZE = 16;

/** Smooth images, each a bright spot somewhere, with noise of this deviation. */
function spots(seed: number, count: number, noise: number): Float32Array {
  const place = normalArray(foldIn(key(seed), 1), 2 * count);
  const grain = normalArray(foldIn(key(seed), 2), count * SIZE * SIZE);
  return Float32Array.from({ length: count * SIZE * SIZE }, (_, at) => {
    const [i, y, x] = [Math.floor(at / SIZE ** 2), Math.floor(at / SIZE) % SIZE, at % SIZE];
    const [u, v] = [x - 8 - 2 * place[2 * i]!, y - 8 - 2 * place[2 * i + 1]!];
    return Math.min(1, Math.max(0, 0.2 + 0.6 * Math.exp(-(u * u + v * v) / 18) + noise * grain[at]!));
  });
}

test(
  'a network tells noise from none, and half of what is drawn alike',
  noLeaks(async () => {
    const real = spots(1, 60, 0);
    const told = await twoSampleTest(real, spots(2, 60, 0.05), SIZE, { key: key(1), steps: 60 });
    assert.equal(told.images, 60);
    assert.ok(told.accuracy.low > 0.8, `${told.accuracy.value}`);
    assert.ok(told.auroc.value > 0.9);
    const alike = await twoSampleTest(real, spots(3, 80, 0), SIZE, { key: key(1), steps: 60 });
    assert.equal(alike.images, 60);
    assert.ok(alike.accuracy.low < 0.5 && alike.accuracy.high > 0.5, JSON.stringify(alike.accuracy));
  }),
);

test('features tell sets apart whose means differ, however they are scaled', async () => {
  const features = (seed: number, shift: number, scale: number): Features => ({
    values: normalArray(key(seed), 100 * 12).map((x, i) => scale * (x + (i % 12 === 0 ? shift : 0))),
    rows: 100,
    columns: 12,
  });
  for (const scale of [1e-3, 1e3]) {
    const { accuracy } = await twoSampleTestOfFeatures(features(1, 0, scale), features(2, 2, scale), { key: key(2), folds: 5 });
    assert.ok(accuracy.value > 0.75 && accuracy.value < 0.93, `${accuracy.value}`); // 0.84 is the best that can be done
  }
  const same = await twoSampleTestOfFeatures(features(1, 0, 1), features(3, 0, 1), { key: key(2), folds: 5 });
  assert.ok(same.accuracy.low < 0.5 && same.accuracy.high > 0.5);
});

test('every image is judged once, and a group is in one part', () => {
  const groups = [Array.from({ length: 40 }, (_, i) => `p${i >> 2}`), Array.from({ length: 30 }, (_, i) => `p${i >> 1}`)] as const;
  const cases = casesOf(40, 30, { key: key(1), folds: 3, groups });
  assert.equal(cases.length, 60);
  assert.equal(new Set(cases.map(({ row, generated }) => `${generated}/${row}`)).size, 60);
  const partOf = new Map<string, number>();
  for (const { row, generated, fold } of cases) {
    const group = groups[generated][row]!;
    assert.equal(partOf.get(group) ?? fold, fold, group);
    partOf.set(group, fold);
  }
  for (let fold = 0; fold < 3; fold++) assert.ok(cases.filter((each) => each.fold === fold).length >= 12);
  assert.throws(() => casesOf(40, 5, { key: key(1) }), /at least 8 images of both sets, got 40 and 5/);
  assert.throws(() => casesOf(40, 40, { key: key(1), folds: 1 }), /folds: expected an integer from 2/);
  assert.throws(() => casesOf(40, 40, { key: key(1), groups }), /30 groups of 40 images/);
});
