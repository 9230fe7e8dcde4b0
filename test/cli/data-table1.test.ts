/** `roentgen data table1` on the phantom and on a folder. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { loadTokenizer } from 'roentgen-lab/tokenizers';
import { picture } from '../datasets/invented';
import { sharedData, tempDir } from '../support';
import { roentgen } from './run';

type Spread = { mean: number; std: number };
type Part = { images: number; patients: number; characters: Spread; tokens: Spread; labels: Record<string, number> };

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

test("Table 1 of Open-i's reports alone, from their archive, against counts of its XML by other means", async (t) => {
  const [tokenizerFolder, open] = [sharedData('tokenizers', 'clip'), sharedData('open_i')];
  const gold = sharedData('labels', 'openi_gld_std14.csv');
  if (!tokenizerFolder || !open || !gold) return t.skip('shared data are not here');
  const { status, stdout, stderr } = await roentgen(['data', 'table1', open, '--tokenizer', tokenizerFolder, '--no-paper', '--json']);
  assert.equal(status, 0, stderr);
  const [part] = (JSON.parse(stdout) as { parts: Part[] }).parts;
  const xml = gunzipSync(readFileSync(join(open, 'NLMCXR_reports.tgz'))).toString('utf8');
  const texts = new Map<string, string>();
  for (const report of xml.split('<eCitation>').slice(1)) {
    const raw = /<AbstractText Label="IMPRESSION">([^<]*)</.exec(report)?.[1] ?? '';
    const plain = raw
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&quot;/g, '"')
      .replace(/&apos;/g, "'")
      .replace(/&amp;/g, '&');
    const text = plain
      .split(/\bX{3,}\b|\s|\(\s*\)/)
      .filter(Boolean)
      .join(' ')
      .replace(/ (?=[.,;:!?])/g, '')
      .replace(/\(\s*\)/g, '');
    if (text !== '') texts.set(/<uId id="(CXR\d+)"/.exec(report)![1]!, text);
  }
  assert.equal(part!.images, texts.size);
  assert.equal(part!.patients, texts.size);
  const spread = (values: readonly number[]) => {
    const sum = values.reduce((a, b) => a + b);
    const squares = values.reduce((a, b) => a + b * b, 0);
    return { mean: sum / values.length, std: Math.sqrt((squares - sum ** 2 / values.length) / (values.length - 1)) };
  };
  const close = (got: Spread, want: Spread): void => {
    assert.ok(Math.abs(got.mean - want.mean) < 1e-9 && Math.abs(got.std - want.std) < 1e-9, JSON.stringify([got, want]));
  };
  close(part!.characters, spread([...texts.values()].map((text) => text.length)));
  const tokenizer = await loadTokenizer(tokenizerFolder);
  close(part!.tokens, spread([...texts.values()].map((text) => tokenizer.ids(text).length)));
  const [header, ...rows] = readFileSync(gold, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const count = (...names: string[]): number =>
    rows.filter(([id, ...cells]) => texts.has(id!) && names.some((name) => cells[header!.indexOf(name) - 1] === '1')).length;
  assert.deepEqual(part!.labels, {
    Atelectasis: count('Atelectasis'),
    Cardiomegaly: count('Cardiomegaly'),
    Consolidation: count('Consolidation'),
    Edema: count('Edema'),
    'Lung Lesion': count('Mass', 'Nodule'),
    'Lung Opacity': count('Infiltration'),
    'No Finding': count('normal'),
    'Pleural Effusion': count('Effusion'),
    'Pleural Other': count('Pleural_Thickening'),
    Pneumonia: count('Pneumonia'),
    Pneumothorax: count('Pneumothorax'),
  });
  assert.match(
    stderr,
    /34 of 3955 reports have no impression.*\n.*reports are not in the table of gold labels.*\n.*There are no images here/,
  );
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
