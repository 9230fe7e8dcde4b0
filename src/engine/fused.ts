/**
 * The fused operations: kernels of our own for TensorFlow on the CPU (kernels/fused), each in place of a composition of many operations, whose
 * results it equals to rounding. `isFused` says whether they are there; where not, the compositions run.
 */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isTensorFlow } from './tensorflow';

/** Why there are no fused operations, or which instructions they use. */
export interface FusedState {
  readonly instructions?: string;
  /** One sentence where there are none, and what to do if anything can be done. */
  readonly note?: string;
}

/** Sets of instructions with a library each, the best first. A library registers its operations where the processor has them. */
const SETS = ['avx512bf16', 'avx512', 'avx2'];

let state: FusedState = { note: 'TensorFlow does not run' };

/** How long set-up left each library: one that was cut short would end the process that loads it. */
function sizesIn(stamp: string): Readonly<Record<string, number>> {
  try {
    return (JSON.parse(readFileSync(stamp, 'utf8')) as { sizes: Record<string, number> }).sizes ?? {};
  } catch {
    return {};
  }
}

function load(): FusedState {
  if (process.env.ROENTGEN_FUSED === '0') return { note: 'off, since ROENTGEN_FUSED is 0' };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { note: `not written for ${process.platform} on ${process.arch}; TensorFlow's own operations run, somewhat slower` };
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'lib', 'napi-v8');
  const libraries = SETS.map((name) => ({ name, path: join(folder, `roentgen_fused_${name}.node`) })).filter(({ path }) =>
    existsSync(path),
  );
  if (libraries.length === 0) return { note: 'not compiled; "npm run setup" does, or says what keeps it from that' };
  const sizes = sizesIn(join(folder, 'roentgen-fused.json'));
  if (libraries.some(({ name, path }) => statSync(path).size !== sizes[name]))
    return { note: 'their files are not whole; run "npm run setup"' };
  try {
    for (const { path } of libraries) {
      const { instructions } = require(path) as { instructions: string };
      if (instructions) return { instructions };
    }
    return { note: "this processor lacks AVX2; TensorFlow's own operations run, somewhat slower" };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0]! : String(error);
    return { note: `they do not load (${why}); run "npm run setup"` };
  }
}

/**
 * Loads the operations into TensorFlow, where that runs and they fit this machine.
 *
 * @param xla whether graphs run through XLA, which has no form of them and fuses operations itself
 */
export function loadFused(xla: boolean): void {
  state = xla ? { note: 'for the CPU alone; XLA fuses operations itself' } : load();
}

/** What `loadFused` found. */
export function fusedState(): FusedState {
  return state;
}

/** Whether the fused operations can be used: as raw operations, eagerly and in graphs. */
export function isFused(): boolean {
  return state.instructions !== undefined && isTensorFlow();
}
