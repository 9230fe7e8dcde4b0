/** Retrieval and report generation as a whole, with an untrained model, networks of a few steps, and the phantom. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { type Bench, type EvaluationResult, evaluateReportGeneration, evaluateRetrieval, isEstimate, openBench } from '#evaluation/index';
import { noLeaks, tempDir } from '../support';
import { fitTiny, tinyRecipe } from '../systems/radgraph/tiny-network';
import { saveUntrained } from '../untrained-model';

async function smallBench(t: TestContext): Promise<Bench> {
  const [folder, out] = [tempDir(t), tempDir(t)];
  await saveUntrained(join(folder, 'untrained', 'model'));
  const recipe = overrideRecipe(await loadRecipe('smoke'), { 'data.train': 32, 'data.test': 120, 'sampling.steps': 1 });
  return openBench({ models: [join(folder, 'untrained', 'model')], data: { data: 'phantom' }, out, recipe, prompts: 24, quick: true });
}

/** Intervals hold their values, and everything that has one says what it is. */
function checkTables({ tables, figures, notes }: EvaluationResult): void {
  for (const { name, rows, intervals } of tables) {
    assert.ok(rows.length > 0, name);
    const estimates = rows.flatMap((row) => Object.values(row)).filter(isEstimate);
    assert.equal(estimates.length > 0, intervals !== undefined, name);
    for (const { value, low, high } of estimates) {
      assert.ok(Number.isFinite(value), name);
      if (!Number.isNaN(low)) assert.ok(low <= value + 1e-9 && value <= high + 1e-9, `${name}: ${low} ${value} ${high}`);
    }
  }
  assert.ok(figures.length > 0);
  assert.ok(notes.some((note) => note.startsWith('Quick:')));
}

test(
  'retrieval: real images, each model and chance, by images and by texts; images and features are kept',
  noLeaks(async (t) => {
    const bench = await smallBench(t);
    const result = await evaluateRetrieval(bench, { cuts: [2, 5, 1000], draws: 50 });
    checkTables(result);
    for (const rows of [result.imageImage, result.imageText]) {
      assert.deepEqual(
        rows.map(({ images, kind }) => [images, kind]),
        [
          ['real', 'real'],
          ['untrained', 'model'],
          ['chance', 'chance'],
        ],
      );
      for (const { precision, recall } of rows) assert.deepEqual([precision[2], recall[2]], [null, null]);
    }
    assert.ok(result.notes.some((note) => note.includes('fewer candidates than K = 1000')));
    assert.deepEqual(
      result.topText.map(({ queries }) => queries),
      [24, 24],
    );
    assert.ok(existsSync(join(bench.out, 'images', 'untrained')) && existsSync(join(bench.out, 'features', 'clip')));
    await assert.rejects(evaluateRetrieval(bench, { cuts: [5, 5] }), /cuts: expected rising whole numbers from 1, got 5, 5/);
  }),
);

test(
  'report generation: the same references for every set, chance below, figures without texts in their captions',
  noLeaks(async (t) => {
    const bench = await smallBench(t);
    const result = await evaluateReportGeneration(bench, { draws: 50 });
    checkTables(result);
    assert.deepEqual(
      result.rows.map(({ kind, reports }) => [kind, reports]),
      [
        ['real', 24],
        ['model', 24],
        ['chance', 24],
      ],
    );
    const [real, , chance] = result.rows;
    assert.ok(real!.measures.perplexity!.value >= 1);
    assert.equal(chance!.measures.perplexity, undefined);
    assert.equal(real!.measures.BERTScore, undefined);
    assert.ok(result.notes.some((note) => note.startsWith('BERTScore is left out')));
    for (const { text } of bench.records) assert.ok(!result.figures.some(({ caption }) => caption.includes(text)));
    assert.ok(result.notes.some((note) => note.includes('--radgraph')));
    const radgraph = await fitTiny(t, await tinyRecipe(40));
    const repeated = await evaluateReportGeneration({ ...bench, networks: { radgraph } }, { draws: 50 });
    checkTables(repeated);
    for (const [i, { measures }] of repeated.rows.entries()) {
      const { fact_ENT: entities, RadGraph: partial, 'RadGraph simple': simple, 'RadGraph complete': complete, ...rest } = measures;
      assert.deepEqual(rest, result.rows[i]!.measures, 'what else is measured is the same again');
      for (const each of [entities, partial, simple, complete]) assert.ok(each!.low >= 0 && each!.low <= each!.value && each!.high <= 1);
    }
    const [table] = repeated.tables;
    assert.ok(Object.hasOwn(table!.rows[0]!, 'fact_ENT') && Object.hasOwn(table!.rows[0]!, 'RadGraph'));
    assert.match(repeated.definitions.fact_ENT!, /that the network given finds.*not Stanza's/);
  }),
);
