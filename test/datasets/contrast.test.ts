/** How images of a dataset are shown: windows of DICOM images, and changes of contrast. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPixels, openDataset, openPhantom, subset, withContrast } from 'roentgen-lab/datasets';
import { readImage } from 'roentgen-lab/files';
import { clahe, equaliseHistogram } from '#imaging/index';
import { dicomFile, words } from '../dicom';
import { tempDir } from '../support';

const SIZE = 32;

test('equalised and by CLAHE: each image from its 8-bit values, alone, in a batch and from the cache', async (t) => {
  const phantom = openPhantom({ seed: 4, count: 6, cache: false });
  const plain = await loadPixels(phantom, SIZE, { cache: false });
  for (const contrast of ['equalise', 'clahe'] as const) {
    const dataset = withContrast(phantom, contrast);
    assert.notEqual(dataset.fingerprint, phantom.fingerprint);
    assert.deepEqual(dataset.record(3), phantom.record(3));
    const all = await loadPixels(dataset, SIZE, { cache: join(tempDir(t), contrast) });
    for (let i = 0; i < 6; i++) {
      const area = SIZE * SIZE;
      const bytes = Uint8Array.from(plain.subarray(i * area, (i + 1) * area), (value) => Math.round(value * 255));
      const want = contrast === 'clahe' ? clahe({ width: SIZE, height: SIZE, data: bytes }) : equaliseHistogram(bytes);
      const got = all.subarray(i * area, (i + 1) * area);
      assert.ok(
        got.every((value, at) => Math.abs(value - want[at]!) <= 0.5001 / 65535),
        `${contrast} ${i}`,
      );
      assert.deepEqual(await dataset.pixels(i, SIZE), got);
    }
    assert.deepEqual(await loadPixels(subset(dataset, [4]), SIZE, { cache: false }), all.slice(4 * SIZE * SIZE, 5 * SIZE * SIZE));
  }
  assert.throws(() => withContrast(phantom, 'more' as 'clahe'), /contrast: expected equalise or clahe, got "more"/);
});

test('a window of DICOM images belongs to the dataset, and to what is kept of it', async (t) => {
  const folder = tempDir(t);
  const values = Array.from({ length: SIZE * SIZE }, (_, i) => i);
  const elements = [
    ['00280010', 'US', SIZE],
    ['00280011', 'US', SIZE],
    ['00281050', 'DS', '600'],
    ['00281051', 'DS', '200'],
    ['7fe00010', 'OW', words(values)],
  ] as const;
  writeFileSync(join(folder, 'a.dcm'), dicomFile({ elements }));
  writeFileSync(join(folder, 'metadata.csv'), 'file_name,text\na.dcm,x\n');
  const cache = join(folder, 'kept');
  const shown = async (greys?: 'file' | { centre: number; width: number }): Promise<Float32Array> =>
    loadPixels(await openDataset({ data: folder, greys }), SIZE, { cache, onNote: () => undefined });
  const whole = await shown();
  for (const greys of ['file', { centre: 300, width: 100 }] as const) {
    const { data } = await readImage(join(folder, 'a.dcm'), { greys });
    const got = await shown(greys);
    assert.deepEqual(
      Array.from(got, (value) => Math.round(value * 255)),
      [...data],
    );
    assert.notDeepEqual(got, whole);
  }
  await assert.rejects(openDataset({ data: 'phantom', greys: 'file' }), /phantom: is drawn; a window \(greys\) belongs to DICOM images/);
});
