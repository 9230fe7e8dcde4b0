import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { extractionScores, radGraphFindings } from 'roentgen-lab/evaluation';
import { annotatorAgreement, CAREFUL, entityFactuality, phantomGold, type RadGraphReport, secondLabeller } from 'roentgen-lab/systems';
import { assertClose, noLeaks, tempDir } from '../support';
import { tinyRecipe } from '../systems/radgraph/tiny-network';

const report = (...words: [string, string][]): RadGraphReport => ({
  text: words.map(([word]) => word).join(' '),
  entities: Object.fromEntries(
    words.map(([tokens, label], i) => [String(i + 1), { tokens, label, start_ix: i, end_ix: i, relations: [] }]),
  ),
});

test('F1 of two annotators: micro, macro and classes are those of all reports together, with intervals around them', async () => {
  const gold = (await phantomGold({ count: 120, seed: 6, style: 'report', wording: 'grammar', typos: 0, doubt: 0.1, split: 'test' })).map(
    ({ annotations: [one] }) => one!,
  );
  const second = secondLabeller(gold, { ...CAREFUL, missed: 0.1, relabelled: 0.05 }, key(2));
  const pairs = gold.map((one, i) => [second[i]!, one] as const);
  const { measures, counts, kappa, reports } = extractionScores(pairs, { key: key(1), draws: 100 });
  const all = annotatorAgreement(pairs);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const got = (name: string): number => measures[name]!.value;
  assert.equal(reports, 120);
  assertClose(
    ['entities micro', 'entities macro', 'OBS-U', 'relations micro', 'relations macro', 'modify', 'relations micro, places'].map(got),
    [
      all.entities.f1,
      mean(Object.values(all.entitiesByLabel).map(({ f1 }) => f1)),
      all.entitiesByLabel['OBS-U']!.f1,
      all.relationsWithLabels.f1,
      mean(Object.values(all.relationsWithLabelsByKind).map(({ f1 }) => f1)),
      all.relationsWithLabelsByKind.modify!.f1,
      all.relations.f1,
    ],
    1e-12,
  );
  assert.equal(counts['OBS-U'], all.entitiesByLabel['OBS-U']!.second);
  assert.equal(kappa.relations, all.kappaRelations);
  for (const { value, low, high } of Object.values(measures)) assert.ok(low <= value && value <= high);
  assert.ok(got('entities micro') > got('relations micro'));
});

test('entity factuality: words count, classes do not; every mention counts', () => {
  const wanted = report(['edema', 'OBS-DP'], ['left', 'ANAT-DP'], ['Effusion', 'OBS-DP']);
  assert.equal(entityFactuality(report(['Edema', 'OBS-DA'], ['left', 'ANAT-DP'], ['effusion', 'OBS-U']), wanted), 1);
  // Of four mentions two are the reference's, of whose three one is named.
  const written = report(['edema', 'OBS-DP'], ['edema', 'OBS-DP'], ['tube', 'OBS-DP'], ['right', 'ANAT-DP']);
  assertClose([entityFactuality(written, wanted)], [(2 * (1 / 2) * (1 / 3)) / (1 / 2 + 1 / 3)], 1e-12);
  assert.deepEqual([entityFactuality(report(), wanted), entityFactuality(wanted, report())], [0, 0]);
});

test(
  'findings over seeds and rates of doubt: tables and verdicts with intervals; networks are kept, so that the same again trains nothing',
  noLeaks(async (t) => {
    const out = tempDir(t);
    const options = { recipe: await tinyRecipe(12), seeds: [1, 2], doubts: [0, 0.4], out };
    const trained: string[] = [];
    const result = await radGraphFindings({ ...options, onProgress: (what) => void trained.push(what) });
    assert.equal(new Set(trained).size, 4);
    assert.equal(readdirSync(join(out, 'networks')).length, 4);
    const [table] = result.tables;
    assert.equal(table!.rows.length, 6);
    for (const row of table!.rows) {
      const { entities } = row as unknown as { entities: { low: number; value: number; high: number } };
      assert.ok(entities.low <= entities.value && entities.value <= entities.high);
    }
    assert.equal(result.findings.length, 5);
    for (const { verdict, here } of result.findings) {
      assert.ok(['repeated', 'not repeated', 'undecided'].includes(verdict));
      assert.match(here, /-?\d+\.\d \(-?\d+\.\d to -?\d+\.\d\) hundredths/);
    }
    const again = await radGraphFindings({ ...options, onProgress: () => assert.fail('trains again') });
    assert.deepEqual(again, result);
    const stop = AbortSignal.abort();
    await assert.rejects(radGraphFindings({ ...options, seeds: [3], signal: stop }), { name: 'AbortError' });
  }),
);
