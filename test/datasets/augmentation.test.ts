/** Changed copies of images: where they go, and that nothing but the key decides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { augmentedRows, openPhantom, pixelRows } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { type Rows, rowsOf } from 'roentgen-lab/files';
import { warp } from '#datasets/augmentation/warp';
import { tempDir } from '../support';

const SIZE = 48;
const still = { right: 0, down: 0, angle: 0, scale: 1 };

/** A smooth spot at a place. */
const spot = (x: number, y: number, width = 4): Float32Array =>
  Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
    Math.exp(-(((i % SIZE) - x) ** 2 + (Math.floor(i / SIZE) - y) ** 2) / (2 * width * width)),
  );

/** Where the brightness is, and how far it spreads. */
function centre(image: Float32Array): { x: number; y: number; spread: number } {
  let [sum, x, y, square] = [0, 0, 0, 0];
  image.forEach((v, i) => {
    sum += v;
    x += v * (i % SIZE);
    y += v * Math.floor(i / SIZE);
  });
  image.forEach((v, i) => {
    square += v * (((i % SIZE) - x / sum) ** 2 + (Math.floor(i / SIZE) - y / sum) ** 2);
  });
  return { x: x / sum, y: y / sum, spread: Math.sqrt(square / sum / 2) };
}

const near = (a: number, b: number, tolerance: number): void => assert.ok(Math.abs(a - b) < tolerance, `${a}, expected ${b}`);

test('content goes where the placement says, by one resampling', () => {
  const image = spot(30, 20);
  const same = warp(image, SIZE, still);
  assert.deepEqual(same, image, 'no move, no change');
  const moved = warp(image, SIZE, { ...still, right: 3, down: -2 });
  for (let y = 5; y < 40; y++) near(moved[y * SIZE + 25]!, image[(y + 2) * SIZE + 22]!, 1e-6);
  const half = centre(warp(image, SIZE, { ...still, right: 2.5, down: 1.25 }));
  near(half.x, 32.5, 0.02);
  near(half.y, 21.25, 0.02);
  near(half.spread, 4, 0.03); // a cubic does not blur what is smooth
  const middle = (SIZE - 1) / 2;
  const turned = centre(warp(image, SIZE, { ...still, angle: Math.PI / 2 })); // clockwise: right of the middle goes below it
  near(turned.x, middle - (20 - middle), 0.02);
  near(turned.y, middle + (30 - middle), 0.02);
  const larger = centre(warp(spot(28, 22, 3), SIZE, { ...still, scale: 1.5 }));
  near(larger.x, middle + 1.5 * (28 - middle), 0.05);
  near(larger.spread, 4.5, 0.05);
  const border = warp(new Float32Array(SIZE * SIZE).fill(0.7), SIZE, { right: 9, down: 9, angle: 0.5, scale: 0.7 });
  assert.ok(
    border.every((v) => Math.abs(v - 0.7) < 1e-6),
    'the border is repeated',
  );
});

test('rows: the first copy unchanged, the others by key and number alone, within what is asked for, from disk as from memory', async (t) => {
  const phantom = openPhantom({ seed: 4, count: 6 });
  const disk = await pixelRows(phantom, SIZE, { cache: tempDir(t) });
  const all = await disk.read([0, 1, 2, 3, 4, 5]);
  let largest = 0;
  const watched: Rows = {
    ...disk,
    read: (chosen) => {
      largest = Math.max(largest, chosen.length);
      return disk.read(chosen);
    },
  };
  const changes = { copies: 4, shift: 0.05, rotation: 5, exposure: 0.2 };
  const rows = augmentedRows(watched, SIZE, changes, key(7));
  assert.deepEqual([rows.length, rows.width], [24, SIZE * SIZE]);
  assert.deepEqual(await rows.read([0, 1, 2, 3, 4, 5]), all);
  const [later] = [await rows.read([19, 7, 3])];
  assert.equal(largest, 6, 'no more is read than is asked for');
  const memory = augmentedRows(rowsOf(all, SIZE * SIZE), SIZE, changes, key(7));
  assert.deepEqual(await memory.read([19, 7, 3]), later, 'wherever rows lie');
  assert.deepEqual(await memory.read([7]), later.slice(SIZE * SIZE, 2 * SIZE * SIZE), 'whatever is read with it');
  const copy = later.slice(0, SIZE * SIZE);
  assert.notDeepEqual(copy, later.slice(SIZE * SIZE, 2 * SIZE * SIZE));
  assert.ok(later.every((v) => v >= 0 && v <= 1));
  const other = augmentedRows(disk, SIZE, changes, key(8));
  assert.notDeepEqual(await other.read([19]), copy);
  assert.equal(new Set([rows.identity, other.identity, disk.identity]).size, 3);
  await assert.rejects(rows.read([24]), /row 24: expected an integer from 0 to 23/);
  assert.throws(() => augmentedRows(disk, 32, changes, key(7)), /expected images of 32 pixels a side, got rows of 2304 values/);

  // No move at all and exposure alone: every grey has its gamma and gain.
  const light = augmentedRows(disk, SIZE, { copies: 40, shift: 0, rotation: 0, exposure: 0.3 }, key(9));
  const ratios: number[] = [];
  for (let c = 1; c < 40; c++) {
    const image = await light.read([6 * c]);
    const points = [...image.entries()].filter(([i, v]) => v > 0.05 && v < 0.99 && all[i]! > 0.05 && all[i]! < 0.95);
    const [a, b] = [points[0]!, points.find(([i]) => Math.abs(all[i]! - all[points[0]![0]]!) > 0.2)!];
    const gamma = Math.log(a[1] / b[1]) / Math.log(all[a[0]]! / all[b[0]]!);
    const gain = a[1] / all[a[0]]! ** gamma;
    for (const [i, v] of points.slice(0, 50)) near(v, gain * all[i]! ** gamma, 1e-4);
    assert.ok(Math.abs(Math.log(gamma)) <= 0.3001 && Math.abs(Math.log(gain)) <= 0.1501, `gamma ${gamma}, gain ${gain}`);
    ratios.push(gamma);
  }
  assert.ok(Math.min(...ratios) < 0.85 && Math.max(...ratios) > 1.15, 'over the whole range');
});

test('nothing is mirrored, and moves keep within what is asked for', async () => {
  const marked = spot(12, 30, 3);
  const rows = augmentedRows(rowsOf(marked, SIZE * SIZE), SIZE, { copies: 200, shift: 0.1, rotation: 0, zoom: 0, exposure: 0 }, key(3));
  const places = [];
  for (let c = 1; c < 200; c++) places.push(centre(await rows.read([c])));
  for (const [axis, at] of [
    ['x', 12],
    ['y', 30],
  ] as const) {
    const moves = places.map((place) => place[axis] - at);
    assert.ok(Math.max(...moves.map(Math.abs)) <= 0.1 * SIZE + 0.1, `${Math.max(...moves)}`);
    assert.ok(Math.min(...moves) < -0.07 * SIZE && Math.max(...moves) > 0.07 * SIZE, 'both ways');
  }
});
