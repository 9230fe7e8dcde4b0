import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { normalArray } from '#engine/internal';
import { powerRatios } from '#evaluation/detail/ratios';
import { bandsOf, ringsOfBand, type Spectra, spectraOf } from '#evaluation/detail/spectrum';
import { blurred } from '#evaluation/instruments/spoil';
import { noLeaks } from '../../support';

const SIZE = 64;
const AREA = SIZE * SIZE;

/** The mean over images of each ring's power. */
const meanOf = ({ images, rings, power }: Spectra): number[] =>
  Array.from({ length: rings }, (_, ring) => {
    let sum = 0;
    for (let i = 0; i < images; i++) sum += power[i * rings + ring]!;
    return sum / images;
  });

/** Normal noise about a grey. */
const noise = (images: number, deviation: number): Float32Array =>
  normalArray(key(3), images * AREA).map((value) => 0.5 + deviation * value);

test(
  'a wave has its power at its frequency, as much as the window leaves of it, whichever way it runs',
  noLeaks(async () => {
    const [amplitude, frequency] = [0.3, 12];
    for (const along of ['x', 'y'] as const) {
      const wave = Float32Array.from({ length: AREA }, (_, at) => {
        const place = along === 'x' ? at % SIZE : Math.floor(at / SIZE);
        return 0.5 + amplitude * Math.cos((2 * Math.PI * frequency * place) / SIZE + 0.4);
      });
      const spectra = await spectraOf(wave, SIZE);
      const total = (rings: readonly number[]): number =>
        rings.reduce((sum, ring) => sum + spectra.power[ring - 1]! * spectra.counts[ring - 1]!, 0);
      // Hann's transform is n/2 at its middle and n/4 on both sides of it; the wave is there twice, of half the amplitude each.
      const expected = 2 * (amplitude / 2) ** 2 * ((3 * SIZE ** 2) / 8) ** 2;
      const own = total([frequency - 1, frequency, frequency + 1]);
      assert.ok(Math.abs(own / expected - 1) < 1e-3, `${along}: ${own} of ${expected}`);
      const all = total(Array.from({ length: SIZE / 2 }, (_, i) => i + 1));
      assert.ok(all / own - 1 < 1e-5, `${along}: ${all} of ${own}`);
    }
  }),
);

test(
  'white noise has the same power at every frequency: its variance times the energy of the window',
  noLeaks(async () => {
    const deviation = 0.1;
    const spectra = await spectraOf(noise(40, deviation), SIZE);
    const expected = deviation ** 2 * ((3 * SIZE) / 8) ** 2;
    for (const [i, power] of meanOf(spectra).entries()) {
      if (i < 2) continue; // of few frequencies, and next to the mean that was taken away
      assert.ok(Math.abs(power / expected - 1) < 0.15, `ring ${i + 1}: ${power / expected}`);
    }
    // Rounding is white noise of a twelfth of a step's square.
    assert.ok(Math.abs(spectra.floor / ((1 / 255 ** 2 / 12) * ((3 * SIZE) / 8) ** 2) - 1) < 1e-6);
  }),
);

test(
  'a blurred image has of each frequency what the transfer function of the Gaussian leaves',
  noLeaks(async () => {
    const deviation = 1.2; // pixels
    const sharp = noise(30, 0.1);
    const soft = new Float32Array(sharp.length);
    for (let i = 0; i < 30; i++) soft.set(blurred(sharp.subarray(i * AREA, (i + 1) * AREA), SIZE, deviation / SIZE), i * AREA);
    const { rings, bands } = powerRatios(await spectraOf(soft, SIZE), await spectraOf(sharp, SIZE), SIZE, {
      key: key(1),
      draws: 50,
      paired: true,
    });
    assert.equal(rings.length, SIZE / 2);
    for (const ring of [4, 8, 12, 16]) {
      const expected = Math.exp(-4 * Math.PI ** 2 * deviation ** 2 * (ring / SIZE) ** 2);
      const { value, low, high } = rings[ring - 1]!;
      assert.ok(Math.abs(value / expected - 1) < 0.1, `ring ${ring}: ${value} of ${expected}`);
      assert.ok(low <= value && value <= high);
    }
    const [finest] = bands.slice(-1);
    assert.ok(finest!.high < 0.1 && bands.every((band, b) => b === 0 || band.value < bands[b - 1]!.value), JSON.stringify(bands));
  }),
);

test(
  'unpaired sets of one kind are alike; a plain image has what rounding gives, not nothing',
  noLeaks(async () => {
    const all = noise(40, 0.1);
    const [first, second] = [await spectraOf(all.subarray(0, 20 * AREA), SIZE), await spectraOf(all.subarray(20 * AREA), SIZE)];
    const { bands } = powerRatios(first, second, SIZE, { key: key(1), draws: 200, paired: false });
    for (const { value, low, high } of bands) assert.ok(low < 1.05 && high > 0.95 && Math.abs(value - 1) < 0.5, `${low} ${value} ${high}`);
    const plain = await spectraOf(new Float32Array(20 * AREA).fill(0.5), SIZE);
    const lost = powerRatios(plain, second, SIZE, { key: key(1), draws: 20, paired: true }).bands.at(-1)!;
    assert.ok(Math.abs(Math.log(lost.value) - Math.log(1 / (12 * 25.5 ** 2))) < 0.05, `${lost.value}`);
  }),
);

test('bands are octaves up to Nyquist that hold each frequency once', () => {
  for (const size of [16, 32, 48, 64, 128, 256]) {
    const bands = bandsOf(size);
    assert.equal(bands.at(-1)!.to, size / 2);
    const rings = bands.flatMap((band, i) => ringsOfBand(band, i === 0));
    assert.deepEqual(
      rings,
      Array.from({ length: size / 2 }, (_, i) => i + 1),
    );
    for (const { from, to } of bands) assert.equal(from, Math.floor(to / 2));
  }
});

test('what is no image, or none like the other, is said', async () => {
  await assert.rejects(() => spectraOf(new Float32Array(100), SIZE), /100 values are no whole number of 64 × 64 images/);
  await assert.rejects(() => spectraOf(new Float32Array(2 * AREA).fill(Number.NaN, AREA), SIZE), /image 1 has values that are not finite/);
  const [large, small] = [await spectraOf(noise(2, 0.1), SIZE), await spectraOf(new Float32Array(3 * 256).fill(0.5), 16)];
  const options = { key: key(1), draws: 10, paired: true };
  assert.throws(() => powerRatios(large, small, SIZE, options), /32 and 8 frequencies: expected images of one size/);
  const more = await spectraOf(noise(3, 0.1), SIZE);
  assert.throws(() => powerRatios(large, more, SIZE, options), /2 and 3 images are no pairs/);
});
