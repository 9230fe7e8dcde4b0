/** Which backend runs. The only file that loads one. */

import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { isFused, loadFused } from './fused';
import { type Precision, precision, precisionFromEnvironment, setPrecision } from './precision';
import { type Key, key } from './random';
import { backend } from './tensorflow';
import { deviceName, startXla, type XlaOptions } from './xla-device';

export type Backend = 'tensorflow' | 'wasm';

export interface EngineOptions {
  /** Fixes the backend; by default TensorFlow if it is linked, else wasm. The environment's ROENTGEN_BACKEND says the same for a whole process. */
  backend?: Backend;
  /** Where random numbers start, an integer >= 0; 0 by default. */
  seed?: number;
  /**
   * What products are computed in from now on, 'float32' by default. The environment's ROENTGEN_PRECISION says the same for a whole process, and recipes for a
   * training (`precision`).
   */
  precision?: Precision;
  /** How many GPUs of this machine share each batch, 1 by default: gradients are those of the whole batch, to rounding. */
  gpus?: number;
  /** The fraction of a GPU's memory that this process may take, 0.9 by default. */
  gpuMemory?: number;
  /**
   * Whether a GPU gives the same bytes from run to run, at the cost of speed; not by default. The environment's ROENTGEN_DETERMINISTIC=1 says the same
   * for a whole process. On the CPU bytes are the same in any case.
   */
  deterministic?: boolean;
}

export interface EngineInfo {
  readonly backend: Backend;
  /** The library underneath and its version, such as "TensorFlow 2.20.0". */
  readonly library: string;
  /** "CPU", or what compiled functions run on, such as "NVIDIA H100 80GB HBM3 (XLA)". */
  readonly device: string;
  /** Threads that one operation may use. Results are the same bytes only for the same number. */
  readonly threads: number;
  /** Whether operations of our own run in place of compositions of TensorFlow's (kernels/fused); results are the same bytes only where both have them. */
  readonly fused: boolean;
  /** What products are computed in. Results are the same bytes only for the same, and with bfloat16 only on processors of one kind. */
  readonly precision: Precision;
  /** Why it is not the best backend, if it is not. */
  readonly note?: string;
  readonly seed: number;
  /** The root of the seed's random numbers. */
  readonly key: Key;
}

/** What is known once the engine runs; seed and precision may change. */
type StartedInfo = Omit<EngineInfo, 'seed' | 'key' | 'precision'>;

let started: Promise<Omit<EngineInfo, 'precision'>> | undefined;

/** TensorFlow's own messages go to the terminal before anything can stop them, and two functions it needs are gone from Node 23 on. */
function prepareTensorFlow(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  const util = require('node:util') as Record<string, unknown>;
  for (const [name, fn] of [
    ['isNullOrUndefined', (x: unknown) => x === null || x === undefined],
    ['isArray', Array.isArray],
  ] as const)
    Object.defineProperty(util, name, { value: fn, configurable: true, writable: true });
}

function tensorFlowThreads(): number {
  const fixed = Number(process.env.TF_NUM_INTRAOP_THREADS ?? process.env.OMP_NUM_THREADS);
  return fixed > 0 ? fixed : cpus().length;
}

async function startTensorFlow(): Promise<StartedInfo> {
  prepareTensorFlow();
  require('@tensorflow/tfjs-node-gpu');
  if (!(await tf.setBackend('tensorflow'))) throw new Error('the backend did not start');
  return {
    backend: 'tensorflow',
    library: `TensorFlow ${backend().binding.TF_Version}`,
    device: 'CPU',
    threads: tensorFlowThreads(),
    fused: false,
  };
}

/** What runs TensorFlow's graphs: XLA on a GPU, or TensorFlow with the fused operations. */
function startDevice(info: StartedInfo, options: XlaOptions): StartedInfo {
  const { device, note } = startXla(options);
  if (note && process.env.ROENTGEN_XLA === '1') throw new Error(`startEngine: ${note}`);
  loadFused(device !== undefined);
  if (device) return { ...info, device: deviceName(device) };
  return { ...info, fused: isFused(), ...(note ? { note: `${note}; until then the processor does the work` } : {}) };
}

async function startWasm(note?: string): Promise<StartedInfo> {
  require('@tensorflow/tfjs'); // registers the gradients of tfjs's own functions: the core package alone has none
  require('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw new Error('startEngine: the wasm backend did not start; run "npm run setup" again');
  await tf.ready();
  const { version } = require('@tensorflow/tfjs-backend-wasm/package.json') as { version: string };
  return { backend: 'wasm', library: `tfjs-backend-wasm ${version}`, device: 'CPU', threads: 1, fused: false, note };
}

async function start(requested: Backend | undefined, options: XlaOptions): Promise<StartedInfo> {
  if (requested === 'wasm') return startWasm();
  let info: StartedInfo;
  try {
    info = await startTensorFlow();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    if (requested === 'tensorflow') throw new Error(`startEngine: TensorFlow is not linked (${why}); run "npm run setup"`);
    return startWasm(`TensorFlow is not linked (${why}), so wasm runs, about seven times slower; "npm run setup" links it`);
  }
  return startDevice(info, options);
}

function xlaOptions({ gpus = 1, gpuMemory = 0.9, deterministic = process.env.ROENTGEN_DETERMINISTIC === '1' }: EngineOptions): XlaOptions {
  if (!(gpuMemory > 0 && gpuMemory <= 1))
    throw new RangeError(`startEngine: gpuMemory: expected a number above 0, at most 1, got ${gpuMemory}`);
  if (!(Number.isInteger(gpus) && gpus > 0)) throw new RangeError(`startEngine: gpus: expected a whole number above 0, got ${gpus}`);
  return { memoryFraction: gpuMemory, deterministic, devices: gpus };
}

function backendFromEnvironment(): Backend | undefined {
  const name = process.env.ROENTGEN_BACKEND;
  if (!name) return undefined;
  if (name !== 'tensorflow' && name !== 'wasm') throw new RangeError(`ROENTGEN_BACKEND: expected "tensorflow" or "wasm", got "${name}"`);
  return name;
}

/**
 * Starts the tensor engine, once per process; later calls return what runs, with another seed or precision if one is given.
 *
 * @throws Error where the backend asked for can't start, or another one already runs; RangeError where the precision can't be had here
 */
export async function startEngine(options: EngineOptions = {}): Promise<EngineInfo> {
  const seed = options.seed ?? 0;
  const root = key(seed);
  const requested = options.backend ?? backendFromEnvironment();
  const devices = xlaOptions(options);
  const wanted = options.precision ?? (started ? undefined : precisionFromEnvironment());
  started ??= start(requested, devices).then((info) => ({ ...info, seed, key: root }));
  let running: Omit<EngineInfo, 'precision'>;
  try {
    running = await started;
  } catch (error) {
    started = undefined;
    throw error;
  }
  if (options.backend && running.backend !== options.backend)
    throw new Error(
      `startEngine: ${running.backend} already runs in this process; start "${options.backend}" in a new one (restart the kernel)`,
    );
  if (wanted) setPrecision(wanted);
  return { ...running, precision: precision(), seed, key: root };
}
