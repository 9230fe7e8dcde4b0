/** Images with fewer pixels than a model draws are left out of what it is trained on, and counted. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DatasetSplit, openDataset, openSplit } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { writePng } from 'roentgen-lab/files';
import { largeEnough } from '#datasets/large-enough';
import { tempDir } from '../support';
import { records, refused, write } from './invented';

const SIZES = [
  [40, 24],
  [24, 24],
  [32, 32],
  [23, 64],
  [64, 48],
  [100, 20],
] as const;

/** A folder of images of these sizes with their texts. */
async function folderOf(folder: string): Promise<string> {
  for (const [i, [width, height]] of SIZES.entries()) {
    const data = Uint8Array.from({ length: width * height }, (_, k) => (k * 31 + i) % 256);
    await writePng(join(folder, `${i}.png`), { width, height, channels: 1, data });
    write(join(folder, `${i}.txt`), `Text ${i}.`);
  }
  return folder;
}

test('the shorter side decides; what is left out is counted, and all are taken where all are large enough', async (t) => {
  const [data, cache] = [await folderOf(tempDir(t)), tempDir(t)];
  const whole = await openDataset({ data });
  const large = await largeEnough(whole, 24, { cache });
  assert.deepEqual(
    records(large).map(({ text }) => text),
    ['Text 0.', 'Text 1.', 'Text 2.', 'Text 4.'],
  );
  assert.deepEqual(large.notes, ['2 of 6 images are smaller than 24 pixels and are left out: enlarged, they would teach blur.']);
  assert.equal(await large.shortSide!(3), 48);
  assert.equal((await large.pixels(3, 24)).length, 24 * 24);
  // Kept sizes say the same.
  assert.deepEqual(records(await largeEnough(whole, 24, { cache })), records(large));
  assert.equal(await largeEnough(whole, 20, { cache }), whole);
  await assert.rejects(
    largeEnough(whole, 49, { cache }),
    refused(/all 6 images are smaller than 49 pixels \(the largest 48\); give a smaller size/),
  );
});

test('a split is of images that are large enough; what is drawn is of any size', async (t) => {
  const data = await folderOf(tempDir(t));
  const split = (of: string, size: number): Promise<DatasetSplit> =>
    openSplit({ data: of, counts: { train: 5, test: 3 }, key: key(1), size });
  const { train, test: held } = await split(data, 32);
  assert.deepEqual([...records(train), ...records(held)].map(({ text }) => text).sort(), ['Text 2.', 'Text 4.']);
  assert.match(train.notes!.join(), /4 of 6 images are smaller than 32 pixels/);
  const drawn = await split('phantom', 4096);
  assert.deepEqual([drawn.train.length, drawn.test.length], [5, 3]);
});

test('files that are no images stay, so that reading them tells what is wrong', async (t) => {
  const data = await folderOf(tempDir(t));
  write(join(data, '0.png'), 'no image');
  const dataset = await largeEnough(await openDataset({ data }), 24, { cache: tempDir(t) });
  assert.equal(dataset.length, 4);
  await assert.rejects(dataset.pixels(0, 24), refused(/not an image/));
});
