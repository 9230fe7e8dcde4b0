import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { writePng } from 'roentgen-lab/files';
import { phantomStudies, writeSeiAnnotation } from 'roentgen-lab/systems';
import { tempDir } from '../support';
import { tinyRecipe } from '../systems/sei/tiny';
import { roentgen } from './run';

test('sei train stops and goes on, report prints a text with its case, retrieve writes an annotation, evaluate the rows of the table', async (t) => {
  const folder = tempDir(t);
  const recipe = join(folder, 'recipe.json');
  writeFileSync(recipe, JSON.stringify(await tinyRecipe({ alignment: 8, writer: 3 })));
  const run = join(folder, 'run');
  const train = ['sei', 'train', recipe, '--out', run, '--json'];
  const log = join(run, 'alignment', 'log.jsonl');
  const stopped = await roentgen(train, { interruptWhen: () => existsSync(log) && readFileSync(log, 'utf8') !== '' });
  assert.equal(stopped.status, 130, stopped.stderr);
  assert.match(stopped.stderr, /the same command goes on/);
  const done = await roentgen(train);
  assert.equal(done.status, 0, done.stderr);
  assert.ok(JSON.parse(done.stdout).cases.chance > 0);
  assert.equal(readFileSync(log, 'utf8').trim().split('\n').length, 8);
  assert.equal(
    readFileSync(join(run, 'writer', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n').length,
    3,
  );
  assert.match((await roentgen(train)).stderr, /holds a finished run/);

  await startEngine();
  const { annotation, pixels } = await phantomStudies({ train: 6, val: 1, test: 1 }, { size: 16 });
  for (const split of ['train', 'val', 'test'] as const)
    for (const [i, { image_path }] of annotation[split].entries()) {
      const data = Uint8Array.from(await pixels[split].read([i]), (value) => Math.round(255 * value));
      await writePng(join(folder, image_path[0]!), { width: 16, height: 16, channels: 1, data });
    }
  const image = join(folder, annotation.test[0]!.image_path[0]!);
  const report = ['sei', 'report', image, '--run', run, '--indication', 'Fever and secretword.'];
  const written = await roentgen(report);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stdout, /\n\nHelped by phantom-31-\d+ \(cosine -?\d\.\d+\): \w/);
  assert.match(written.stderr, /not for diagnosis/);
  const alone = JSON.parse((await roentgen([...report, '--no-case', '--json'])).stdout);
  assert.deepEqual([alone.case, alone.indication], [null, 'fever and secretword']);
  assert.equal((await roentgen(['sei', 'report', image, '--run', join(folder, 'nowhere')])).status, 2);

  const file = join(folder, 'annotation.json');
  await writeSeiAnnotation(file, annotation);
  const out = join(folder, 'with-cases.json');
  const retrieve = ['sei', 'retrieve', run, '--data', file, '--images', folder, '--out', out, '--count', '2'];
  const retrieved = await roentgen(retrieve);
  assert.equal(retrieved.status, 0, retrieved.stderr);
  assert.match(retrieved.stdout, /^train: .*\nval: .*\ntest: /);
  assert.equal(JSON.parse(readFileSync(out, 'utf8')).test[0].specific_knowledge.sk_ids.length, 2);
  assert.match((await roentgen(['sei', 'retrieve', run, '--data', file, '--out', out])).stderr, /--data and --images belong together/);

  const kept = join(folder, 'evaluation');
  const evaluate = ['sei', 'evaluate', recipe, '--out', kept, '--alignment-steps', '2', '--writer-steps', '2', '--draws', '20', '--json'];
  const evaluated = await roentgen(evaluate);
  assert.equal(evaluated.status, 0, evaluated.stderr);
  const { tables, findings, notes } = JSON.parse(evaluated.stdout);
  const [rows, differences, cases] = tables.map((table: { rows: unknown[] }) => table.rows);
  assert.equal(rows.length, 5 + 4 + 4);
  assert.deepEqual([rows[0].reports, rows[0]['most tokens']], ['R2Gen-like', 15]);
  assert.ok(rows.every((row: Record<string, { low: number; value: number; high: number }>) => row['BLEU-1']!.low <= row['BLEU-1']!.value));
  assert.ok(differences.every((row: Record<string, number>) => row['p of BLEU-4']! > 0 && row['p of BLEU-4']! <= 1));
  assert.deepEqual(cases.length, 3);
  assert.equal(findings.length, 7);
  assert.ok(notes.some((note: string) => /RadGraph is left out/.test(note)));
  assert.ok(existsSync(join(kept, 'result.json')));
});
