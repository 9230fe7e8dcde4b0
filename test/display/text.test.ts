import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { JSDOM } from 'jsdom';
import { type Displayable, highlight, note, table, tokenStrip, toTable } from 'roentgen-lab/display';
import { duration } from '#display/numbers';

const html = (item: Displayable): DocumentFragment => JSDOM.fragment(String(item.bundle()['text/html']));
const text = (item: Displayable): string => String(item.bundle()['text/plain']);
const cells = (item: Displayable): string[] => Array.from(html(item).querySelectorAll('td'), (cell) => cell.textContent ?? '');

test("rows, columns and arquero's table make the same table", async () => {
  const rows = table([
    { finding: 'effusion', auroc: 0.9534 },
    { finding: 'edema', auroc: 0.8 },
  ]);
  const columns = table({ finding: ['effusion', 'edema'], auroc: [0.9534, 0.8] });
  const { from } = await import('arquero');
  const frame = table(
    from([
      { finding: 'effusion', auroc: 0.9534 },
      { finding: 'edema', auroc: 0.8 },
    ]),
  );
  assert.deepEqual([text(columns), text(frame)], [text(rows), text(rows)]);
  assert.deepEqual(cells(rows), ['effusion', '0.9534', 'edema', '0.8000']);
});

test('a table of arquero shows itself in a cell, and so does what is made of it; a long one its first rows', async () => {
  const rows = [
    { finding: 'effusion', auroc: 0.9534 },
    { finding: 'edema', n: 3 },
  ];
  const frame = await toTable(rows);
  const display = Symbol.for('Jupyter.display');
  const shown = (item: object): string => String((item as Record<symbol, () => Record<string, unknown>>)[display]!()['text/plain']);
  assert.deepEqual(frame.columnNames(), ['finding', 'auroc', 'n']);
  assert.equal(shown(frame), text(table(rows)));
  assert.equal(shown(frame.filter((row: { n: number }) => row.n === 3)), text(table([{ finding: 'edema', auroc: undefined, n: 3 }])));
  const long = shown(await toTable(Array.from({ length: 120 }, (_, i) => ({ i }))));
  assert.match(long, /^the first 100 of 120 rows\n/);
  assert.equal(long.split('\n').length, 103);
});

test('figures in text are aligned as numbers', () => {
  const shown = text(table({ what: ['a', 'b'], paper: ['1,420', '29.0 ± 18.5'] }, { figures: ['paper'] }));
  assert.deepEqual(shown.split('\n').slice(2), ['a           1,420', 'b     29.0 ± 18.5']);
});

test('numbers of a column have the same decimals, whole ones none', () => {
  const shown = table({ fid: [212.4321, 9.5], n: [20, 3], tiny: [1.23456e-7, 2e-7] });
  assert.deepEqual(cells(shown), ['212.4', '20', '1.235e-7', '9.5', '3', '2.000e-7']);
});

test('columns line up in text', () => {
  const lines = text(table({ name: ['a', 'longer'], value: [1, 1000] })).split('\n');
  assert.deepEqual(lines, ['name    value', '------  -----', 'a           1', 'longer   1000']);
});

test('cells are text, and missing ones are empty', () => {
  const shown = table([{ a: '<b>x</b>' }, { b: Number.NaN }]);
  assert.deepEqual(cells(shown), ['<b>x</b>', '', '', 'NaN']);
  assert.equal(html(shown).querySelectorAll('b').length, 0);
});

test('columns of different lengths are refused', () => {
  assert.throws(() => table({ a: [1, 2], b: [1] }), /"b": expected 2 values, got 1/);
});

test('a table prints as text where nothing richer is shown', () => {
  const shown = table({ a: [1] });
  assert.equal(inspect(shown), text(shown));
});

test('tokens behind the limit are marked and counted', () => {
  const strip = tokenStrip(['no', 'Ġeffusion', '<script>', 'Ġcut'], [5, 6, 7, 8], 3);
  const page = html(strip);
  const struck = Array.from(page.querySelectorAll<HTMLElement>('[style*="line-through"]'));
  assert.equal(struck.length, 1);
  assert.match(struck[0]!.textContent ?? '', /cut/);
  assert.equal(page.querySelectorAll('script').length, 0);
  assert.match(page.textContent ?? '', /4 tokens, the last 1 cut off/);
  assert.match(text(strip), /cut off: ␣cut/);
  assert.throws(() => tokenStrip(['a'], [1, 2]), /expected 1 ids/);
});

test('durations are short', () => {
  assert.deepEqual([0.42, 31.6, 59.7, 245, 7620, Number.NaN].map(duration), [
    '0.4 s',
    '32 s',
    '1 min 00 s',
    '4 min 05 s',
    '2 h 07 min',
    '?',
  ]);
});

test('a note is its sentence, without quotes, and nothing in it is taken for markup', () => {
  const sentence = note('FID < 1\nin "both" parts');
  assert.equal(text(sentence), 'FID < 1\nin "both" parts');
  assert.equal(html(sentence).querySelector('p')!.textContent, 'FID < 1in "both" parts');
  assert.equal(html(sentence).querySelectorAll('p > br').length, 1);
});

test('a prompt: terms are marked, what a model does not read is struck out, nothing is markup', () => {
  const item = highlight('Left effusion <i>. More effusion.', ['effusion'], '9 tokens', 18);
  const shown = html(item);
  assert.deepEqual(
    Array.from(shown.querySelectorAll('b'), (mark) => mark.textContent),
    ['effusion'],
  );
  assert.equal(shown.querySelector('.rg-cut')?.textContent, ' More effusion.');
  assert.equal(text(item), 'Left *effusion* <i>. [cut off: More effusion.] (9 tokens)');
  assert.equal(html(highlight('all of it', [])).querySelector('.rg-cut'), null);
});
