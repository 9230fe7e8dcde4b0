/** Compilation for a GPU that is not here: NVIDIA's plugin needs a description of it, and neither a driver nor CUDA's libraries. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { xlaDevice } from '#engine/internal';
import { loadToHlo, type ProgramMemory, pathOfAddon } from '#engine/xla-addons';
import { compileOptions } from '#engine/xla-options';
import { cudaPlugin, skip } from './xla-plugin';

/** Why nothing is compiled for it; false where it is. */
export const skipH100: string | false = skip || (!cudaPlugin && 'jax-cuda13-pjrt is not in .venv');

/** An H100 with 80 GB in the fields of XLA's GpuTargetConfigProto (xla/stream_executor/device_description.proto), as CUDA tells its properties. */
const TARGET = `
gpu_device_info {
  name: "NVIDIA H100 80GB HBM3" cuda_compute_capability { major: 9 feature_extension: ACCELERATED_FEATURES }
  core_count: 132 fpus_per_core: 128 clock_rate_ghz: 1.98
  device_memory_size: 84942979072 memory_bandwidth: 3352320000000 l2_cache_size: 52428800
  threads_per_warp: 32 threads_per_block_limit: 1024 threads_per_core_limit: 2048
  thread_dim_limit_x: 1024 thread_dim_limit_y: 1024 thread_dim_limit_z: 64
  block_dim_limit_x: 2147483647 block_dim_limit_y: 65535 block_dim_limit_z: 65535
  shared_memory_per_block: 49152 shared_memory_per_core: 233472 shared_memory_per_block_optin: 232448
  registers_per_core_limit: 65536 registers_per_block_limit: 65536
  driver_version: "13.0.0" runtime_version: "13.0.0" compile_time_toolkit_version: "13.0.0" dnn_version: "9.12.0"
}
platform_name: "CUDA" device_description_str: "NVIDIA H100 80GB HBM3"
dnn_version_info { major: 9 minor: 12 patch: 0 }`;

/** What needs a device is off: choosing kernels by measurement, and Triton's products, whose tiles are chosen so. */
const FLAGS = { xla_gpu_autotune_level: 0, xla_gpu_enable_triton_gemm: false };

/** From now on writes each program that is compiled into a folder. Returns the files, to which later ones are added. */
export function collectPrograms(folder: string): readonly string[] {
  const files: string[] = [];
  const { pjrt } = xlaDevice()!;
  const { compile } = pjrt;
  pjrt.compile = (code, format, options) => {
    const file = join(folder, `${files.length}.hlo`);
    writeFileSync(file, code);
    files.push(file);
    return compile(code, format, options);
  };
  return files;
}

export interface ConvertedProgram {
  readonly file: string;
  /** Whether it changes a state, as a step of training does. */
  readonly trains: boolean;
}

/** The programs of all functions that `body` compiles, which TensorFlow then runs: the plugin for the processor would take minutes to compile them. */
export async function convertedPrograms(folder: string, body: () => Promise<void>): Promise<readonly ConvertedProgram[]> {
  mkdirSync(folder, { recursive: true });
  const addon = loadToHlo();
  const { toHlo } = addon;
  const found: ConvertedProgram[] = [];
  addon.toHlo = (...given) => {
    const { hlo, updates } = toHlo(...given);
    const file = join(folder, `${found.length}.hlo`);
    writeFileSync(file, hlo);
    found.push({ file, trains: updates.length > 0 });
    throw new Error('it is compiled for an H100');
  };
  try {
    await body();
  } finally {
    addon.toHlo = toHlo;
  }
  return found;
}

/** Of each program the memory that it takes on each of so many, or why it can't be compiled; in a process of its own, since one has one plugin. */
export function compileForH100(files: readonly string[], devices: number = 1): readonly (ProgramMemory | string)[] {
  const script = `
const { readFileSync } = require('node:fs');
const [addon, plugin, target, topology, options, ...files] = process.argv.slice(1);
const pjrt = require(addon);
const compiled = (file) => {
  try {
    return pjrt.compileAhead(plugin, { target_config: target, topology }, readFileSync(file), 'hlo', Buffer.from(options, 'base64'));
  } catch (error) {
    return error.message.slice(0, 500);
  }
};
process.stdout.write(JSON.stringify(files.map(compiled)));
process.exit(0);`;
  const options = Buffer.from(compileOptions(FLAGS, devices)).toString('base64');
  const args = ['-e', script, pathOfAddon('pjrt'), cudaPlugin!, TARGET, `1x1x${devices}`, options, ...files]; // one machine
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, XLA_FLAGS: '' } });
  if (!stdout) throw new Error(`compiling for an H100 failed: ${stderr}`);
  return JSON.parse(stdout) as (ProgramMemory | string)[];
}
