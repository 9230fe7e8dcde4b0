/** `roentgen data table1` on the phantom and on a folder. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { picture } from '../datasets/invented';
import { sharedData, tempDir } from '../support';
import { roentgen } from './run';

test('the table has a column for each source and the four of the paper; CSV and JSON hold the same', async (t) => {
  const tokenizer = sharedData('tokenizers', 'clip');
  if (tokenizer === undefined) return t.skip('shared data are not here');
  const folder = tempDir(t);
  const csv = join(folder, 'table1.csv');
  const args = ['data', 'table1', 'phantom', '--count', '40', '--tokenizer', tokenizer];
  const { status, stdout, stderr } = await roentgen([...args, '--csv', csv]);
  assert.equal(status, 0, stderr);
  const [header, images] = readFileSync(csv, 'utf8').split('\n');
  assert.equal(header, ',phantom (synthetic),paper: PA train,paper: PA/AP/LAT train,paper: MIMIC test,paper: P19 test');
  assert.equal(images, 'Images,40,"38,009","175,622","2,225","5,000"');
  assert.match(stdout, /^Pneumothorax +\d+ +1,413 +7,304 +62 +162$/m);
  const json = await roentgen([...args, '--json', '--no-paper']);
  const { parts } = JSON.parse(json.stdout) as { parts: { name: string; images: number; views: Record<string, number> }[] };
  assert.deepEqual(
    parts.map(({ name, images }) => [name, images]),
    [['phantom (synthetic)', 40]],
  );
  assert.equal(
    Object.values(parts[0]!.views).reduce((sum, count) => sum + count, 0),
    40,
  );
});

test('labels of a folder of texts are found in these by rules, which is said', async (t) => {
  const tokenizer = sharedData('tokenizers', 'clip');
  if (tokenizer === undefined) return t.skip('shared data are not here');
  const folder = tempDir(t);
  for (const [name, text] of Object.entries({ a: 'Small left pleural effusion. No pneumothorax.', b: 'Mild cardiomegaly.' })) {
    await picture(join(folder, `${name}.png`));
    writeFileSync(join(folder, `${name}.txt`), text);
  }
  const { status, stdout, stderr } = await roentgen(['data', 'table1', folder, '--tokenizer', tokenizer, '--json']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /has no labels of its own; they are found in its texts by rules/);
  const { labels } = (JSON.parse(stdout) as { parts: { labels: Record<string, number> }[] }).parts[0]!;
  assert.deepEqual([labels['Pleural Effusion'], labels.Cardiomegaly, labels.Pneumothorax, labels['No Finding']], [1, 1, 0, 0]);
});

test('a source or a tokenizer that is not there is wrong usage of one line', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'empty.txt'), '');
  for (const args of [['phantom', '--tokenizer', join(folder, 'none')], [join(folder, 'none')], [folder]]) {
    const { status, stdout, stderr } = await roentgen(['data', 'table1', ...args]);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /^roentgen: .*\n$/);
  }
});
