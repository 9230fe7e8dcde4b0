import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, uniformArray } from 'roentgen-lab/engine';
import { type GreyPixels, msSsim, promptDiversity, psnr, reconstructionError, ssim } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';
import { meanSquaredError, msSsimScales } from '#metrics/ssim';
import { verifyFixtures } from '../networks';

const SIZE = 176;
const picture = (seed: number, size = SIZE): GreyPixels => ({ pixels: uniformArray(key(seed), size * size), width: size, height: size });
const noisy = ({ pixels, width, height }: GreyPixels, level: number): GreyPixels => {
  const noise = normalArray(key(99), pixels.length);
  return { pixels: Float32Array.from(pixels, (value, i) => value + level * noise[i]!), width, height };
};

test('metrics/images of the reference implementations', (t) => verifyFixtures(t, 'metrics/images'));

test('the same picture has index 1, and noise lowers it, in every scale that there is', () => {
  const x = picture(1);
  assert.equal(ssim(x, x), 1);
  assert.equal(msSsim(x, x), 1);
  assert.equal(psnr(x, x), Number.POSITIVE_INFINITY);
  const [little, much] = [noisy(x, 0.05), noisy(x, 0.2)];
  assert.ok(ssim(x, little) > ssim(x, much) && msSsim(x, little) > msSsim(x, much));
  assert.ok(Math.abs(psnr(x, little) - 10 * Math.log10(1 / meanSquaredError(x, little))) < 1e-12);
  assert.equal(msSsim(x, little, { scales: 1 }), ssim(x, little));
});

test('small pictures have fewer scales, and asking for all of them is an error that says so', () => {
  assert.deepEqual([10, 11, 22, 64, 160, 161, 512].map(msSsimScales), [0, 1, 2, 3, 4, 5, 5]);
  assert.throws(() => msSsim(picture(1, 64), picture(2, 64)), /64 × 64 have 3 scales of whole windows, asked for 5/);
  assert.throws(() => ssim(picture(1, 8), picture(2, 8)), /at least the window's 11 pixels/);
  assert.throws(() => ssim(picture(1, 32), picture(2, 64)), /32 × 32 and 64 × 64/);
});

test('diversity: four pictures of a prompt are six pairs, alike ones come near 1', () => {
  const [x, y] = [picture(1, 64), picture(2, 64)];
  const alike = promptDiversity([x, x, x, noisy(x, 0.01)], 4);
  const other = promptDiversity([x, y, picture(3, 64), picture(4, 64), y, y, y, y], 4);
  assert.equal(alike.pairs, 6);
  assert.equal(other.pairs, 12);
  assert.equal(alike.scales, 3);
  assert.ok(alike.mean > 0.95 && other.mean < alike.mean);
  assert.throws(() => promptDiversity([x, y, x], 2), /groups of 2 pictures/);
});

test('the error of a reconstruction, as means over pictures', () => {
  const pixels = uniformArray(key(5), 2 * 32 * 32);
  const shifted = pixels.map((value) => value + 0.1);
  const { l1, psnr: decibels } = reconstructionError(pixels, shifted, 32);
  assert.ok(Math.abs(l1 - 0.1) < 1e-6 && Math.abs(decibels - 20) < 1e-4);
  assert.equal(reconstructionError(pixels, pixels, 32).ssim, 1);
  assert.throws(() => reconstructionError(pixels, shifted.subarray(1), 32), /are not as many 32 × 32 images/);
});
