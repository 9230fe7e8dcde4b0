/** `roentgen verify` of fixtures from other inputs than the shared ones: what the checkers take for granted must hold for them too. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeSafetensors } from 'roentgen-lab/files';
import { type Row, verify } from 'roentgen-lab/verify';
import { planVerification } from '#verify/internal';
import { fixtures, tempDir } from '../support';

async function rowsOf(folder: string): Promise<Row[]> {
  const options = { data: [], only: [], signal: new AbortController().signal, warn: (text: string) => assert.fail(text) };
  const rows: Row[] = [];
  for await (const row of verify(folder, await planVerification(folder, options), options)) rows.push(row);
  return rows;
}

const failures = (rows: readonly Row[]): string[] => rows.flatMap(({ pass, quantity }) => (pass === true ? [] : [quantity]));

test("retrieval goes by torchmetrics' rule for scores that are not above 0", async (t) => {
  const folder = tempDir(t);
  mkdirSync(join(folder, 'metrics'));
  // The first two are one group, the last three the other. Query 0 finds its only relevant one first, with a score below 0; query 2 finds one of its two
  // above 0 and in the first place, the other below 0 in the second.
  const similarity = [
    [1, -0.1, -0.2, -0.3, -0.4],
    [0.9, 1, 0.1, 0, -1],
    [-0.5, -0.6, 1, 0.3, -0.2],
    [0.1, 0.2, 0.3, 1, 0.4],
    [0.1, 0.2, 0.3, 0.4, 1],
  ];
  const discount = (place: number): number => 1 / Math.log2(place + 1);
  const queries = [
    { query: 0, 'recall@2': 0, 'precision@2': 0, 'hit_rate@2': 1, r_precision: 1, average_precision: 0, reciprocal_rank: 0, ndcg: 1 },
    { query: 2, 'recall@2': 0.5, 'precision@2': 0.5, 'hit_rate@2': 1, r_precision: 1, average_precision: 1, reciprocal_rank: 1, ndcg: 1 },
    {
      query: 1,
      'recall@2': 1,
      'precision@2': 0.5,
      'hit_rate@2': 1,
      r_precision: 1,
      average_precision: 1,
      reciprocal_rank: 1,
      ndcg: discount(1),
    },
  ];
  const names = Object.keys(queries[0]!).filter((name) => name !== 'query') as (keyof (typeof queries)[0])[];
  const mean = Object.fromEntries(names.map((name) => [name, queries.reduce((sum, query) => sum + query[name], 0) / queries.length]));
  const spec = { similarity, matching_pair: { rank: [1, 1, 1, 1, 1] }, groups: [0, 0, 1, 1, 1], by_group: { queries, mean } };
  writeFileSync(join(folder, 'metrics', 'retrieval.json'), JSON.stringify(spec));
  const rows = await rowsOf(folder);
  assert.deepEqual(failures(rows), []);
  assert.equal(rows.length, 1 + 2 * names.length);
});

test("scores of beams may differ by ten times the reference's own rounding, not by more", async (t) => {
  const from = fixtures('decoder');
  if (!from) return t.skip('the shared fixtures are missing');
  type Run = { sequences_scores: number[]; noise_level: { max_abs_f32_minus_f64: number; max_abs: number } };
  const caseOf = (folder: string): string => join(folder, 'decoder', 'llama', 'case.json');
  const failedWith = async (noise: number, shift: number): Promise<string[]> => {
    const folder = tempDir(t);
    cpSync(join(from, 'llama'), join(folder, 'decoder', 'llama'), { recursive: true });
    const spec = JSON.parse(readFileSync(caseOf(folder), 'utf8')) as { generation: { runs: Record<string, Run> } };
    const { beam3 } = spec.generation.runs;
    beam3!.sequences_scores[0]! += shift;
    beam3!.noise_level.max_abs_f32_minus_f64 = noise;
    spec.generation.runs = { beam3: beam3! };
    writeFileSync(caseOf(folder), JSON.stringify(spec));
    return failures(await rowsOf(folder));
  };
  assert.deepEqual(await failedWith(1e-7, 5e-4), ['beam3: scores']);
  assert.deepEqual(await failedWith(1e-4, 5e-4), []);
  assert.deepEqual(await failedWith(1e-4, 2e-3), ['beam3: scores']);
});

test("resized images may differ by what float32 makes of the reference's positions, which grows with the size", async (t) => {
  const from = fixtures('vision');
  if (!from) return t.skip('the shared fixtures are missing');
  const folder = join(tempDir(t), 'vision', 'inception_v3_fid');
  mkdirSync(folder, { recursive: true });
  cpSync(join(from, 'inception_v3_fid', 'case.json'), join(folder, 'case.json'));
  const failedWith = async (side: number, off: number): Promise<string[]> => {
    const input = { shape: [1, 1, side, side], data: Float32Array.from({ length: side * side }, (_, i) => (i * 37) % 256) };
    const output = { shape: input.shape, data: input.data.map((value, i) => (i === 5 ? value + off : value)) };
    await writeSafetensors(join(folder, 'fixture.safetensors'), {
      'resize0.input': input,
      'resize0.tensorflow1': output,
      'resize0.torch': output,
    });
    return failures(await rowsOf(join(folder, '..', '..')));
  };
  assert.deepEqual(await failedWith(8, 0.004), ['resize0.tensorflow1', 'resize0.torch']);
  assert.deepEqual(await failedWith(128, 0.004), []);
  assert.deepEqual(await failedWith(128, 0.02), ['resize0.tensorflow1', 'resize0.torch']);
});
