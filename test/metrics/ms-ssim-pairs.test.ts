import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { msSsim, msSsimOfPairs } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';
import { msSsimScales } from '#metrics/ssim';
import { noLeaks } from '../support';

/** Waves, and the same with noise that grows from image to image. */
function pairs(count: number, size: number): [Float32Array, Float32Array] {
  const noise = normalArray(key(size), count * size * size);
  const first = Float32Array.from(noise, (_, at) => 0.5 + 0.3 * Math.sin((at % size) / 5) * Math.cos(Math.floor(at / size) / 7));
  return [first, first.map((value, at) => value + 0.06 * Math.floor(at / (size * size)) * noise[at]!)];
}

test(
  'pairs at a time are what pairs alone are, at all scales and odd sides',
  noLeaks(async () => {
    for (const size of [64, 93, 176]) {
      const [a, b] = pairs(5, size);
      const scales = msSsimScales(size);
      const got = await msSsimOfPairs(a, b, size);
      assert.equal(got.length, 5);
      for (const [i, value] of got.entries()) {
        const picture = (pixels: Float32Array) => ({
          pixels: pixels.subarray(i * size * size, (i + 1) * size * size),
          width: size,
          height: size,
        });
        const expected = msSsim(picture(a), picture(b), { scales });
        assert.ok(Math.abs(value - expected) < 1e-4, `${size} pixels, pair ${i}: ${value}, expected ${expected}`);
      }
      assert.ok(Math.abs(got[0]! - 1) < 1e-5 && got[4]! < 0.9);
    }
    const [a, b] = pairs(2, 32);
    const inBytes = await msSsimOfPairs(
      a.map((v) => 255 * v),
      b.map((v) => 255 * v),
      32,
      { range: 255 },
    );
    const ones = await msSsimOfPairs(a, b, 32);
    assert.ok(Math.abs(inBytes[1]! - ones[1]!) < 1e-4);
    await assert.rejects(() => msSsimOfPairs(a, b.subarray(1), 32), /not as many images/);
    await assert.rejects(() => msSsimOfPairs(a, b, 32, { scales: 5 }), /have 2 scales of whole windows, asked for 5/);
  }),
);
