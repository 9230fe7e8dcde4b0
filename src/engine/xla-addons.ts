/** The addons of kernels/xla: one makes XLA's form of a graph (HLO), the other runs it on a device. Set-up compiles them where there is a GPU, and for the tests. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

declare const handle: unique symbol;
/** Values on the device. */
export type DeviceBuffer = { readonly [handle]: 'buffer' };
/** A compiled program. */
export type Program = { readonly [handle]: 'program' };

/** What a device says of itself. */
export interface ClientInfo {
  /** "cpu" or "cuda". */
  readonly platform: string;
  /** The plugin's own words for its version. */
  readonly version: string;
  /** The device's name, such as "NVIDIA H100 80GB HBM3". */
  readonly kind: string;
  readonly devices: number;
  /** The version of PJRT's interface, such as "0.115". */
  readonly interface: string;
}

/** Bytes that a compiled program takes on the device. */
export interface ProgramMemory {
  readonly arguments: number;
  readonly outputs: number;
  /** Of the outputs, what takes the place of arguments. */
  readonly aliased: number;
  readonly temporary: number;
  readonly code: number;
}

/** kernels/xla/pjrt.cc. Each function throws an Error that says what was being done; its `code` is RESOURCE_EXHAUSTED where memory was missing. */
export interface Pjrt {
  /** Opens libraries for those that look for them by name; returns how many could be opened. */
  preload(paths: readonly string[]): number;
  /** Loads a plugin and starts its devices, once in a process. bigint values are integers, numbers are floats. */
  start(plugin: string, options: Readonly<Record<string, string | number | bigint | boolean>>): ClientInfo;
  /** @param options a CompileOptionsProto */
  compile(code: Uint8Array, format: 'hlo' | 'mlir', options: Uint8Array): Program;
  /** Compiles for a device that need not be here: a topology's options in place of a client's. */
  compileAhead(
    plugin: string,
    topology: Readonly<Record<string, string>>,
    code: Uint8Array,
    format: 'hlo' | 'mlir',
    options: Uint8Array,
  ): ProgramMemory;
  /** A program's bytes, for the same plugin and device. */
  serialize(program: Program): Uint8Array;
  deserialize(bytes: Uint8Array): Program;
  programMemory(program: Program): ProgramMemory;
  /** Copies values to a device, row by row. @param type a PJRT_Buffer_Type */
  upload(values: ArrayBufferView, type: number, shape: readonly number[], device?: number): DeviceBuffer;
  /** Runs a program with the arguments of each of its devices, until it is done. What it was compiled to take the place of is freed. */
  execute(program: Program, inputs: readonly (readonly DeviceBuffer[])[]): DeviceBuffer[][];
  download(buffer: DeviceBuffer): ArrayBuffer;
  /** Bytes of a device's memory, where it counts them. */
  memory(device?: number): { readonly used: number; readonly peak?: number; readonly limit?: number };
  free(handles: readonly (DeviceBuffer | Program | undefined)[]): void;
}

/** An argument of a graph. */
export interface HloArgument {
  readonly name: string;
  /** TensorFlow's number of the element type. */
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly variable: boolean;
}

export interface Hlo {
  /** A HloModuleProto; its results are those of `outputs` that are computed, then the variables of `updates`. */
  readonly hlo: Uint8Array;
  /** Of each output, its place among the results, or its bytes where it is the same in every call. */
  readonly outputs: readonly (number | Uint8Array)[];
  /** The arguments that are variables which change; each next value takes the old one's place. */
  readonly updates: readonly number[];
  /** The arguments that the program takes, in its order. */
  readonly inputs: readonly number[];
  /** Of several devices, the arguments of which each gets a part of the rows; of all else each has the whole. */
  readonly divided: readonly number[];
}

/** kernels/xla/to-hlo.cc. */
export interface ToHlo {
  /**
   * @param graph         a GraphDef, whose inputs are _Arg and whose outputs are _Retval nodes
   * @param tensorFloat32 whether devices may round the factors of float32 products
   * @param devices       how many share the work
   * @throws Error where it has an operation that XLA has no form of
   */
  toHlo(graph: Uint8Array, args: readonly HloArgument[], tensorFloat32: boolean, devices: number): Hlo;
}

/** Where an addon lies. */
export const pathOfAddon = (name: 'pjrt' | 'to-hlo'): string =>
  join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'lib', 'napi-v8', `roentgen_${name}.node`);

/** Whether set-up compiled both. */
export function hasXlaAddons(): boolean {
  return existsSync(pathOfAddon('pjrt')) && existsSync(pathOfAddon('to-hlo'));
}

export const loadPjrt = (): Pjrt => require(pathOfAddon('pjrt')) as Pjrt;

export const loadToHlo = (): ToHlo => require(pathOfAddon('to-hlo')) as ToHlo;
