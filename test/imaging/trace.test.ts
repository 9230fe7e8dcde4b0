/** Projections of volumes against closed forms. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConeGeometry, coneRays, parallelRays, projectVolume, type Rays, traceRows, type VoxelGrid } from '#imaging/index';

/** A volume by its value at the middle of each box, in mm from the centre. */
function grid(
  shape: [number, number, number],
  spacing: [number, number, number],
  value: (x: number, y: number, z: number) => number,
): VoxelGrid {
  const [nx, ny, nz] = shape;
  const data = new Float32Array(nx * ny * nz);
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++)
        data[(z * ny + y) * nx + x] = value(
          (x + 0.5 - nx / 2) * spacing[0],
          (y + 0.5 - ny / 2) * spacing[1],
          (z + 0.5 - nz / 2) * spacing[2],
        );
  return { data, shape, spacing };
}

function trace(volume: VoxelGrid, rays: Rays): Float32Array {
  const out = new Float32Array(rays.width * rays.height);
  traceRows(volume, rays, 'length', 0, rays.height, out);
  return out;
}

const cone: ConeGeometry = { azimuth: 0, sourceToDetector: 1500, sourceToCentre: 1200, width: 33, height: 29, pitch: 7 };

/** How far the ray of a pixel runs within a box about the centre. */
function chord(rays: Rays, row: number, column: number, half: readonly number[]): number {
  const to = rays.corner.map((c, i) => c + column * rays.right[i]! + row * rays.down[i]!);
  let [enter, leave] = [0, 1];
  const d = to.map((value, i) => value - rays.source[i]!);
  for (let i = 0; i < 3; i++) {
    const ends = [(-half[i]! - rays.source[i]!) / d[i]!, (half[i]! - rays.source[i]!) / d[i]!];
    enter = Math.max(enter, Math.min(...ends));
    leave = Math.min(leave, Math.max(...ends));
  }
  return Math.max(0, leave - enter) * Math.hypot(...d);
}

test('a box of one value weighs its chord, at any angle, wherever its boxes end', () => {
  for (const [azimuth, tilt] of [[0, 0], [90, 0], [180, 0], [31, 12], [-75, -20], [45, 0]] as const) // biome-ignore format: pairs
    for (const shape of [
      [7, 10, 4],
      [1, 1, 1],
      [64, 3, 9],
    ] as [number, number, number][]) {
      // biome-ignore format: triples
      const spacing = [140 / shape[0], 90 / shape[1], 110 / shape[2]] as [number, number, number];
      const rays = coneRays({ ...cone, azimuth, tilt });
      const got = trace(grid(shape, spacing, () => 0.5), rays); // biome-ignore format: one case
      for (let row = 0; row < rays.height; row++)
        for (let column = 0; column < rays.width; column++) {
          const want = 0.5 * chord(rays, row, column, [70, 45, 55]);
          const value = got[row * rays.width + column]!;
          assert.ok(Math.abs(value - want) < 1e-4, `${azimuth}°, ${shape.join('×')}, ${row}, ${column}: ${value}, expected ${want}`);
        }
    }
});

test('a sphere weighs its chord, as well as its boxes are small', () => {
  const radius = 40;
  const sphere = grid([100, 100, 100], [1, 1, 1], (x, y, z) => (x * x + y * y + z * z < radius * radius ? 1 : 0));
  const rays = parallelRays({ azimuth: 27, width: 41, height: 41, pitch: 2.3 });
  const got = trace(sphere, rays);
  let [sum, worst] = [0, 0];
  for (let row = 0; row < 41; row++)
    for (let column = 0; column < 41; column++) {
      const r2 = ((row - 20) * 2.3) ** 2 + ((column - 20) * 2.3) ** 2;
      const value = got[row * 41 + column]!;
      if (r2 < (radius - 4) ** 2) worst = Math.max(worst, Math.abs(value - 2 * Math.sqrt(radius * radius - r2)));
      sum += value * 2.3 * 2.3;
    }
  assert.ok(worst < 3, `${worst} mm`);
  assert.ok(Math.abs(sum / ((4 / 3) * Math.PI * radius ** 3) - 1) < 0.01, `volume ${sum}`);
});

