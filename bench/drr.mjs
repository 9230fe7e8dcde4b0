// Seconds for a radiograph of a CT volume: reading, finding the body, casting rays; beside plastimatch's `drr` where it is installed.
// node bench/drr.mjs CT [--size 512] [--repeats 5] [--json]
// CT is a folder of DICOM slices or a NIfTI file. For the comparison: apt-get install plastimatch (Debian). It gets the volume as an MHA file and writes one
// image of the same size; its time is that of the process less the time of the same for an image of 2 x 2, which is reading. Its rays are exact too (-i exact).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

const timed = async (work) => {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
};

/** The smallest and the median of several runs. */
async function repeated(work) {
  const all = [];
  for (let i = 0; i < repeats; i++) all.push((await timed(work)).seconds);
  all.sort((a, b) => a - b);
  return { smallest: all[0], median: all[all.length >> 1] };
}

const { seconds: reading, result: volume } = await timed(() => readCt(path));
const body = await repeated(async () => findBody(volume));
const attenuation = await repeated(async () => attenuationOf(volume));
const grid = attenuationOf(volume);
const geometry = { azimuth: 0, sourceToDetector: 1500, sourceToCentre: 1200, width: size, height: size, pitch: 500 / size };
const rays = await repeated(() => projectVolume(grid, coneRays(geometry), 'length'));
const radiograph = await repeated(() => radiographOf(volume, { size }));
const lateral = await repeated(() => projectVolume(grid, coneRays({ ...geometry, azimuth: 90 }), 'length'));

function plastimatch() {
  if (spawnSync('drr', ['--help']).error) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-drr-'));
  try {
    const { data, shape, spacing } = volume;
    const offset = shape.map((n, i) => (-(n - 1) * spacing[i]) / 2);
    const header = [
      'ObjectType = Image',
      'NDims = 3',
      'BinaryData = True',
      'BinaryDataByteOrderMSB = False',
      `Offset = ${offset.join(' ')}`,
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
      const { status, stderr } = spawnSync('drr', [
        ...['-t', 'pfm', '-i', 'exact', '-r', `${n} ${n}`, '-z', '500 500'],
        ...['--sad', '1200', '--sid', '1500', '-n', '0 -1 0', '-o', '0 0 0', '-O', join(folder, 'out'), file],
      ]);
      if (status !== 0) throw new Error(`drr: ${stderr}`);
      return (performance.now() - start) / 1000;
    };
    const pure = Array.from({ length: repeats }, () => run(size) - run(2)).sort((a, b) => a - b);
    return { smallest: pure[0], median: pure[pure.length >> 1] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const report = { shape: volume.shape, size, reading, body, attenuation, 'rays, AP': rays, 'rays, lateral': lateral, 'all of a radiograph': radiograph, plastimatch: plastimatch() };
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else
  for (const [name, value] of Object.entries(report))
    process.stdout.write(
      `${name.padEnd(19)} ${typeof value === 'object' && 'median' in value ? `${value.smallest.toFixed(2)} s (median ${value.median.toFixed(2)})` : value === undefined ? 'not installed' : Array.isArray(value) ? value.join(' x ') : name === 'reading' ? `${value.toFixed(2)} s` : value}\n`,
    );
