import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { phantomGold, secondLabeller, writeAnnotations } from 'roentgen-lab/systems';
import { tempDir } from '../support';
import { tinyRecipe } from '../systems/radgraph/tiny-network';
import { roentgen } from './run';

test('radgraph train stops and goes on, infer annotates a table, and the page shows it; reports stay out of what is printed', async (t) => {
  const folder = tempDir(t);
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify({ ...(await tinyRecipe(60)), run: { checkpoint_every: 5 } }));
  const run = join(folder, 'run');
  const train = ['radgraph', 'train', recipe, '--out', run, '--json'];
  const stopped = await roentgen(train, {
    interruptWhen: () => existsSync(join(run, 'log.jsonl')) && readFileSync(join(run, 'log.jsonl'), 'utf8') !== '',
  });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /the same command goes on/);
  const done = await roentgen(train);
  assert.equal(done.status, 0, done.stderr);
  const { steps, scores } = JSON.parse(done.stdout);
  assert.equal(steps, 60);
  assert.ok(scores['held-out words'].measures['entities micro'].value > 0);
  assert.equal(readFileSync(join(run, 'log.jsonl'), 'utf8').trim().split('\n').length, 60);
  assert.match((await roentgen(train)).stderr, /holds a finished run/);

  const table = join(folder, 'reports.csv');
  writeFileSync(table, 'text\nSecretword effusion on the left.\n\n"No edema, no effusion."\n');
  const found = join(folder, 'found.json');
  const infer = ['radgraph', 'infer', join(run, 'model'), '--data', table, '--out', found];
  const inferred = await roentgen([...infer, '--text-column', 'text']);
  assert.equal(inferred.status, 0, inferred.stderr);
  assert.doesNotMatch(inferred.stdout + inferred.stderr, /Secretword/i);
  assert.equal((Object.values(JSON.parse(readFileSync(found, 'utf8')))[0] as { text: string }).text, 'Secretword effusion on the left .');
  assert.match((await roentgen(infer)).stderr, /--text-column/);
  const page = join(folder, 'page.html');
  assert.equal((await roentgen(['radgraph', 'show', found, '--out', page])).status, 0);
  assert.match(readFileSync(page, 'utf8'), /rg-token-graph/);
});

test('radgraph compare: a file of two annotators alone, and two files; convert checks with document and entity', async (t) => {
  const folder = tempDir(t);
  const gold = await phantomGold({ count: 30, seed: 8, style: 'impression', wording: 'grammar', typos: 0, doubt: 0, split: 'test' });
  const first = gold.map(({ annotations: [report] }) => report!);
  const second = secondLabeller(first, { missed: 0.2, relabelled: 0, widened: 0, unrelated: 0, otherKind: 0 }, [4, 4]);
  const [a, b, both] = ['a.json', 'b.json', 'both.json'].map((name) => join(folder, name)) as [string, string, string];
  await writeAnnotations(
    a,
    gold.map(({ key }, i) => ({ key, annotations: [second[i]!] })),
  );
  await writeAnnotations(b, gold);
  await writeAnnotations(
    both,
    gold.map(({ key }, i) => ({ key, annotations: [second[i]!, first[i]!] })),
  );
  const of = async (...files: string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await roentgen(['radgraph', 'compare', ...files, '--draws', '20', '--json']);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  assert.deepEqual(await of(both), await of(a, b));
  const page = join(folder, 'page.html');
  const shown = await roentgen(['radgraph', 'show', a, '--against', b, '--count', '3', '--out', page]);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /: 3 of 30 reports/);
  assert.equal(readFileSync(page, 'utf8').match(/class="rg-comparison"/g)?.length, 3);
  const once = await roentgen(['radgraph', 'compare', a]);
  assert.deepEqual([once.status, /annotated once/.test(once.stderr)], [2, true]);
  const lines = join(folder, 'a.jsonl');
  assert.equal((await roentgen(['radgraph', 'convert', a, '--out', lines])).status, 0);
  assert.deepEqual(await of(lines, b), await of(a, b));
  writeFileSync(lines, '{"doc_key":"x.txt","sentences":[["No","edema"]],"ner":[[[1,2,"OBS-DA"]]]}\n');
  const wrong = await roentgen(['radgraph', 'convert', lines, '--out', join(folder, 'c.json')]);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /line 1: document "x\.txt", entity "1": expected 0 <= start_ix <= end_ix < 2/);
});
