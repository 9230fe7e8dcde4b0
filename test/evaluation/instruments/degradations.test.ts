import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, openPhantom, renderStudy } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { degradationsOf, inEightBits } from '#evaluation/instruments/degradations';

const SIZE = 32;
const phantom = openPhantom({ count: 6, cache: false });
const pixels = phantom.batch([0, 1, 2, 3, 4, 5], SIZE);

const difference = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;

test('each degradation changes images more with its strength, the same with the same key', async () => {
  const images = await pixels;
  for (const { name, strengths, apply } of degradationsOf(phantom)) {
    assert.deepEqual(await apply(images, SIZE, 0, key(1)), inEightBits(images), name);
    let last = 0;
    for (const strength of strengths) {
      const worse = await apply(images, SIZE, strength, key(1));
      assert.ok(
        worse.every((value) => value >= 0 && value <= 1 && Math.abs(value * 255 - Math.round(value * 255)) < 1e-3),
        name,
      );
      const far = difference(worse, images);
      // Six images are few: some fractions of them are the same number of images.
      assert.ok(far >= last && (far > last || strength < 0.2), `${name} ${strength}: ${far} after ${last}`);
      last = far;
      assert.deepEqual(await apply(images, SIZE, strength, key(1)), worse, name);
    }
  }
});

test('a blur keeps the mean and flattens, noise has its deviation, contrast keeps the mean', async () => {
  const images = await pixels;
  const of = (name: string) => degradationsOf(phantom).find((each) => each.name === name)!;
  const grey = new Float32Array(SIZE * SIZE).fill(0.5);
  const noise = await of('noise').apply(grey, SIZE, 0.1, key(2));
  assert.ok(Math.abs(Math.sqrt(difference(noise, grey)) / 0.1 - 1) < 0.1);
  const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const name of ['blur', 'flattened contrast'])
    assert.ok(Math.abs(mean(await of(name).apply(images, SIZE, 0.75, key(1))) - mean(images)) < 0.01);
  // An edge of a step becomes the Gaussian's integral: 3% of 32 pixels are 0.96.
  const step = Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE < SIZE / 2 ? 0 : 1));
  const edge = await of('blur').apply(step, SIZE, 3, key(1));
  assert.ok(Math.abs(edge[SIZE * 8 + SIZE / 2]! - 0.7) < 0.02, `${edge[SIZE * 8 + SIZE / 2]}`);
});

test('the phantom leaves out ribs and nothing else; other images lose the bands that ribs make', async () => {
  const study = phantom.study(0);
  assert.deepEqual(renderStudy(study, SIZE, { ribs: 1 }), renderStudy(study, SIZE));
  const [whole, without] = [renderStudy(study, 128), renderStudy(study, 128, { ribs: 0 })];
  const changed = without.reduce((sum, value, i) => sum + Math.abs(value - whole[i]!), 0) / without.length;
  assert.ok(changed > 1 && changed < 40, `${changed}`);
  const { study: _, ...images }: { study: unknown } & Dataset = phantom;
  const ribs = degradationsOf(images).find(({ name }) => name === 'missing ribs')!;
  const bands = Float32Array.from({ length: 64 * 64 }, (_, i) => 0.5 + 0.2 * Math.sin((2 * Math.PI * Math.floor(i / 64)) / 9));
  const columns = Float32Array.from({ length: 64 * 64 }, (_, i) => 0.5 + 0.2 * Math.sin((2 * Math.PI * (i % 64)) / 9));
  const left = async (image: Float32Array): Promise<number> =>
    difference(await ribs.apply(image, 64, 1, key(1)), new Float32Array(64 * 64).fill(0.5));
  assert.ok((await left(bands)) < 0.35 * difference(bands, new Float32Array(64 * 64).fill(0.5)));
  assert.ok((await left(columns)) > 0.99 * difference(columns, new Float32Array(64 * 64).fill(0.5)));
});

test('a fraction of images is that fraction, and the rest is as it was', async () => {
  const images = await pixels;
  const area = SIZE * SIZE;
  for (const name of ['shapeless images', 'repeated image']) {
    const { apply } = degradationsOf(phantom).find((each) => each.name === name)!;
    const worse = await apply(images, SIZE, 0.5, key(3));
    const kept = [0, 1, 2, 3, 4, 5].filter(
      (i) => difference(worse.subarray(i * area, (i + 1) * area), inEightBits(images.subarray(i * area, (i + 1) * area))) === 0,
    );
    assert.ok(kept.length === 3 || (name === 'repeated image' && kept.length === 4), `${name}: ${kept}`); // the one image itself may be chosen
  }
});
