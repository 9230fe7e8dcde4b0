/** XLA's plugin for the CPU, which the tests' set-up installs: what a GPU would run, run on the processor. Import it before the engine starts. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasXlaAddons } from '#engine/xla-addons';
import { root } from '../support';

const libraries = join(root, '.venv', 'lib');

/** The file of a package in the environment, or undefined. */
const installed = (...parts: string[]): string | undefined =>
  existsSync(libraries)
    ? readdirSync(libraries)
        .map((python) => join(libraries, python, 'site-packages', ...parts))
        .find(existsSync)
    : undefined;

export const cpuPlugin: string | undefined = installed('lammps_jax_pjrt_cpu', 'pjrt_c_api_cpu_plugin.so');

/** NVIDIA's, which compiles for a GPU that is not here; only where somebody installed it. */
export const cudaPlugin: string | undefined = installed('jax_plugins', 'xla_cuda13', 'xla_cuda_plugin.so');

/** Why the tests are skipped; false where they run. */
export const skip: string | false = !cpuPlugin
  ? "XLA's plugin for the CPU is not installed (npm run setup -- --tests)"
  : !hasXlaAddons() && 'the addons of kernels/xla are not compiled (npm run setup -- --tests)';

/** Programs run a few times here: compiling is what takes long. */
const QUICK = '--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true';

/** The environment of a process that runs graphs on the plugin. */
export function xlaEnvironment(cache: string): Record<string, string> {
  return { ROENTGEN_PJRT: cpuPlugin!, ROENTGEN_XLA: '1', ROENTGEN_XLA_CACHE: cache, XLA_FLAGS: `${QUICK} ${process.env.XLA_FLAGS ?? ''}` };
}

/** Makes this process one of those; it starts with an empty cache of programs. */
export function useXla(): void {
  if (skip) return;
  const cache = mkdtempSync(join(tmpdir(), 'roentgen-xla-'));
  Object.assign(process.env, xlaEnvironment(cache));
  process.on('exit', () => rmSync(cache, { recursive: true, force: true }));
}

/** Runs something with every function op by op, as TensorFlow computes it on the processor. */
export async function onTensorFlow<T>(body: () => T | Promise<T>): Promise<T> {
  process.env.ROENTGEN_EAGER = '1';
  try {
    return await body();
  } finally {
    delete process.env.ROENTGEN_EAGER;
  }
}
