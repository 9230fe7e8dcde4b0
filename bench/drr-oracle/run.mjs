// DRR-RATE's projections beside those of the program that the data set was made with: ITK's module TwoProjectionRegistration, whose interpolator casts Siddon's rays.
// node bench/drr-oracle/run.mjs [CT] [--size 128] [--python PYTHON] [--json]
// CT is a folder of DICOM slices or a NIfTI file; without it a volume of the phantom. PYTHON has `pip install itk-twoprojectionregistration==2.0.1` (1.6 GB).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { openPhantom, phantomVolume, radiographsOf } = require('roentgen-lab/datasets');
const { readCt } = require('roentgen-lab/files');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '128' }, python: { type: 'string', default: 'python3' }, json: { type: 'boolean', default: false } },
});
const size = Number(values.size);
const [path] = positionals;
const volume = path === undefined ? phantomVolume(openPhantom({ seed: 51, count: 1, views: ['AP'] }).study(0), 4) : await readCt(path);
const { shape, spacing } = volume;
// The program reads whole numbers.
const data = volume.data.map(Math.round);
const take = radiographsOf({ ...volume, data });

const folder = mkdtempSync(join(tmpdir(), 'roentgen-drr-'));
const rows = [];
try {
  writeFileSync(join(folder, 'volume.f32'), data);
  for (const view of ['ap', 'lateral'])
    for (const threshold of [-100, 0]) {
      const { pixels } = await take({ mode: 'drr-rate', view, size, threshold });
      const out = join(folder, 'projection.f64');
      const settings = JSON.stringify({ volume: join(folder, 'volume.f32'), shape, spacing, size, threshold, turn: view === 'ap' ? 0 : -90, out });
      const { status, stderr } = spawnSync(values.python, [fileURLToPath(new URL('itk_side.py', import.meta.url)), settings], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${values.python}: ${stderr.trim().split('\n').at(-1)}`);
      rows.push({ view, threshold, ...compared(pixels, stretched(new Float64Array(readFileSync(out).buffer.slice(0)))) });
    }
} finally {
  rmSync(folder, { recursive: true });
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
else for (const row of rows) console.log(`${row.view}, threshold ${row.threshold}: mean ${row.mean.toExponential(1)}, largest ${row.largest.toExponential(1)} of white, correlation ${row.correlation.toFixed(6)}`);

/** As the program stretches its sums: whole numbers of short, from the lowest to the highest. */
function stretched(sums) {
  const whole = sums.map((value) => Math.min(32_767, Math.trunc(value)));
  const [low, high] = [Math.min(...whole), Math.max(...whole)];
  return whole.map((value) => (value - low) / (high - low));
}

function compared(a, b) {
  const n = a.length;
  const mean = (of) => Array.from({ length: n }, (_, i) => of(i)).reduce((x, y) => x + y, 0) / n;
  const [ma, mb] = [mean((i) => a[i]), mean((i) => b[i])];
  const differences = Array.from({ length: n }, (_, i) => Math.abs(a[i] - b[i]));
  const covariance = mean((i) => (a[i] - ma) * (b[i] - mb));
  const deviation = (values, middle) => Math.sqrt(mean((i) => (values[i] - middle) ** 2));
  return {
    mean: mean((i) => differences[i]),
    largest: differences.reduce((x, y) => Math.max(x, y), 0),
    correlation: covariance / (deviation(a, ma) * deviation(b, mb)),
  };
}
