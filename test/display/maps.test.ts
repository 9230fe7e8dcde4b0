import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { mapGrid, overlay, type Picture, type ScalarMap } from 'roentgen-lab/display';
import sharp from 'sharp';
import { barTicks } from '#display/colour-bar';
import { scaleColour } from '#display/colour-scale';

/** OKLab of an sRGB colour (Ottosson 2020), the way back from what is tested. */
function oklab(rgb: readonly number[]): [number, number, number] {
  const [r, g, b] = rgb.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const apart = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((v, i) => v - b[i]!));

test('equal steps of a value look equal, and both sides darken alike', () => {
  for (const sign of [-1, 1]) {
    const colours = Array.from({ length: 11 }, (_, i) => oklab(scaleColour((sign * i) / 10)));
    const steps = colours.slice(1).map((colour, i) => apart(colour, colours[i]!));
    assert.ok(Math.max(...steps) / Math.min(...steps) < 1.05, `${steps.map((step) => step.toFixed(4))}`);
  }
  const [blue, orange] = [oklab(scaleColour(-1)), oklab(scaleColour(1))];
  assert.ok(Math.abs(blue[0] - orange[0]) < 0.01);
  assert.deepEqual(scaleColour(3), scaleColour(1));
});

test('blue and orange stay apart for eyes without red or green cones', () => {
  // Vienot, Brettel, Mollon 1999: the planes of protanopes and deuteranopes in linear sRGB.
  const planes = [
    [0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1],
    [0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1],
  ];
  for (const plane of planes) {
    const seen = [-1, 1].map((end) => {
      const linear = scaleColour(end).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      const out = [0, 1, 2].map((row) => linear.reduce((sum, v, i) => sum + plane[3 * row + i]! * v, 0));
      return oklab(out.map((v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055)));
    });
    assert.ok(apart(seen[0]!, seen[1]!) > 0.2, `${apart(seen[0]!, seen[1]!)}`);
  }
});

const image: Picture = { pixels: new Float32Array(16).fill(0.5), width: 4, height: 4, channels: 1, prompt: 'Normal.' };
const map = (...values: number[]): ScalarMap => ({ values: Float32Array.from(values), width: 2, height: 2 });

async function pixelAt(png: Uint8Array, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(png).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return Array.from(data.subarray(3 * (y * info.width + x), 3 * (y * info.width + x) + 3));
}

const bytes = (value: number): number[] => scaleColour(value).map((v) => Math.round(255 * v));

test('all maps of a grid share one scale, pictures stay as they are', async () => {
  const grid = mapGrid([image, map(-1, 0, 0, 2), map(0.5, 0, 0, 0)], { labels: ['image', 'right', 'lung'], unit: 'attention', scale: 8 });
  const [left, top] = [12, 12 + 18];
  const png = grid.png();
  assert.deepEqual(await pixelAt(png, left + 1, top + 1), [128, 128, 128]);
  assert.deepEqual(await pixelAt(png, left + 44 + 1, top + 1), bytes(-0.5), 'the largest value, 2, is the end of the scale');
  assert.deepEqual(await pixelAt(png, left + 44 + 31, top + 31), bytes(1));
  assert.deepEqual(await pixelAt(png, left + 88 + 1, top + 1), bytes(0.25), 'of the other map too');
  const page = JSDOM.fragment(String(grid.bundle()['text/html']));
  const alts = Array.from(page.querySelectorAll('.rg-cells img'), (img) => img.getAttribute('alt'));
  assert.deepEqual(alts, ['image', 'map of right, -1.0 to 2.0', 'map of lung, 0.0 to 0.50']);
  assert.equal(page.querySelectorAll('.rg-bar').length, 1);
  assert.match(page.querySelector('.rg-bar')!.textContent!, /−2.*0.*\+2.*attention/);
  assert.match(String(grid.bundle()['text/plain']), /synthetic, not for diagnosis/);
});

test('values that are never negative take the orange half, from zero', () => {
  assert.deepEqual(
    barTicks({ low: 0, high: 0.14 }).map(({ text }) => text),
    ['0.00', '0.14'],
  );
  const grid = mapGrid([map(0, 0, 0, 0)], { unit: 'attention' });
  assert.match(String(grid.bundle()['text/html']), />0\.0</, 'a map of zeros has a scale too');
});

test('an overlay shows the picture where the map is zero', () => {
  const { pixels, channels } = overlay(image, map(0, 0, 0, 0));
  assert.equal(channels, 3);
  assert.ok(pixels.every((value) => value === 0.5));
  const covered = overlay(image, map(1, 1, 1, 1));
  const expected = scaleColour(1).map((value) => 0.2 * 0.5 + 0.8 * value);
  for (const [c, value] of expected.entries()) assert.ok(Math.abs(covered.pixels[c]! - value) < 1e-6);
});

test('bad maps are named', () => {
  assert.throws(() => mapGrid([image], { unit: 'x' }), /at least one map/);
  assert.throws(() => mapGrid([map(1, 2, 3)], { unit: 'x' }), /expected 2 x 2 values, got 3/);
  assert.throws(() => mapGrid([map(1, 2, 3, 4)], { unit: 'x', range: [1, 1] }), /range/);
  assert.throws(() => overlay(image, map(1)), /overlay: map: expected 2 x 2 values, got 1/);
});
