/** Contrast, crops and sizes, on images small enough to be reckoned by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  autocontrast,
  centreCrop,
  clahe,
  equaliseHistogram,
  equaliseLevels,
  gamma,
  luma,
  percentile,
  rescalePercentiles,
  sizeForSide,
} from '#imaging/index';

const close = (got: Float32Array, want: readonly number[]): void => {
  assert.equal(got.length, want.length);
  got.forEach((value, i) => {
    assert.ok(Math.abs(value - want[i]!) < 1e-6, `${i}: ${value}, expected ${want[i]}`);
  });
};

test('equalisation gives the place in the distribution', () => {
  close(equaliseHistogram(Uint8Array.of(10, 10, 20, 200)), [0.5, 0.5, 0.75, 1]);
  assert.deepEqual(equaliseLevels(new Uint8Array(400).fill(7)), new Uint8Array(400).fill(7), 'one level stays');
  const ramp = Uint8Array.from({ length: 256 * 4 }, (_, i) => i >> 3);
  const spread = equaliseLevels(ramp);
  assert.deepEqual([spread[0], spread.at(-1)], [0, 255]);
  assert.ok(spread.every((value, i) => i === 0 || value >= spread[i - 1]!));
});

test('percentiles lie between levels, and stretch to 0 and 1', () => {
  const image = Uint8Array.of(0, 10, 20, 30, 200);
  assert.equal(percentile(image, 50), 20);
  assert.equal(percentile(image, 10), 4);
  assert.equal(percentile(image, 100), 200);
  close(rescalePercentiles(image, 25, 75), [0, 0, 0.5, 1, 1]);
  close(rescalePercentiles(new Uint8Array(3).fill(9), 2, 98), [0, 0, 0]);
  assert.throws(() => rescalePercentiles(image, 50, 50), RangeError);
  close(gamma(Uint8Array.of(0, 255, 64), 0.5), [0, 1, Math.sqrt(64 / 255)]);
  assert.deepEqual(autocontrast(Uint8Array.of(50, 100, 150), 0), Uint8Array.of(0, 127, 255));
  assert.deepEqual(autocontrast(Uint8Array.of(0, ...new Array(98).fill(100), 200), 2), Uint8Array.of(0, ...new Array(98).fill(100), 200));
});

test('adaptive equalisation brings faint lines out, on either side of an edge, and leaves an image of one level black', () => {
  const data = Uint8Array.from({ length: 32 * 32 }, (_, i) => (i % 32 < 16 ? 100 : 110) + ((i >> 5) % 2));
  const out = clahe({ width: 32, height: 32, data }, { tile: [8, 8], clipLimit: 0 });
  for (const x of [3, 28]) assert.ok(out[10 * 32 + x]! < out[11 * 32 + x]! - 0.4, `${x}: ${out[10 * 32 + x]}, ${out[11 * 32 + x]}`);
  assert.ok(clahe({ width: 9, height: 5, data: new Uint8Array(45).fill(3) }).every((value) => value === 0));
  assert.throws(() => clahe({ width: 9, height: 5, data: new Uint8Array(45) }, { tile: [0, 4] }), RangeError);
});

test('the shorter or the longer side is brought to a size', () => {
  assert.deepEqual(sizeForSide({ width: 655, height: 533 }, 224, 'shortest'), { width: 275, height: 224 });
  assert.deepEqual(sizeForSide({ width: 533, height: 655 }, 512, 'longest'), { width: 416, height: 512 });
  assert.deepEqual(sizeForSide({ width: 7, height: 7 }, 5, 'longest'), { width: 5, height: 5 });
  assert.deepEqual(sizeForSide({ width: 5000, height: 1 }, 64, 'longest'), { width: 64, height: 1 });
});

test('a crop of an odd margin goes where torchvision or Transformers put it', () => {
  const row = (n: number): { width: number; height: number; data: Uint8Array } => ({
    width: n,
    height: 1,
    data: Uint8Array.from({ length: n }, (_, i) => i),
  });
  const first = (n: number, rounding: 'even' | 'down'): number => centreCrop(row(n), { width: 4, height: 1 }, rounding).data[0]!;
  assert.deepEqual([4, 5, 6, 7, 8, 9].map((n) => first(n, 'even')), [0, 0, 1, 2, 2, 2]); // biome-ignore format: one case
  assert.deepEqual([4, 5, 6, 7, 8, 9].map((n) => first(n, 'down')), [0, 0, 1, 1, 2, 2]); // biome-ignore format: one case
  assert.throws(() => centreCrop(row(3), { width: 4, height: 1 }, 'down'), /expected 4 × 1 pixels or more, got 3 × 1/);
});

test("luma is Pillow's", () => {
  assert.deepEqual(luma(Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 12, 200, 77)), Uint8Array.of(255, 76, 150, 29, 130));
});
