/** Tables of a study: by hand-made ratings of known means, agreement and preference. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { evaluateReaderStudy } from 'roentgen-lab/evaluation';
import { planReaderStudy } from '#evaluation/reader-study/plan';
import { readerList, scoreOf } from '#evaluation/reader-study/reader-list';
import type { Choice } from '#evaluation/reader-study/scales';
import { ratingsFolder } from '#evaluation/reader-study/study';
import { tempDir } from '../../support';
import { benchOf } from './study-for-tests';

const counts = { pairs: 20, texts: 10 };

/** Writes what a reader answers whose score of the nth item of the plan is `score(n)`; undefined is not rated. */
function answer(out: string, reader: string, score: (item: number) => number | undefined): void {
  const bench = benchOf(out);
  const plan = planReaderStudy(bench, counts);
  const lines = readerList(plan, reader).flatMap((entry) => {
    const wanted = score(entry.item);
    const choice = ([1, 2, 3, 4, 5] as Choice[]).find((each) => scoreOf(entry, each) === wanted);
    return choice === undefined ? [] : [JSON.stringify({ item: entry.id, choice, seconds: 2, at: '2026-01-01T00:00:00Z' })];
  });
  const folder = join(ratingsFolder(bench, plan), reader);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'ratings.jsonl'), `${lines.join('\n')}\n`);
}

test('without a reader there are no numbers, and the note says what to do', async (t) => {
  const result = await evaluateReaderStudy(benchOf(tempDir(t)), counts);
  assert.deepEqual([result.rows, result.tables, result.figures, result.agreement], [[], [], [], []]);
  assert.match(result.notes.join(), /No reader has rated yet.*--reader NAME/);
});

test('one reader who has stopped half-way: rows of what is there, and notes of what is not', async (t) => {
  const out = tempDir(t);
  answer(out, 'Anna', (item) => (item < 20 ? (item % 2 === 0 ? -2 : -1) : undefined));
  const result = await evaluateReaderStudy(benchOf(out), counts);
  assert.equal(result.rows.length, 1);
  const [row] = result.rows;
  assert.equal(row!.reader, 'Anna');
  assert.equal(row!.items, 20);
  assert.equal(row!.mean.value, -1.5);
  assert.ok(row!.mean.low < -1.5 && row!.mean.high > -1.5 && row!.mean.high < -1);
  assert.deepEqual([row!.above.value, row!.zero.value, row!.below.value], [0, 0, 1]);
  // All 20 negative, ten ties of each size: z = (0 - 105 + 0.5) / sqrt((20·21·41 - (990 + 990) / 2) / 24).
  assert.ok(row!.p! > 4e-5 && row!.p! < 9e-5, String(row!.p));
  assert.match(result.notes.join(), /Anna has rated 20 of 32 items.*second reader/s);
  assert.equal(result.figures.length, 1);
});

test('two readers: means over items, kappa and ICC of known tables, preference', async (t) => {
  const out = tempDir(t);
  const scores = [-2, -1, 0, 1, 2];
  answer(out, 'Anna', (item) => scores[item % 5]);
  answer(out, 'Ben', (item) => scores[item % 5]);
  const equal = await evaluateReaderStudy(benchOf(out), counts);
  const realism = equal.agreement.find(({ scale }) => scale === 'realism')!;
  assert.deepEqual([realism.items, realism.same.value, realism.kappa!.value, realism.fleiss!.value], [20, 1, 1, 1]);
  assert.equal(realism.icc!.value, 1);
  const all = equal.rows.find(({ reader, scale }) => reader === 'all' && scale === 'realism')!;
  assert.deepEqual([all.mean.value, all.above.value, all.zero.value, all.below.value, all.items], [0, 0.4, 0.2, 0.4, 20]);
  assert.equal(all.p, 1);
  assert.deepEqual(
    equal.rows.filter(({ images }) => images === 'real').map(({ reader, items }) => [reader, items]),
    [
      ['all', 2],
      ['Anna', 2],
      ['Ben', 2],
    ],
  );
  // Ben turned round: every item's mean is 0, and they agree less than by chance.
  answer(out, 'Ben', (item) => -scores[item % 5]!);
  const opposed = await evaluateReaderStudy(benchOf(out), counts);
  const against = opposed.agreement.find(({ scale }) => scale === 'realism')!;
  assert.equal(against.kappa!.value, -1);
  assert.equal(against.same.value, 0.2);
  const mean = opposed.rows.find(({ reader, scale }) => reader === 'all' && scale === 'realism')!;
  assert.deepEqual([mean.mean.value, mean.zero.value, mean.p], [0, 1, null]);
  assert.deepEqual(
    opposed.tables.map(({ name }) => name),
    ['reader-study', 'reader-agreement', 'reader-study-by-finding', 'reader-ratings'],
  );
  assert.equal(opposed.tables.at(-1)!.rows.length, 64);
});

test('readers who give one answer throughout: kappa is not a number and is left out', async (t) => {
  const out = tempDir(t);
  for (const reader of ['Anna', 'Ben', 'Cleo']) answer(out, reader, () => 1);
  const { agreement, rows, notes } = await evaluateReaderStudy(benchOf(out), counts);
  assert.deepEqual(agreement[0]!.kappa, null);
  assert.deepEqual(agreement[0]!.icc, null);
  assert.equal(agreement[0]!.readers, 3);
  assert.equal(rows[0]!.above.value, 1);
  assert.deepEqual(notes, []);
  assert.ok(rows.every(({ mean }) => mean.value === 1 && mean.low === 1 && mean.high === 1));
});
