// Seconds for a radiograph of a CT volume: reading, finding the body, casting rays; beside plastimatch's exact rays where it is installed, and how far both differ.
// node bench/drr.mjs CT [--size 512] [--repeats 5] [--json]
// CT is a folder of DICOM slices or a NIfTI file. For the comparison: apt-get install plastimatch (Debian), whose `plastimatch drr` gets the same attenuation as
// an MHA file. Its time is that of the process less that for an image of 4 x 4 pixels, which is reading.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { radiographOf } from 'roentgen-lab/datasets';
import { readCt } from 'roentgen-lab/files';
import { attenuationOf } from '#datasets/internal';
import { coneRays, findBody, projectVolume } from '#imaging/index';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '512' }, repeats: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
});
const [path] = positionals;
const [size, repeats] = [Number(values.size), Number(values.repeats)];
if (!path || positionals.length > 1 || !(size >= 16) || !(repeats >= 1)) {
  process.stderr.write('usage: node bench/drr.mjs CT [--size 512] [--repeats 5] [--json]\n');
  process.exit(2);
}

/** The smallest and the median of several runs, in seconds. */
async function repeated(work) {
  const all = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await work();
    all.push((performance.now() - start) / 1000);
  }
  all.sort((a, b) => a - b);
  return { smallest: all[0], median: all[all.length >> 1] };
}

const volume = await readCt(path);
const grid = attenuationOf(volume);
const [sourceToDetector, sourceToCentre, side] = [1500, 1200, 500];
const geometry = { azimuth: 0, sourceToDetector, sourceToCentre, width: size, height: size, pitch: side / size };
const rows = {
  reading: await repeated(() => readCt(path)),
  'finding the body': await repeated(async () => findBody(volume)),
  'rays, AP': await repeated(() => projectVolume(grid, coneRays(geometry), 'length')),
  'rays, lateral': await repeated(() => projectVolume(grid, coneRays({ ...geometry, azimuth: 90 }), 'length')),
  'a whole radiograph': await repeated(() => radiographOf(volume, { size })),
};

/** Runs `plastimatch drr` on the same volume and rays: seconds, and the largest difference of line integrals relative to the largest. */
async function plastimatch(ours) {
  if (spawnSync('plastimatch', ['--version']).error) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-drr-'));
  try {
    const { data, shape, spacing } = grid;
    const header = [
      'ObjectType = Image',
      'NDims = 3',
      'BinaryData = True',
      'BinaryDataByteOrderMSB = False',
      `Offset = ${shape.map((n, i) => (-(n - 1) * spacing[i]) / 2).join(' ')}`,
      `ElementSpacing = ${spacing.join(' ')}`,
      `DimSize = ${shape.join(' ')}`,
      'ElementType = MET_FLOAT',
      'ElementDataFile = LOCAL',
      '',
    ].join('\n');
    const file = join(folder, 'ct.mha');
    writeFileSync(file, Buffer.concat([Buffer.from(header), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
    const run = (n) => {
      const start = performance.now();
      const { status, stdout, stderr } = spawnSync('plastimatch', [
        ...['drr', '-i', 'exact', '-P', 'none', '-t', 'pfm', '-r', `${n} ${n}`, '-z', `${side} ${side}`, '-o', '0 0 0'],
        ...['--sad', `${sourceToCentre}`, '--sid', `${sourceToDetector}`, '-n', '0 -1 0', '--vup', '0 0 1', '-O', join(folder, `o${n}_`), file],
      ]);
      if (status !== 0) throw new Error(`plastimatch drr: ${stdout}${stderr}`);
      return (performance.now() - start) / 1000;
    };
    const reading = run(4);
    const times = await repeated(async () => run(size));
    const pfm = readFileSync(join(folder, readdirSync(folder).find((name) => name.startsWith(`o${size}_`) && name.endsWith('.pfm'))));
    const theirs = new Float32Array(pfm.buffer.slice(pfm.byteOffset + pfm.length - 4 * size * size, pfm.byteOffset + pfm.length));
    return { seconds: { smallest: times.smallest - reading, median: times.median - reading }, difference: difference(ours, theirs) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Relative to the largest value; the other's rows or columns may count from the other side, and its unit may be another. */
function difference(ours, theirs) {
  const most = (x) => x.reduce((a, b) => Math.max(a, b), 0);
  const unit = most(ours) / most(theirs);
  const at = (y, x) => theirs[y * size + x] * unit;
  const last = size - 1;
  const ways = [at, (y, x) => at(last - y, x), (y, x) => at(y, last - x), (y, x) => at(last - y, last - x)].map((way) => {
    let worst = 0;
    let sum = 0;
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const d = Math.abs(ours[y * size + x] - way(y, x));
        worst = Math.max(worst, d);
        sum += d;
      }
    return { largest: worst / most(ours), mean: sum / (size * size) / most(ours), unit };
  });
  return ways.sort((a, b) => a.mean - b.mean)[0];
}

const other = await plastimatch(await projectVolume(grid, coneRays(geometry), 'length'));
if (values.json) process.stdout.write(`${JSON.stringify({ shape: volume.shape, size, ...rows, plastimatch: other }, null, 2)}\n`);
else {
  const line = (name, { smallest, median }) => process.stdout.write(`${name.padEnd(22)} ${smallest.toFixed(2)} s (median ${median.toFixed(2)})\n`);
  process.stdout.write(`${volume.shape.join(' x ')} voxels, ${size} x ${size} pixels\n`);
  for (const [name, row] of Object.entries(rows)) line(name, row);
  if (other) {
    line("plastimatch's rays, AP", other.seconds);
    process.stdout.write(`differences from it      largest ${other.difference.largest.toExponential(1)}, mean ${other.difference.mean.toExponential(1)}\n`);
  } else process.stdout.write('plastimatch is not installed\n');
}
