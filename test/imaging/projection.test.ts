import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addPlate,
  addSolid,
  addTube,
  type Grid,
  gaussianBlur,
  makeView,
  type Solid,
  smoothCurve,
  type Tube,
  type Vec3,
} from '#imaging/index';

const grid: Grid = { width: 160, pitch: 0.1, u0: 0, v0: 0 };
const far = 1e9; // parallel rays

/** Sum of a shadow in cm³: thickness times pixel area. */
function volume(canvas: Float32Array): number {
  return canvas.reduce((sum, v) => sum + v, 0) * grid.pitch ** 2;
}

function shadow(draw: (canvas: Float32Array) => void): Float32Array {
  const canvas = new Float32Array(grid.width ** 2);
  draw(canvas);
  return canvas;
}

const turned: Solid = {
  kind: 'ellipsoid',
  centre: [1, -2, 0.5],
  radii: [4, 2, 1.5],
  axes: [
    [0.6, 0, 0.8],
    [0, 1, 0],
    [-0.8, 0, 0.6],
  ],
};

test('the shadow of an ellipsoid holds its volume, from every angle', () => {
  for (const angle of [0, 0.3, 1.2, Math.PI / 2]) {
    const got = volume(shadow((c) => addSolid(c, turned, makeView(angle, far), grid, 1)));
    const want = ((4 * Math.PI) / 3) * 4 * 2 * 1.5;
    assert.ok(Math.abs(got / want - 1) < 0.005, `angle ${angle}: ${got} cm³, expected ${want}`);
  }
});

test('an ellipsoid and the same ellipsoid as a stack of slices have the same shadow', () => {
  const n = 400;
  const heights = Array.from({ length: n + 1 }, (_, i) => -3 * Math.cos((Math.PI * i) / n));
  const scale = heights.map((z) => Math.sqrt(Math.max(0, 1 - (z / 3) ** 2)));
  const stack: Solid = {
    kind: 'stack',
    z: heights,
    x: heights.map(() => 0.7),
    y: heights.map(() => 1),
    a: scale.map((s) => 5 * s),
    b: scale.map((s) => 2 * s),
  };
  const round: Solid = { kind: 'ellipsoid', centre: [0.7, 1, 0], radii: [5, 2, 3] };
  const view = makeView(0.4, far);
  const [a, b] = [round, stack].map((s) => shadow((c) => addSolid(c, s, view, grid, 1))) as [Float32Array, Float32Array];
  assert.ok(
    a.every((v, i) => Math.abs(v - b[i]!) < 0.12),
    'pixels differ by more than a millimetre',
  );
  assert.ok(Math.abs(volume(a) / volume(b) - 1) < 1e-3);
});

test('a straight tube holds its volume and a hollow one lacks its core', () => {
  const points: Vec3[] = [
    [-5, 0, -3],
    [0, 0, 0.5],
    [5, 0, 4],
  ];
  const length = Math.hypot(10, 7);
  const full = volume(shadow((c) => addTube(c, { points, radius: 0.5, amount: 1 }, makeView(0, far), grid)));
  const hollow = volume(shadow((c) => addTube(c, { points, radius: 0.5, amount: 1, core: 0.6, coreAmount: 0 }, makeView(0, far), grid)));
  assert.ok(Math.abs(full / (Math.PI * 0.25 * length) - 1) < 0.02, `${full}`);
  assert.ok(Math.abs(hollow / full - (1 - 0.36)) < 0.02, `${hollow / full}`);
});

test('the joints of a curved tube leave neither gaps nor bright spots', () => {
  const curve = smoothCurve(
    [
      [-5, 0, -4],
      [-2, 0, 3],
      [3, 0, 3],
      [5, 0, -4],
    ],
    12,
  );
  const tube: Tube = { points: curve, radius: 0.6, amount: 1 };
  const canvas = shadow((c) => addTube(c, tube, makeView(0, far), grid));
  assert.ok(Math.max(...canvas) < 1.2 * 1.08, `brightest ${Math.max(...canvas)}, a tube is 1.2 thick`);
  for (const [x, , z] of curve.slice(1, -1)) {
    const at = Math.round(80 - 0.5 - z / 0.1) * 160 + Math.round(x / 0.1 + 80 - 0.5);
    assert.ok(canvas[at]! > 1.1, `gap at ${x}, ${z}: ${canvas[at]}`);
  }
});

test('a tube thinner than a pixel keeps its total', () => {
  const thin = volume(
    shadow((c) =>
      addTube(
        c,
        {
          points: [
            [-5, 0, 0.03],
            [5, 0, 0.03],
          ],
          radius: 0.02,
          amount: 1,
        },
        makeView(0, far),
        grid,
      ),
    ),
  );
  assert.ok(Math.abs(thin / (Math.PI * 0.0004 * 10) - 1) < 0.3, `${thin}`);
});

test('what lies nearer to the source appears larger: front from in front, back from behind', () => {
  const extent = (y: number, distance: number): number => {
    const canvas = shadow((c) =>
      addPlate(
        c,
        [
          [-3, y, -3],
          [3, y, -3],
          [3, y, 3],
          [-3, y, 3],
        ],
        1,
        makeView(0, distance),
        grid,
      ),
    );
    return Math.sqrt(volume(canvas));
  };
  assert.ok(Math.abs(extent(8, -100) - 6 / 0.92) < 0.02);
  assert.ok(Math.abs(extent(8, 180) - (6 * 180) / 188) < 0.02);
});

test('blur keeps the sum and has the variance that was asked for', () => {
  for (const sigma of [0.7, 1.6, 3, 9]) {
    const image = new Float32Array(grid.width ** 2);
    image[80 * 160 + 80] = 1;
    const out = gaussianBlur(image, 160, 160, sigma);
    let [sum, variance] = [0, 0];
    out.forEach((v, i) => {
      sum += v;
      variance += v * ((i % 160) - 80) ** 2;
    });
    assert.ok(Math.abs(sum - 1) < 1e-4, `sigma ${sigma}: sum ${sum}`);
    assert.ok(Math.abs(Math.sqrt(variance) / sigma - 1) < 0.08, `sigma ${sigma}: got ${Math.sqrt(variance)}`);
  }
  assert.throws(() => gaussianBlur(new Float32Array(5), 2, 2, 1), /expected 2 \* 2 = 4 numbers, got 5/);
});
