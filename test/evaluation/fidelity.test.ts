import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { key, normal } from 'roentgen-lab/engine';
import { distancesOf, type EvaluationResult, evaluateDiversity, evaluateFidelity, showTable, writeResult } from 'roentgen-lab/evaluation';
import { fitLine } from '#evaluation/diversity';
import { noLeaks, tempDir } from '../support';
import { tinyBench } from './tiny-bench';

const features = (seed: number, rows: number, shift = 0) => {
  const tensor = normal(key(seed), [rows, 8]);
  const values = (tensor.dataSync() as Float32Array).map((value) => value + shift);
  tensor.dispose();
  return { values, rows, columns: 8 };
};

test(
  'distances between draws of one distribution are small, of a shifted one about the shift, and their intervals hold both',
  noLeaks(async () => {
    const real = features(1, 200);
    const same = await distancesOf(real, features(2, 200), { key: key(9), draws: 30 });
    const far = await distancesOf(real, features(3, 200, 1), { key: key(9), draws: 30 });
    assert.ok(far.fid.low > same.fid.high);
    assert.ok(far.fid.low < 8 + same.fid.value && far.fid.high > 7, `a shift of 1 in 8 dimensions is 8, got ${far.fid.value}`);
    assert.ok(same.kid.low < 0.05 && far.kid.low > same.kid.high);
    assert.ok(same.precision.value > 0.85 && far.precision.value < same.precision.value && far.coverage.value < same.coverage.value);
    assert.ok(same.precision.high <= 1 && far.recall.low >= 0);
  }),
);

test('a line through points', () => {
  const { slope, intercept } = fitLine([1, 2, 3, 9], [3, 5, 7, 0], [0, 1, 2]);
  assert.ok(Math.abs(slope - 2) < 1e-12 && Math.abs(intercept - 1) < 1e-12);
  assert.ok(Number.isNaN(fitLine([2, 2], [1, 3], [0, 1]).slope));
});

test(
  'diversity leaves a folder with its table, points, figure, definitions and page; tables show intervals',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const opened = await tinyBench(folder, { prompts: 6 });
    await assert.rejects(evaluateFidelity({ ...opened, records: opened.records.slice(0, 5) }), /5 prompts are too few: .* give 6/);
    await assert.rejects(evaluateDiversity(opened), /all 6 prompts have 22 tokens/); // its small vocabulary spells them out, beyond its window
    const words = ['left', 'pleural', 'effusion', 'right', 'acute', 'process'];
    const records = opened.records.map((record, i) => ({ ...record, text: words.slice(0, i + 1).join(' ') }));
    const bench = { ...opened, records };
    const result = await evaluateDiversity(bench);
    const [row] = result.rows;
    assert.ok(row!.mean.low <= row!.mean.value && row!.mean.value <= row!.mean.high && row!.mean.high <= 1);
    assert.equal(result.points.length, 6);
    const { json, page } = await writeResult(bench, result, { seconds: 1, engine: 'a test' });
    const written = JSON.parse(await readFile(json, 'utf8')) as EvaluationResult & { models: { sha256: string }[]; disclaimer: string };
    assert.equal(written.models[0]!.sha256, bench.models[0]!.identity);
    assert.match(written.disclaimer, /not for diagnosis/);
    assert.ok(written.definitions['MS-SSIM']?.includes('v1'));
    const csv = await readFile(join(folder, 'out', 'diversity', 'diversity.csv'), 'utf8');
    assert.match(csv.split('\n')[0]!, /^model,prompts,MS-SSIM,MS-SSIM low,MS-SSIM high,/);
    assert.equal((await readFile(join(folder, 'out', 'diversity', 'prompts.csv'), 'utf8')).trim().split('\n').length, 7);
    assert.ok(existsSync(join(folder, 'out', 'diversity', 'diversity.png')));
    const html = await readFile(page, 'utf8');
    assert.ok(html.includes('not for diagnosis') && html.includes('bootstrap over prompts'));
    assert.match(String(showTable(result.tables[0]!).bundle()['text/plain']), /\d \(.* to .*\)/);
  }),
);
