/** How XLA compiles a program: a CompileOptionsProto (xla/pjrt/proto/compile_options.proto). */

import { Message } from './protobuf';

/** A flag of XLA's, without its dashes. */
export type XlaFlags = Readonly<Record<string, boolean | number | string>>;

/** Reductions and scatters in one order, and no choice of kernels by how long they take. */
export const DETERMINISTIC: XlaFlags = { xla_gpu_deterministic_ops: true };

/** @param devices how many share the work of a program that says how (`ToHlo`) */
export function compileOptions(flags: XlaFlags, devices: number): Uint8Array {
  const build = new Message().int(1, -1).int(4, 1).int(5, devices); // device_ordinal: any; num_replicas; num_partitions
  if (devices > 1) build.int(6, 1); // use_spmd_partitioning
  const options = new Message().bytes(3, build); // executable_build_options
  for (const [name, value] of Object.entries(flags)) {
    const override = new Message();
    if (typeof value === 'boolean') override.int(2, value ? 1 : 0);
    else if (typeof value === 'number') override.int(3, value);
    else override.bytes(1, value);
    options.bytes(7, new Message().bytes(1, name).bytes(2, override)); // env_option_overrides
  }
  return options.finish();
}
