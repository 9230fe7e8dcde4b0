import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageRecord } from 'roentgen-lab/datasets';
import { key, startEngine } from 'roentgen-lab/engine';
import { subgroupsOf } from '#evaluation/subgroups/divisions';
import { outcomeByGroup } from '#evaluation/subgroups/gaps';

const record = (i: number, more: Partial<ImageRecord>): ImageRecord => ({
  id: `${i}`,
  patient: `${i}`,
  text: '',
  labels: {},
  sides: {},
  ...more,
});

test('images are in the groups that records name, and in none of what is not known', () => {
  const groups = subgroupsOf([
    record(0, { sex: 'F', age: 39, view: 'PA', groups: { bmi: 'obese' } }),
    record(1, { sex: 'M', age: 40 }),
    record(2, { age: 90, view: 'AP' }),
    record(3, { sex: 'F', age: 2 }),
  ]);
  const named = Object.fromEntries(groups.map(({ division, group, rows }) => [`${division} ${group}`, Array.from(rows)]));
  assert.deepEqual(named, {
    'bmi obese': [0],
    'sex F': [0, 3],
    'sex M': [1],
    'age 18-39': [0],
    'age 40-64': [1],
    'age 65+': [2],
    'age below 18': [3],
    'view AP': [2],
    'view PA': [0],
  });
});

test('gaps are between the highest and the lowest group, with an interval of their difference', async () => {
  await startEngine();
  const values = Float64Array.from({ length: 120 }, (_, i) => (i % 3) + Math.sin(i));
  const rows = (rest: number): Int32Array => Int32Array.from({ length: 40 }, (_, i) => 3 * i + rest);
  const groups = [0, 1, 2].map((rest) => ({ division: 'third', group: `${rest}`, rows: rows(rest) }));
  const mean = (chosen: Int32Array): number => chosen.reduce((sum, i) => sum + values[i]!, 0) / chosen.length;
  const found = await outcomeByGroup(groups, mean, { key: key(1), draws: 400 });
  assert.equal(found.rows.length, 3);
  const [gap] = found.gaps;
  assert.deepEqual([gap!.highest, gap!.lowest, found.gaps.length], ['2', '0', 1]);
  const difference = mean(rows(2)) - mean(rows(0));
  assert.ok(Math.abs(gap!.gap.value - difference) < 1e-12);
  // Both means have deviation sqrt(0.5 / 40), their difference 0.158.
  assert.ok(Math.abs((gap!.gap.high - gap!.gap.low) / (2 * 1.96 * 0.158) - 1) < 0.25, JSON.stringify(gap));
  const without = await outcomeByGroup(groups, (chosen) => (chosen[0]! % 3 === 1 ? Number.NaN : 1), { key: key(1), draws: 10 });
  assert.equal(without.rows[1]!.value, null);
  assert.equal(without.gaps[0]!.gap.value, 0);
  const late = AbortSignal.abort(new Error('enough'));
  await assert.rejects(outcomeByGroup(groups, mean, { key: key(1), draws: 10, signal: late }), /enough/);
});
