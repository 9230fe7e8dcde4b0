// The GPU: NVIDIA's driver, the libraries for it, and whether XLA's plugin finds a device with them.

import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addon, root, venv } from './paths.mjs';
import { run, which } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';
import { pathOfAddon } from './xla.mjs';

const stamp = join(dirname(addon), 'roentgen-gpu.json');

/** Each with its version of CUDA; a driver takes the newest whose `driver` it reaches. */
const releases = [
  { cuda: 13, driver: 580, file: 'kernels/requirements-engine-gpu.txt' },
  { cuda: 12, driver: 525, file: 'kernels/requirements-engine-gpu-cuda12.txt' },
];

/** The requirements of every release of CUDA. */
export const gpuFiles = releases.map(({ file }) => file);

/** The version of NVIDIA's driver, such as "580.65.06", or undefined where none answers. */
export async function findDriver() {
  const smi = which('nvidia-smi');
  if (!smi) return undefined;
  const { code, stdout } = await run(smi, ['--query-gpu=driver_version', '--format=csv,noheader'], { timeout: 20_000 });
  return code === 0 ? /^\d+(\.\d+)+/m.exec(stdout)?.[0] : undefined;
}

/** The requirements that go with a driver; those of the newest where it is unknown, undefined where it is too old. */
export const gpuFileFor = (driver) => releases.find((release) => !driver || Number.parseInt(driver, 10) >= release.driver)?.file;

/** XLA's plugin of the packages installed, or undefined. */
function findPlugin(file) {
  const { cuda } = releases.find((release) => release.file === file);
  const libraries = join(venv, 'lib');
  if (!existsSync(libraries)) return undefined;
  return readdirSync(libraries)
    .map((python) => join(libraries, python, 'site-packages', 'jax_plugins', `xla_cuda${cuda}`, 'xla_cuda_plugin.so'))
    .find(existsSync);
}

const wanted = (file, driver) =>
  fingerprint({ values: [driver ?? 'none', findPlugin(file) ?? 'none'], files: [join(root, file), pathOfAddon('pjrt')] });

/** What the trial found: { device } or { why }; undefined where it is to do. */
export function gpuFound(file, driver) {
  const done = readStamp(stamp);
  return done.fingerprint === wanted(file, driver) ? done : undefined;
}

/** In a process of its own: the library takes memory of the GPU until it ends. */
const trial = (plugin) => `
const { kind } = require(${JSON.stringify(pathOfAddon('pjrt'))}).start(${JSON.stringify(plugin)}, { preallocate: false });
console.log('\\n' + JSON.stringify({ device: kind }));`;

/** Starts the plugin once, and notes what it finds. */
export async function tryGpu(file, driver) {
  const plugin = findPlugin(file);
  if (!plugin) return { why: "XLA's plugin is not in .venv" };
  const { code, stdout, output } = await run(process.execPath, ['-e', trial(plugin)], { timeout: 180_000 });
  const why = output.find((line) => /^\w*Error\b/.test(line)) ?? output.at(-1) ?? `it ended with status ${code}`;
  const found =
    code === 0
      ? JSON.parse(stdout.trim().split('\n').at(-1))
      : {
          why: why
            .replace(/^Error: /, '')
            .trim()
            .slice(0, 300),
        };
  writeStamp(stamp, { device: undefined, why: undefined, ...found, fingerprint: wanted(file, driver) });
  return found;
}
