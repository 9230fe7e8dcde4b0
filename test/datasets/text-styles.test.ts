/** The phantom's texts by a recipe's `data.style`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, openPhantom, openSplit, PHANTOM_FINDINGS, type PhantomDataset, phantomSplit } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { recordsOf } from '#datasets/internal';

const texts = (dataset: Dataset): string[] => recordsOf(dataset).map(({ text }) => text);

test('prompts are what they have been, impressions are of all findings', async () => {
  const counts = { train: 20, test: 10 };
  const [plain, prompts, impressions] = [undefined, 'prompt', 'impression'].map((style) =>
    phantomSplit({ ...counts, style: style as 'prompt' | undefined }),
  );
  assert.deepEqual(texts(prompts!.train), texts(openPhantom({ seed: 1, count: 20 })));
  assert.deepEqual([plain!.train.fingerprint, plain!.test.fingerprint], [prompts!.train.fingerprint, prompts!.test.fingerprint]);
  assert.deepEqual(texts(impressions!.test), texts(openPhantom({ seed: 2, count: 10, style: 'impression' })));
  assert.deepEqual(impressions!.train.findings, PHANTOM_FINDINGS);
  const opened = await openSplit({ data: 'phantom', counts: { ...counts, style: 'impression' }, key: key(1), size: 16 });
  assert.deepEqual(texts(opened.train), texts(impressions!.train));
});

test('both: each half has its own patients, texts and images, and the labels that the halves share', async () => {
  const { train, test: measured } = phantomSplit({ train: 21, test: 8, style: 'both' });
  const [prompts, impressions] = [openPhantom({ seed: 1, count: 11 }), openPhantom({ seed: 11, count: 10, style: 'impression' })];
  const records = recordsOf(train);
  assert.equal(records.length, 21);
  records.forEach((record, i) => {
    const own = (i % 2 ? impressions : prompts).record(Math.floor(i / 2));
    assert.deepEqual([record.id, record.text, record.view], [own.id, own.text, own.view]);
    assert.deepEqual(Object.keys(record.labels), train.findings);
    for (const finding of train.findings)
      assert.deepEqual([record.labels[finding], record.sides[finding]], [own.labels[finding], own.sides[finding]]);
    assert.ok(Object.keys(record.sides).every((finding) => train.findings.includes(finding)));
  });
  assert.equal(train.findings.length, 8);
  for (const part of [train, measured]) assert.equal(new Set(recordsOf(part).map(({ id }) => id)).size, part.length);
  const patients = [train, measured].map((part) => new Set(recordsOf(part).map(({ patient }) => patient)));
  assert.ok([...patients[0]!].every((patient) => !patients[1]!.has(patient)));
  assert.notEqual(train.fingerprint, prompts.fingerprint);

  const progress: number[] = [];
  const some = [4, 3, 0, 4];
  const images = await train.batch!(some, 16, { onProgress: (done) => progress.push(done) });
  for (const [at, i] of some.entries()) {
    const alone = await train.pixels(i, 16);
    assert.deepEqual(images.slice(at * 256, (at + 1) * 256), alone);
    assert.deepEqual(alone, await (i % 2 ? impressions : prompts).pixels(Math.floor(i / 2), 16));
  }
  assert.equal(progress.at(-1), 4);
  assert.equal((train as PhantomDataset).study(3).detail, impressions.study(1).detail);
  await assert.rejects(train.batch!([21], 16), /record 21: expected an integer from 0 to 20/);
  assert.throws(() => train.record(-1), /record -1/);
});
