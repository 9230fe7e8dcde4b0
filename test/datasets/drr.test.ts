/** Radiographs of CT volumes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coarserVolume, type Drr, type DrrOptions, radiographOf, radiographsOf } from 'roentgen-lab/datasets';
import { readCt, type Volume } from 'roentgen-lab/files';
import { sharedData } from '../support';

/** Inside an ellipse. */
const within = (x: number, y: number, a: number, b: number): boolean => (x / a) ** 2 + (y / b) ** 2 < 1;

/**
 * A chest of ellipses: a body of water, two lungs, a heart at the patient's left in front, a spine behind, on a table that it does not touch. 4 mm
 * voxels, 10 mm slices.
 */
function chest(): Volume {
  const shape = [110, 80, 32] as const;
  const spacing = [4, 4, 10] as const;
  const data = new Float32Array(shape[0] * shape[1] * shape[2]);
  let i = 0;
  for (let z = 0; z < shape[2]; z++)
    for (let y = 0; y < shape[1]; y++)
      for (let x = 0; x < shape[0]; x++, i++) {
        const [px, py, pz] = [(x - 54.5) * 4, (y - 34.5) * 4, (z - 15.5) * 10];
        data[i] = -1000;
        if (within(px, py, 170, 110)) data[i] = 0;
        const lung = Math.abs(pz) < 115 && (within(px - 80, py + 5, 62, 85) || within(px + 80, py + 5, 62, 85));
        if (lung) data[i] = -850;
        if (Math.abs(pz + 40) < 50 && within(px - 45, py + 30, 55, 45)) data[i] = 40;
        if (within(px, py - 75, 18, 18)) data[i] = 500;
        if (py > 127 && py < 131 && Math.abs(px) < 200) data[i] = 300; // the table
      }
  return { data, shape, spacing, affine: [4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 10, 0, 0, 0, 0, 1] };
}

const quiet: DrrOptions = { size: 96, noise: 0 };

/** Mean grey of a part of the image, in fractions of its sides. */
function grey({ width, height, pixels }: Drr, [left, right]: readonly [number, number], [top, bottom]: readonly [number, number]): number {
  let [sum, n] = [0, 0];
  for (let y = Math.floor(top * height); y < bottom * height; y++)
    for (let x = Math.floor(left * width); x < right * width; x++, n++) sum += pixels[y * width + x]!;
  return sum / n;
}

test('lungs are dark beside the mediastinum, and the heart is on the right of both frontal views', async () => {
  const volume = chest();
  for (const view of ['pa', 'ap'] as const) {
    const image = await radiographOf(volume, { ...quiet, view });
    assert.ok(image.pixels.every((value) => value >= 0 && value <= 1));
    const [right, middle, left] = [[0.2, 0.3], [0.47, 0.53], [0.7, 0.8]].map((part) => grey(image, part as [number, number], [0.25, 0.35])); // biome-ignore format: one case
    assert.ok(right! < middle! - 0.1 && left! < middle! - 0.1, `${view}: ${right}, ${middle}, ${left}`);
    const [rightHeart, leftHeart] = [grey(image, [0.3, 0.4], [0.55, 0.7]), grey(image, [0.6, 0.7], [0.55, 0.7])];
    assert.ok(leftHeart > rightHeart + 0.05, `${view}: the heart's side ${leftHeart}, the other ${rightHeart}`);
  }
});

test("a lateral view has the front on the right as the phantom has it, in DRR-RATE's on the left", async () => {
  const sides = [[0.3, 0.42], [0.5, 0.58], [0.69, 0.75]].map((part) => part as [number, number]); // biome-ignore format: one case
  const [first, second, third] = sides as [[number, number], [number, number], [number, number]];
  const mirrored = ([from, to]: [number, number]): [number, number] => [1 - to, 1 - from];
  for (const mode of ['physical', 'drr-rate'] as const) {
    const image = await radiographOf(chest(), { ...quiet, view: 'lateral', mode });
    const at = (part: [number, number], rows: [number, number]): number => grey(image, mode === 'drr-rate' ? part : mirrored(part), rows);
    const [heart, behind] = [at(first, [0.55, 0.65]), at(second, [0.55, 0.65])];
    assert.ok(heart > behind + 0.03, `${mode}: heart ${heart}, behind it ${behind}`);
    const [spine, before] = [at(third, [0.2, 0.3]), at(second, [0.2, 0.3])];
    if (mode === 'physical') assert.ok(spine > before + 0.1, `spine ${spine}, before it ${before}`);
  }
});

test("the table is not shown, DRR-RATE's mode has all that the scan has", async () => {
  const volume = chest();
  const bare = { ...volume, data: volume.data.map((value) => (value === 300 ? -1000 : value)) };
  const [withTable, without] = await Promise.all([volume, bare].map((each) => radiographOf(each, { ...quiet, view: 'lateral' })));
  assert.deepEqual(withTable!.pixels, without!.pixels);
  const published = await Promise.all([volume, bare].map((each) => radiographOf(each, { size: 96, view: 'ap', mode: 'drr-rate' })));
  assert.notDeepEqual(published[0]!.pixels, published[1]!.pixels);
});

