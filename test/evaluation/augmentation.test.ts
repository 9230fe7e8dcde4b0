import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { type Bench, evaluateAugmentation } from 'roentgen-lab/evaluation';
import { rowsOf } from 'roentgen-lab/files';
import { EXPERIMENTS, rowsOfExperiment, taskOf } from '#evaluation/augmentation/plan';
import { joinedRows, measure } from '#evaluation/augmentation/train';
import { readPaperTable } from '#evaluation/paper';
import { presenceHeads } from '#training/internal';

test("experiments are the paper's, at its ratios", () => {
  const { rows } = readPaperTable<{ experiment: string; real: number; synthetic: number }>(5);
  assert.deepEqual(
    EXPERIMENTS.map(({ paper }) => paper),
    rows.map(({ experiment }) => experiment),
  );
  EXPERIMENTS.forEach(({ real, synthetic }, i) => {
    assert.equal(real, Math.round(rows[i]!.real / 1100));
    assert.equal(synthetic, Math.round(rows[i]!.synthetic / 1100));
  });
});

test('a seed’s experiments share their few real images; synthetic rows follow after the real ones', () => {
  const pool = Int32Array.from({ length: 50 }, (_, i) => 2 * i);
  const sizes = { pool, real: 100, synthetic: 40 };
  const rows = (name: string, seed: number): number[] =>
    Array.from(rowsOfExperiment(EXPERIMENTS.find((each) => each.name === name)!, 8, sizes, key(seed)));
  const [few, both] = [rows('R', 1), rows('R + 5 S', 1)];
  assert.equal(few.length, 8);
  assert.equal(both.length, 48);
  assert.deepEqual(both.slice(0, 8), few);
  assert.ok(few.every((row) => pool.includes(row)));
  assert.deepEqual(
    both.slice(8).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, i) => 100 + i),
  );
  assert.deepEqual(rows('5 S', 1).slice(0, 8), rows('S', 1));
  assert.notDeepEqual(rows('R', 2), few);
});

test('the labels are the paper’s as far as data have them, and no finding is that all are absent', () => {
  const { heads, answers } = taskOf(['nodule', 'Pleural Effusion', 'edema']);
  assert.deepEqual(
    heads.map(({ name }) => name),
    ['Pleural Effusion', 'edema', 'no finding'],
  );
  const records = [
    { labels: { nodule: 0, 'Pleural Effusion': 0, edema: 0 } },
    { labels: { nodule: 1, 'Pleural Effusion': 0, edema: 0 } },
    { labels: { 'Pleural Effusion': 0 } },
  ] as const;
  assert.deepEqual([...answers(records)], [0, 0, 1, 0, 0, 0, 0, -1, -1]);
  const given = taskOf(['No Finding', 'edema', 'effusion']);
  assert.deepEqual([...given.answers([{ labels: { 'No Finding': 1, edema: 0 } }])], [0, -1, 1]);
  assert.deepEqual(
    taskOf(['circle', 'edema']).heads.map(({ name }) => name),
    ['circle', 'edema', 'no finding'],
  );
});

test('scores are means over labels that have both classes', () => {
  const heads = presenceHeads(['a', 'b', 'c']);
  const p = (values: number[]): Float32Array => Float32Array.from(values.flatMap((value) => [1 - value, value]));
  const answers = Int8Array.from([1, 0, 1, 0, 1, 1, 1, 0, 1, 0, -1, 1]);
  const score = measure(heads, [p([0.9, 0.2, 0.4, 0.1]), p([0.6, 0.4, 0.3, 0.9]), p([0, 0, 0, 0])], answers);
  assert.equal(score.auroc, (1 + 0.5) / 2);
  assert.ok(Math.abs(score.accuracy - (3 / 4 + 1 / 3) / 2) < 1e-12);
});

test('rows of several sets are read by one number each', async () => {
  const rows = joinedRows([rowsOf(Float32Array.from([0, 1, 2, 3]), 2), rowsOf(Float32Array.from([4, 5, 6, 7, 8, 9]), 2)]);
  assert.equal(rows.length, 5);
  assert.deepEqual([...(await rows.read([4, 0, 2, 1]))], [8, 9, 0, 1, 4, 5, 2, 3]);
  await assert.rejects(rows.read([5]), /row 5/);
  assert.throws(() => joinedRows([rowsOf(new Float32Array(4), 2), rowsOf(new Float32Array(3), 3)]), /different widths/);
});

test('fewer than three seeds have no interval and are refused', async () => {
  await assert.rejects(evaluateAugmentation({ quick: true, size: 64 } as Bench, { seeds: 2 }), /seeds: expected 3 or more, got 2/);
  await assert.rejects(evaluateAugmentation({ quick: true, size: 64 } as Bench, { few: 1 }), /few: expected a whole number from 2/);
});
