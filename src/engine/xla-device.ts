/** The device that recorded graphs run on through XLA, where there is one: NVIDIA's GPU, by the plugin that set-up installs. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ClientInfo, hasXlaAddons, loadPjrt, loadToHlo, type Pjrt, pathOfAddon } from './xla-addons';

export interface XlaOptions {
  /** The fraction of the device's memory that may be taken. */
  readonly memoryFraction: number;
  /** Whether programs give the same bytes from run to run on one device, at the cost of speed. */
  readonly deterministic: boolean;
  /** How many devices share a batch. */
  readonly devices: number;
}

/** The devices that share the work of a program; `devices` counts them. */
export interface XlaDevice extends ClientInfo {
  readonly pjrt: Pjrt;
  /** The path of the plugin. */
  readonly plugin: string;
  /** What a program that was compiled for it follows from, beside the graph. */
  readonly identity: Readonly<Record<string, string | number>>;
  readonly deterministic: boolean;
}

let device: XlaDevice | undefined;

/** What `startXla` started; undefined where TensorFlow runs all. */
export function xlaDevice(): XlaDevice | undefined {
  return device;
}

/** The name for a person, such as "NVIDIA H100 80GB HBM3 (XLA)". */
export const deviceName = ({ kind, devices }: ClientInfo): string => `${devices > 1 ? `${devices} × ` : ''}${kind} (XLA)`;

/** From dist/engine. */
const ROOT = join(__dirname, '..', '..');

/** The folders of packages in the environment that set-up makes. */
function sitePackages(): string[] {
  const libraries = join(ROOT, '.venv', 'lib');
  if (!existsSync(libraries)) return [];
  return readdirSync(libraries).map((python) => join(libraries, python, 'site-packages'));
}

/** What the environment's ROENTGEN_PJRT names, else NVIDIA's plugin of the newest CUDA that is installed. */
function findPlugin(): string | undefined {
  if (process.env.ROENTGEN_PJRT) return process.env.ROENTGEN_PJRT;
  return sitePackages()
    .flatMap((folder) => [13, 12].map((cuda) => join(folder, 'jax_plugins', `xla_cuda${cuda}`, 'xla_cuda_plugin.so')))
    .find(existsSync);
}

/**
 * CUDA's libraries beside the plugin. It finds its own, but cuDNN looks for those that it opens by name alone, so all are opened before.
 * Those that another installation brings are found by the system's own search.
 */
function cudaLibraries(plugin: string): string[] {
  const packages = join(dirname(plugin), '..', '..', 'nvidia');
  if (!existsSync(packages)) return [];
  const wanted = /^lib(cudart|nvrtc|nvJitLink|cublasLt|cublas|nccl|cupti|cudnn)\.so\.\d+$/;
  const order = ['cudart', 'nvrtc', 'nvJitLink', 'cublasLt', 'cublas', 'nccl', 'cupti', 'cudnn'];
  const found = readdirSync(packages)
    .map((name) => join(packages, name, 'lib'))
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((name) => ({ path: join(folder, name), library: wanted.exec(name)?.[1] })));
  return order.flatMap((name) => found.filter(({ library }) => library === name).map(({ path }) => path));
}

/** Whether NVIDIA's driver is there, on Linux or in WSL. */
const hasDriver = (): boolean => existsSync('/dev/nvidiactl') || existsSync('/dev/dxg');

const firstLine = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').split('\n')[0]!;
  } catch {
    return '';
  }
};

/** Why the device can't be had, in a sentence's part. */
function whyNot(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
  if (/No visible GPU devices|no NVIDIA GPU|CUDA_ERROR_NO_DEVICE/i.test(text)) return 'XLA finds no GPU; "nvidia-smi" must list one';
  if (/roentgen_\S+\.node/.test(text)) return `what runs graphs through XLA does not load (${text}); run "npm run setup"`;
  if (/cannot open shared object file|no PJRT plugin|invalid ELF header|file too short/.test(text))
    return `XLA's plugin does not load (${text}); run "npm run setup"`;
  if (/Unexpected PJRT_\w+ size|version \d+ of PJRT/.test(text)) return `XLA's plugin is of another version (${text}); run "npm run setup"`;
  if (/RESOURCE_EXHAUSTED|out of memory/i.test(text))
    return `the GPU's memory is taken by other programs (${text}); "nvidia-smi" lists them`;
  return `XLA's plugin does not start (${text})`;
}

/** The options of a client; those of other plugins than CUDA's are none. */
const clientOptions = (plugin: string, { memoryFraction }: XlaOptions): Record<string, number | boolean | string> =>
  /xla_cuda/.test(plugin) ? { allocator: 'bfc', memory_fraction: memoryFraction, preallocate: false } : {};

/**
 * Starts the device, once in a process.
 *
 * @returns why there is none, where there is none; undefined too where the machine has no GPU and none was asked for
 */
export function startXla(options: XlaOptions): { readonly device?: XlaDevice; readonly note?: string } {
  const asked = process.env.ROENTGEN_XLA === '1' || Boolean(process.env.ROENTGEN_PJRT);
  if (process.env.ROENTGEN_XLA === '0' || (!asked && !hasDriver())) return {};
  const plugin = findPlugin();
  if (!plugin) return { note: 'XLA\'s plugin for the GPU is not installed; "npm run setup -- --engine gpu" does' };
  if (!hasXlaAddons())
    return { note: 'what runs graphs through XLA is not compiled; "npm run setup" does, or says what keeps it from that' };
  try {
    loadToHlo(); // needed later; here its failure is a note
    const pjrt = loadPjrt();
    pjrt.preload(cudaLibraries(plugin));
    const found = pjrt.start(plugin, clientOptions(plugin, options));
    if (found.devices < options.devices) return { note: `${options.devices} GPUs were asked for, and there are ${found.devices}` };
    const info = { ...found, devices: options.devices };
    device = { ...info, pjrt, plugin, identity: identityOf(info, plugin), deterministic: options.deterministic };
    return { device };
  } catch (error) {
    return { note: whyNot(error) };
  }
}

function identityOf({ platform, version, kind, devices, interface: spoken }: ClientInfo, plugin: string): XlaDevice['identity'] {
  const { size, mtimeMs } = statSync(plugin);
  const converter = statSync(pathOfAddon('to-hlo'));
  return {
    platform,
    version,
    kind,
    devices,
    interface: spoken,
    plugin: `${size} ${mtimeMs}`,
    converter: `${converter.size} ${converter.mtimeMs}`,
    driver: firstLine('/proc/driver/nvidia/version'),
    flags: process.env.XLA_FLAGS ?? '',
  };
}
