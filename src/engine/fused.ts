/**
 * The fused operations: kernels of our own for TensorFlow on the CPU (kernels/fused), each in place of a composition of many operations, whose
 * results it equals to rounding. `isFused` says whether they are there; where not, the compositions run.
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { backend, isTensorFlow } from './tensorflow';

/** Why there are no fused operations, or which instructions they use. */
export interface FusedState {
  readonly instructions?: string;
  /** One sentence where there are none, and what to do if anything can be done. */
  readonly note?: string;
}

/** One for each set of instructions, the best first. A library registers its operations where the processor has them. */
const LIBRARIES = ['roentgen_fused_avx512.node', 'roentgen_fused_avx2.node'];

let state: FusedState = { note: 'TensorFlow does not run' };

function load(): FusedState {
  if (process.env.ROENTGEN_FUSED === '0') return { note: 'off, since ROENTGEN_FUSED is 0' };
  if (backend().isUsingGpuDevice) return { note: 'for the CPU alone; the GPU has its own' };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { note: `not written for ${process.platform} on ${process.arch}; TensorFlow's own operations run, somewhat slower` };
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'lib', 'napi-v8');
  const libraries = LIBRARIES.map((name) => join(folder, name)).filter(existsSync);
  if (libraries.length === 0) return { note: 'not compiled; "npm run setup" does, or says what keeps it from that' };
  try {
    for (const library of libraries) {
      const { instructions } = require(library) as { instructions: string };
      if (instructions) return { instructions };
    }
    return { note: "this processor lacks AVX2; TensorFlow's own operations run, somewhat slower" };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return { note: `they do not load (${why}); run "npm run setup"` };
  }
}

/** Loads the operations into TensorFlow, where that runs and they fit this machine. */
export function loadFused(): void {
  state = load();
}

/** What `loadFused` found. */
export function fusedState(): FusedState {
  return state;
}

/** Whether the fused operations can be used: as raw operations, eagerly and in graphs. */
export function isFused(): boolean {
  return state.instructions !== undefined && isTensorFlow();
}
