import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import sharp from 'sharp';
import { type GreyImage, type ResizeFilter, resize } from '#imaging/index';
import { fixtures, sharedData } from '../support';

interface Case {
  readonly file: string;
  readonly source: string;
  readonly op: string;
  readonly result: { readonly shape: readonly number[] };
}

async function grey(path: string): Promise<GreyImage<Uint8Array>> {
  const { data, info } = await sharp(path).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  assert.equal(info.channels, 1, `${path} has one channel`);
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

test("resizing equals Pillow's within two grey levels (another JPEG decoder), for every filter", async (t) => {
  const folder = fixtures('images');
  const sources = sharedData('nih', 'images_512');
  if (!folder || !sources) return t.skip('the shared fixtures or data are missing');
  const cases = (JSON.parse(readFileSync(`${folder}/images.json`, 'utf8')) as { cases: Case[] }).cases;
  const filters = new Set<string>();
  for (const { file, source, op, result } of cases) {
    const filter = /Pillow (\w+)/.exec(op)?.[1] as ResizeFilter;
    if (!source.startsWith('nih/images_512') || !op.startsWith('resize to')) continue;
    filters.add(filter);
    const [height, width] = result.shape as [number, number];
    const want = await grey(`${folder}/${file}`);
    const got = resize(await grey(`${sources}/${source.split('/').pop()}`), { width, height, filter });
    let [worst, sum] = [0, 0];
    got.data.forEach((v, i) => {
      const d = Math.abs(v - want.data[i]!);
      worst = Math.max(worst, d);
      sum += d;
    });
    assert.ok(worst <= 2, `${file}: largest difference ${worst} grey levels`);
    assert.ok(sum / got.data.length < 0.05, `${file}: mean difference ${sum / got.data.length}`);
  }
  assert.deepEqual([...filters].sort(), ['bicubic', 'bilinear', 'box', 'lanczos', 'nearest']);
});

test('a constant picture stays constant, whatever the filter and scale', () => {
  const image = { width: 13, height: 9, data: new Float32Array(13 * 9).fill(0.7) };
  for (const filter of ['nearest', 'box', 'area', 'bilinear', 'bicubic', 'lanczos'] as const)
    for (const [width, height] of [
      [5, 4],
      [13, 20],
      [40, 9],
    ] as const)
      for (const v of resize(image, { width, height, filter }).data)
        assert.ok(Math.abs(v - 0.7) < 1e-6, `${filter} ${width}x${height}: ${v}`);
});

test('area is the mean of the covered pixels, also where they are covered in part', () => {
  const image = { width: 3, height: 1, data: Float32Array.of(0, 1, 5) };
  assert.deepEqual(
    [...resize({ width: 4, height: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, { width: 2, height: 1, filter: 'area' }).data],
    [3.5, 5.5],
  );
  assert.deepEqual([...resize(image, { width: 1, height: 1, filter: 'area' }).data], [2]);
});

test('sizes that do not fit are refused with both numbers', () => {
  const image = { width: 4, height: 4, data: new Uint8Array(48) };
  assert.throws(() => resize(image, { width: 2, height: 2 }), /expected 4 \* 4 = 16 numbers \(one channel\), got 48/);
  assert.throws(() => resize({ ...image, data: new Uint8Array(16) }, { width: 0, height: 2 }), /expected integers >= 1, got 4x4 to 0x2/);
});
