import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPhantom, otherProjection, type PhantomVolume, phantomVolume, renderStudy, type Study } from 'roentgen-lab/datasets';
import { closeShutters, expose, geometry, toBytes } from '#datasets/phantom/render';

/** Absorption along the rays of a study's radiograph, from its volume alone: nearest voxels every 2 mm. */
function project(study: Study, { data, shape, spacing, affine }: PhantomVolume, size: number): Float32Array {
  const { view, grid } = geometry(study, size);
  const mu = study.view === 'LATERAL' ? 0.15 : 0.2; // of water, 1/cm
  const [nx, ny, nz] = shape;
  const out = new Float32Array(size * size);
  const step = 0.2;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const u = grid.u0 + (column + 0.5 - size / 2) * grid.pitch;
      const v = grid.v0 - (row + 0.5 - size / 2) * grid.pitch;
      let sum = 0;
      for (let t = -24; t <= 24; t += step) {
        const m = 1 / (1 + view.divergence * t);
        const [across, z] = [u / m, v / m];
        const [x, y] = [across * view.cos - t * view.sin, across * view.sin + t * view.cos];
        const i = Math.round((10 * x - affine[3]!) / spacing[0]);
        const j = Math.round((-10 * y - affine[7]!) / spacing[1]);
        const k = Math.round((10 * z - affine[11]!) / spacing[2]);
        if (i < 0 || i >= nx || j < 0 || j >= ny || k < 0 || k >= nz) continue;
        sum += (data[(k * ny + j) * nx + i]! / 1000 + 1) * step;
      }
      out[row * size + column] = mu * sum;
    }
  return out;
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((sum, x) => sum + x, 0) / n;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

test("a projection of a study's volume is its radiograph", () => {
  const size = 96;
  const open = (view: 'PA' | 'AP', children: number): Study[] => {
    const phantom = openPhantom({ seed: 81, count: 40, views: [view], children, style: 'impression', cache: false });
    return [0, 9, 22].map((i) => phantom.study(i));
  };
  const upright = open('PA', 0);
  for (const study of [...upright, ...upright.map((s) => otherProjection(s, 'LATERAL')), ...open('AP', 0), ...open('PA', 1)]) {
    const { grid } = geometry(study, size);
    const { grey } = expose(study, project(study, phantomVolume(study, 3), size), grid, size);
    closeShutters(grey, study, size);
    const r = correlation(toBytes(grey), renderStudy(study, size));
    assert.ok(r >= 0.95, `${study.view}, ${study.findings.map((f) => f.kind).join(', ')}, ${study.age} years: r ${r.toFixed(3)}`);
  }
});

test('a volume is in Hounsfield units, in the axes that it says', () => {
  const study = openPhantom({ seed: 82, count: 1, views: ['PA'], cache: false }).study(0);
  const finding = { kind: 'effusion', side: 'left', grade: 2, amount: 0.9, place: [0, 0, 0], detail: 1 } as const;
  const clear = phantomVolume({ ...study, findings: [] }, 4);
  const filled = phantomVolume({ ...study, findings: [finding] }, 4);
  const [nx, ny, nz] = clear.shape;
  const at = ({ data, affine, spacing }: PhantomVolume, x: number, y: number, z: number): number => {
    const [i, j, k] = [x, y, z].map((mm, axis) => Math.round((mm - affine[4 * axis + 3]!) / spacing[axis]!)) as [number, number, number];
    return data[(k * ny + j) * nx + i]!;
  };
  assert.equal(clear.data.length, nx * ny * nz);
  assert.ok(clear.data.every((hu) => hu >= -1000 && hu <= 3071));
  assert.ok(at(clear, 25, -30, -50) > -120 && at(clear, -60, 0, -150) > -120, 'soft tissue in the heart and the abdomen');
  const around = (volume: PhantomVolume, x: number, y: number, z: number): number => {
    const near = [-16, -8, 0, 8, 16];
    const all = near.flatMap((dx) => near.flatMap((dy) => near.map((dz) => at(volume, x + dx, y + dy, z + dz))));
    return all.reduce((sum, hu) => sum + hu, 0) / all.length;
  };
  for (const x of [85, -85]) assert.ok(around(clear, x, -10, 40) < -400, `air in the lungs: ${around(clear, x, -10, 40)}`);
  assert.equal(at(clear, 0, -190, 0), -1000, 'air around the body');
  assert.ok(around(filled, 85, 30, -50) > -150 && around(filled, -85, 30, -50) < -400, 'fluid at the left base, air at the right');
  assert.deepEqual(phantomVolume({ ...study, findings: [] }, 4).data, clear.data, 'the same again');
  assert.throws(() => phantomVolume(study, 0.5), /spacing.*1.5 to 10/);
});
