/** Which images readers see: balanced, blinded, in an order of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planReaderStudy } from '#evaluation/reader-study/plan';
import { checkReader, readerList, scoreOf } from '#evaluation/reader-study/reader-list';
import type { Choice } from '#evaluation/reader-study/scales';
import { benchOf, findings } from './study-for-tests';

const bench = benchOf('/none', ['a', 'b']);

test('items are balanced over findings, the same for each model, and do not repeat a record within a scale', () => {
  const { items, notes } = planReaderStudy(bench, { pairs: 12, texts: 10 });
  assert.deepEqual(notes, []);
  const of = (scale: string, images: string) => items.filter((item) => item.scale === scale && item.images === images);
  assert.equal(of('realism', 'a').length, 12);
  assert.equal(of('alignment', 'b').length, 10);
  assert.equal(of('alignment', 'real').length, 2, 'a fifth of the texts');
  assert.deepEqual(
    of('realism', 'a').map(({ record }) => record),
    of('realism', 'b').map(({ record }) => record),
  );
  assert.equal(new Set(of('realism', 'a').map(({ record }) => record)).size, 12);
  // Half of all records show edema alone; by turns each of the groups has three of twelve.
  for (const name of [...findings, 'none']) assert.equal(of('realism', 'a').filter(({ finding }) => finding === name).length, 3, name);
  for (const { finding, record } of items) {
    const { labels } = bench.records[record]!;
    if (finding === 'none') assert.ok(Object.values(labels).every((label) => label === 0));
    else assert.equal(labels[finding], 1);
  }
});

test('the default is the paper, quick is shorter, and too few prompts are told', () => {
  const { items, notes } = planReaderStudy(benchOf('/none'));
  assert.equal(items.filter(({ scale }) => scale === 'realism').length, 40, 'all records there are');
  assert.match(notes.join(), /104 items were asked for, and there are 40 prompts/);
  const quick = planReaderStudy({ ...benchOf('/none'), quick: true });
  assert.equal(quick.items.filter(({ scale }) => scale === 'realism').length, 24);
  assert.throws(() => planReaderStudy(bench, { pairs: 1.5 }), /pairs: expected a whole number/);
  assert.throws(() => planReaderStudy(bench, { pairs: 0, texts: 0 }), RangeError);
});

test('ratings belong to models, seed and counts: another plan has another identity', () => {
  const identity = (change: object, counts = {}) => planReaderStudy({ ...bench, ...change }, { pairs: 4, texts: 4, ...counts }).identity;
  assert.equal(identity({}), identity({}));
  const others = [identity({ seed: 2 }), identity({}, { pairs: 5 }), identity({ models: bench.models.slice(1) }), identity({})];
  assert.equal(new Set(others).size, 4);
});

test('each reader has an order and sides of their own, the same after a break, under names that say nothing', () => {
  const plan = planReaderStudy(bench, { pairs: 12, texts: 10 });
  const [anna, again, ben] = [readerList(plan, 'Anna'), readerList(plan, 'Anna'), readerList(plan, 'Ben')];
  assert.deepEqual(anna, again);
  assert.deepEqual(
    anna.map(({ item }) => item).sort((a, b) => a - b),
    plan.items.map((_, i) => i),
  );
  assert.notDeepEqual(
    anna.map(({ item }) => item),
    ben.map(({ item }) => item),
  );
  const pairs = anna.filter(({ scale }) => scale === 'realism');
  assert.equal(pairs.filter(({ syntheticRight }) => syntheticRight).length, 12, 'half of 24 pairs');
  assert.ok(
    pairs.some(({ item, syntheticRight }) => ben.find((other) => other.item === item)!.syntheticRight !== syntheticRight),
    'sides differ between readers',
  );
  const names = [...anna, ...ben].flatMap(({ id, images }) => [id, ...images]);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[0-9a-f]{24}$/);
  assert.equal(
    anna.findIndex(({ scale }) => scale === 'alignment'),
    24,
    'texts come behind all pairs',
  );
});

test('answers become the scores of the paper whichever side the synthetic image was on', () => {
  const item = { id: '', item: 0, images: [], scale: 'realism' } as const;
  const scores = (syntheticRight: boolean) => ([1, 2, 3, 4, 5] as Choice[]).map((choice) => scoreOf({ ...item, syntheticRight }, choice));
  assert.deepEqual(scores(true), [-2, -1, 0, 1, 2]);
  assert.deepEqual(scores(false), [2, 1, 0, -1, -2]);
  assert.equal(scoreOf({ ...item, scale: 'alignment', syntheticRight: false }, 1), -2);
});

test('a name that could leave its folder is refused', () => {
  for (const name of ['..', '../x', 'a/b', '', ' a', 'a.', '.hidden', 'a\0', 'x'.repeat(41), '<b>'])
    assert.throws(() => checkReader(name), RangeError, name);
  for (const name of ['Anna', 'Dr. Ö. Müller-2', 'reader_1', '读者']) assert.equal(checkReader(name), name);
});