test('a thing in front is on the right side of each view, and larger the nearer it is to the source', () => {
  // A bead at the patient's left, in front, near the head.
  const bead = grid([60, 60, 60], [5, 5, 5], (x, y, z) =>
    Math.abs(x - 77.5) < 3 && Math.abs(y + 52.5) < 3 && Math.abs(z - 97.5) < 3 ? 1 : 0,
  );
  const place = (options: Partial<ConeGeometry>): [column: number, row: number] => {
    const width = 121;
    const rays = coneRays({ ...cone, sourceToDetector: 1000, sourceToCentre: 800, width, height: width, pitch: 3, ...options });
    const values = trace(bead, rays);
    let [sum, across, down] = [0, 0, 0];
    values.forEach((value, i) => {
      sum += value;
      across += value * (i % width);
      down += value * Math.floor(i / width);
    });
    return [across / sum - 60, down / sum - 60];
  };
  const [apColumn, apRow] = place({});
  assert.ok(Math.abs(apColumn - (77.5 * 1000) / (800 - 52.5) / 3) < 0.5, `AP: the patient's left is on the right: ${apColumn}`);
  assert.ok(Math.abs(apRow + (97.5 * 1000) / (800 - 52.5) / 3) < 0.5, `the head is at the top: ${apRow}`);
  const [paColumn] = place({ azimuth: 180, mirrored: true });
  assert.ok(Math.abs(paColumn - (77.5 * 1000) / (800 + 52.5) / 3) < 0.5, `PA, turned over, is like AP but smaller in front: ${paColumn}`);
  const [lateral] = place({ azimuth: 90 });
  assert.ok(Math.abs(lateral + (52.5 * 1000) / (800 - 77.5) / 3) < 0.5, `lateral from the left: the front is on the left: ${lateral}`);
});

test('parallel rays from behind, turned over, are those from the front', () => {
  const volume = grid([9, 8, 7], [3, 4, 5], (x, y, z) => Math.sin(x) + Math.cos(y * z) + 2);
  const size = { width: 24, height: 21, pitch: 1.7 };
  const front = trace(volume, parallelRays({ azimuth: 0, ...size }));
  const back = trace(volume, parallelRays({ azimuth: 180, ...size }));
  front.forEach((value, i) => {
    const other = back[Math.floor(i / 24) * 24 + 23 - (i % 24)]!;
    assert.ok(Math.abs(value - other) < 1e-4, `${i}: ${value} and ${other}`);
  });
});

test('rays that miss, run along a side, or begin inside give finite sums', () => {
  const ones = grid([4, 4, 4], [10, 10, 10], () => 1);
  const far = trace(ones, coneRays({ ...cone, centre: [5000, 0, 0] }));
  assert.ok(far.every((value) => value === 0));
  // The middle column runs in the plane between boxes, the ends along the sides.
  const along = trace(ones, parallelRays({ azimuth: 0, width: 5, height: 5, pitch: 10 }));
  assert.deepEqual(Array.from(along.subarray(11, 14)), [40, 40, 40]);
  assert.ok(
    along.every((value) => value === 40 || value === 0),
    Array.from(along).join(),
  );
  const inside = trace(ones, coneRays({ ...cone, sourceToCentre: 1, sourceToDetector: 200, width: 1, height: 1 }));
  assert.ok(Math.abs(inside[0]! - 21) < 1e-4, `${inside[0]}`);
});

test('fractions of the ray are those of the module that DRR-RATE was made with: nothing before the first plane inside, and the value behind each piece', () => {
  const rising = grid([1, 10, 1], [100, 10, 100], (_x, y) => y); // -45 to 45, by mm
  const rays = coneRays({ ...cone, width: 1, height: 1, sourceToDetector: 1000, sourceToCentre: 1300, toPixel: false });
  const out = new Float32Array(1);
  traceRows(rising, rays, 'fraction', 0, 1, out);
  // Pieces of 10 of the 1,000 mm to the pixel's plane, behind which the ray goes on: boxes 2 to 9, as ITK's module weights them one by one.
  assert.ok(Math.abs(out[0]! - (80 * 10) / 1000) < 1e-6, `${out[0]}`);
});

test('threads give the same bytes as one', async () => {
  const volume = grid([120, 90, 40], [2, 2, 4], (x, y, z) => Math.abs(Math.sin(x / 9) * Math.cos(y / 7 + z / 5)));
  const rays = coneRays({ ...cone, azimuth: 20, width: 400, height: 300, pitch: 1 }); // too many for one thread
  const threads = await projectVolume(volume, rays, 'length');
  assert.deepEqual(threads, trace(volume, rays));
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  await assert.rejects(projectVolume(volume, rays, 'length', stop.signal), /stopped/);
  await assert.rejects(projectVolume({ ...volume, shape: [1, 1, 1] }, rays, 'length'), /expected 1 \* 1 \* 1 = 1 values/);
});
