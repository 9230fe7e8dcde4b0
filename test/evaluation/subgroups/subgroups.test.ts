import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageRecord } from 'roentgen-lab/datasets';
import { dispose, key, startEngine } from 'roentgen-lab/engine';
import { evaluateSubgroups } from 'roentgen-lab/evaluation';
import { initConvNet } from 'roentgen-lab/vision';
import { saveHeads } from '#evaluation/networks/image-classifier';
import { subgroupsOf } from '#evaluation/subgroups/divisions';
import { outcomeByGroup } from '#evaluation/subgroups/gaps';
import { presenceHeads } from '#training/internal';
import { noLeaks, tempDir } from '../../support';
import { phantomBench } from '../bench';

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

test(
  'the classifier that is given measures the groups of real images',
  noLeaks(async (t) => {
    await startEngine();
    const folder = tempDir(t);
    const bench = await phantomBench(folder, { train: 8, test: 48 });
    const net = {
      kind: 'densenet',
      config: {
        growth_rate: 4,
        block_config: [1, 1],
        num_init_features: 8,
        bn_size: 2,
        num_classes: bench.test.findings.length,
        in_channels: 1,
      },
    } as const;
    const params = initConvNet(net, key(2));
    const chest = join(folder, 'chest');
    await saveHeads(chest, { net, params, heads: presenceHeads(bench.test.findings) }, 32);
    dispose(params);
    const space = { name: 'none', definition: 'none', identity: 'none', width: 1, extract: grey, dispose: () => undefined };
    const { rows, definitions } = await evaluateSubgroups({ ...bench, networks: { chest } }, { space, least: 8 });
    assert.ok(rows.length > 0);
    for (const { set, outcome, value } of rows) {
      assert.deepEqual([set, outcome], ['real', 'AUROC']);
      assert.ok(value!.low >= 0 && value!.low <= value!.value && value!.value <= value!.high && value!.high <= 1);
    }
    assert.match(definitions.AUROC!, /by the network of chest;/);
  }),
);

const grey = async (pixels: Float32Array, size: number): Promise<Float32Array> => pixels.filter((_, i) => i % size ** 2 === 0);