test("DRR-RATE's mode has the tool's distances, and goes from the lowest to the highest", async () => {
  const image = await radiographOf(chest(), { size: 128, view: 'ap', mode: 'drr-rate', threshold: 0 });
  assert.deepEqual([image.sourceToDetector, image.sourceToCentre, image.azimuth], [1000, 1300, 0]);
  assert.ok(Math.abs(image.pixel - (0.51 * 4 * 1300) / 1000) < 1e-9);
  const ends = image.pixels.reduce(([low, high], value) => [Math.min(low!, value), Math.max(high!, value)], [1, 0]);
  assert.deepEqual(ends, [0, 1]);
});

test('the same seed gives the same bytes, another one other noise; more exposure is darker', async () => {
  const volume = chest();
  const draw = async (options: DrrOptions): Promise<Drr> => radiographOf(volume, { size: 64, ...options });
  const [a, b, c] = [await draw({ seed: 1 }), await draw({ seed: 1 }), await draw({ seed: 2 })];
  assert.deepEqual(a.pixels, b.pixels);
  assert.notDeepEqual(a.pixels, c.pixels);
  const [light, dark] = [await draw({ exposure: -1, noise: 0 }), await draw({ exposure: 1, noise: 0 })];
  assert.ok(grey(light, [0.3, 0.7], [0.3, 0.7]) > grey(dark, [0.3, 0.7], [0.3, 0.7]) + 0.05);
});

test('without scatter the shadow of dense parts is deeper', async () => {
  const [none, usual] = await Promise.all([0, 1].map((scatter) => radiographOf(chest(), { ...quiet, view: 'ap', scatter })));
  const spread = (image: Drr): number => grey(image, [0.47, 0.53], [0.25, 0.35]) - grey(image, [0.7, 0.8], [0.25, 0.35]);
  assert.ok(spread(none!) > spread(usual!) + 0.02, `${spread(none!)} against ${spread(usual!)}`);
});

test('what is out of range is refused, and so is a volume of air', async () => {
  const volume = chest();
  const cases: [DrrOptions, RegExp][] = [
    [{ size: 5 }, /size: expected an integer from 16 to 4096, got 5/],
    [{ view: 'top' as 'ap' }, /view: expected pa, ap, lateral, oblique or degrees, got top/],
    [{ view: Number.NaN }, /view: expected/],
    [{ exposure: 9 }, /exposure: expected/],
    [{ noise: -1 }, /noise: expected/],
    [{ scatter: Number.NaN }, /scatter: expected/],
    [{ mode: 'drr-rate', threshold: Number.NaN }, /threshold: expected/],
    [{ mode: 'best' as 'physical' }, /mode: expected physical or drr-rate/],
  ];
  for (const [options, message] of cases)
    await assert.rejects(radiographOf(volume, options), (error: Error) => error instanceof RangeError && message.test(error.message));
  const air = { ...volume, data: volume.data.map(() => -1000) };
  for (const mode of ['physical', 'drr-rate'] as const) {
    await assert.rejects(radiographOf(air, { mode }), /nothing but air/);
    // Stored values that nobody rescaled: air is 0 or near it.
    const raw = { ...volume, data: volume.data.map((value) => value + 1024) };
    await assert.rejects(radiographOf(raw, { mode }), /no value of air .*rescale slope and intercept/);
  }
});

test('the shared CT becomes a chest radiograph in seconds', async (t) => {
  const folder = sharedData('ct_chest', 'lung_dx_a0001_b');
  if (!folder) return t.skip('the shared CT is missing');
  const image = await radiographOf(await readCt(folder), { size: 256, noise: 0 });
  const middle = grey(image, [0.46, 0.54], [0.5, 0.8]);
  for (const lung of [grey(image, [0.2, 0.32], [0.35, 0.5]), grey(image, [0.68, 0.8], [0.35, 0.5])])
    assert.ok(lung < middle - 0.15, `lung ${lung}, middle ${middle}`);
});

test('radiographs of one volume after each other are those that each call makes', async () => {
  const take = radiographsOf(chest());
  for (const view of ['ap', 'lateral', 30] as const)
    assert.deepEqual(await take({ size: 64, view }), await radiographOf(chest(), { size: 64, view }), String(view));
  await assert.rejects(take({ size: 8 }), /size/);
});

test('a coarser volume averages blocks, lies where the fine one does, and throws nearly the same shadow', async () => {
  const data = Float32Array.from({ length: 5 * 4 * 2 }, (_, i) => i);
  const small = coarserVolume(
    { data, shape: [5, 4, 2], spacing: [1, 2, 5], affine: [1, 0, 0, 10, 0, 2, 0, 20, 0, 0, 5, 30, 0, 0, 0, 1] },
    4,
  );
  assert.deepEqual(
    [small.shape, small.spacing],
    [
      [1, 2, 2],
      [4, 4, 5],
    ],
  );
  assert.deepEqual(Array.from(small.data), [4, 14, 24, 34]); // of 0 to 3 and 5 to 8, …
  assert.deepEqual(small.affine, [4, 0, 0, 11.5, 0, 4, 0, 21, 0, 0, 5, 30, 0, 0, 0, 1]);
  const volume = chest();
  const [fine, coarse] = await Promise.all(
    [volume, coarserVolume(volume, 2 * volume.spacing[0])].map((each) => radiographOf(each, { ...quiet, size: 48, view: 'pa' })),
  );
  const apart = fine!.pixels.reduce((sum, value, i) => sum + Math.abs(value - coarse!.pixels[i]!), 0) / fine!.pixels.length;
  assert.ok(apart < 0.05, `${apart} on average`);
  assert.throws(() => coarserVolume(volume, 0), /positive spacing/);
});
