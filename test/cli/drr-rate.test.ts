/** `roentgen drr-rate` as a person runs it, at the smallest size. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tempDir } from '../support';
import { tinyRecipe } from '../systems/drr-rate/tiny';
import { roentgen } from './run';

const MOST = { timeout: 900_000 } as const;

/** A folder with a recipe that takes seconds. */
async function withRecipe(t: TestContext): Promise<{ folder: string; recipe: string; run: typeof roentgen }> {
  const folder = tempDir(t);
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify(await tinyRecipe(8)));
  return { folder, recipe, run: (args, options = {}) => roentgen(['drr-rate', ...args], { cwd: folder, ...options }) };
}

test('drr-rate train stops and goes on to the same bytes', MOST, async (t) => {
  const { folder, recipe, run } = await withRecipe(t);
  const train = (out: string, ...more: string[]) => ['train', recipe, '--out', join(folder, out), ...more];
  const whole = await run(train('whole', '--json'));
  assert.equal(whole.status, 0, whole.stderr);
  assert.match(whole.stderr, /About \d+ MiB of memory; 28 images/);
  const facts = JSON.parse(whole.stdout);
  assert.equal(facts.steps, 8);
  assert.ok(
    facts.scores.drr.length > 1 &&
      facts.scores.drr.every(({ auroc }: { auroc: { value: number } }) => auroc.value >= 0 && auroc.value <= 1),
  );
  const log = join(folder, 'parts', 'log.jsonl');
  const stopped = await run(train('parts'), { interruptWhen: () => existsSync(log) && readFileSync(log, 'utf8').includes('\n') });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /the same command goes on/);
  assert.equal((await run(train('parts'))).status, 0);
  const weights = (out: string): Buffer => readFileSync(join(folder, out, 'model', 'AP', 'model.safetensors'));
  assert.ok(weights('whole').equals(weights('parts')));
  assert.match((await run(train('parts'))).stderr, /holds a finished run/);
});

test('a fold is held out, and options that do not fit each other are refused', MOST, async (t) => {
  const { folder, recipe, run } = await withRecipe(t);
  const train = (out: string, ...more: string[]) => ['train', recipe, '--out', join(folder, out), ...more];
  const fold = await run(train('fold', '--folds', 'image', '--fold', '2', '--steps', '2', '--lateral'));
  assert.equal(fold.status, 0, fold.stderr);
  assert.match(fold.stderr, /\d+% are of patients that are learnt from/);
  assert.match(fold.stdout, /the fold held out: cardiomegaly: AUROC/);
  for (const [more, message] of [
    [['--on', 'x-ray', '--lateral'], /--lateral is for --on drr/],
    [['--on', 'both', '--folds', 'image'], /it belongs to --on drr/],
    [['--fold', '1'], /--fold needs --folds/],
    [['--folds', 'patient', '--fold', '9'], /expected 1 to 2, got 9/],
  ] as const) {
    const wrong = await run(train('wrong', ...more));
    assert.equal(wrong.status, 2, wrong.stderr);
    assert.match(wrong.stderr, message);
  }

  const evaluate = [
    'evaluate',
    recipe,
    '--out',
    join(folder, 'evaluation'),
    '--parts',
    'pairs,folds,lateral,causes',
    '--draws',
    '10',
    '--json',
  ];
  const evaluated = await run(evaluate);
  assert.equal(evaluated.status, 0, evaluated.stderr);
  const { tables, findings } = JSON.parse(evaluated.stdout) as {
    tables: { name: string; rows: Record<string, unknown>[] }[];
    findings: unknown[];
  };
  const table = (name: string) => tables.find((each) => each.name === name)!.rows;
  assert.deepEqual(Object.keys(table('drr-rate-auroc')[0]!).slice(1), ['DRR → DRR', 'DRR → X-ray', 'X-ray → DRR', 'X-ray → X-ray', 'mixed → DRR', 'mixed → X-ray']); // biome-ignore format: one line
  assert.deepEqual(table('drr-rate-folds').map((row) => (row['held-out images whose patient was learnt from, %'] as number) > 0), [true, false]); // biome-ignore format: one line
  assert.equal(table('drr-rate-causes').length, 7);
  assert.ok('difference' in table('drr-rate-lateral')[0]! && 'difference' in table('drr-rate-leak')[0]!);
  assert.equal(findings.length, 6);
  assert.ok(existsSync(join(folder, 'evaluation', 'result.json')));
  assert.match((await run(['evaluate', recipe, '--parts', 'all'])).stderr, /expected some of pairs, folds, lateral, causes/);
  const refused = await run(['evaluate', recipe, '--out', join(folder, 'other'), '--parts', 'causes', '--data', folder]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /causes are measured on volumes of the phantom/);
});
