// The Jupyter kernels: one for each engine that works here, and one that takes the best.

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { kernelFolder, launcher } from './paths.mjs';
import { writeWhole } from './stamp.mjs';

const kernel = (title, env) => ({
  argv: [process.execPath, launcher, '{connection_file}'],
  display_name: title,
  language: 'typescript',
  interrupt_mode: 'message',
  env,
  metadata: { debugger: false },
});

/**
 * The kernels for what works here, by folder name. Each names its engine, so that a notebook never changes to another one silently.
 *
 * @param tensorflow whether TensorFlow is linked and loads
 * @param gpu whether there is a GPU that XLA runs graphs on
 * @param preferWasm whether wasm was asked for although TensorFlow may be there
 */
export function kernelSpecs({ tensorflow, gpu, preferWasm = false }) {
  const specs = { 'roentgen-wasm': kernel('TypeScript (roentgen, wasm)', { ROENTGEN_BACKEND: 'wasm' }) };
  if (tensorflow) specs['roentgen-cpu'] = kernel('TypeScript (roentgen, CPU)', { ROENTGEN_BACKEND: 'tensorflow', ROENTGEN_XLA: '0' });
  if (tensorflow && gpu)
    specs['roentgen-gpu'] = kernel('TypeScript (roentgen, GPU)', { ROENTGEN_BACKEND: 'tensorflow', ROENTGEN_XLA: '1' });
  const best = tensorflow && !preferWasm ? 'tensorflow' : 'wasm';
  return { roentgen: kernel('TypeScript (roentgen)', { ROENTGEN_BACKEND: best }), ...specs };
}

const textOf = (spec) => `${JSON.stringify(spec, null, 2)}\n`;

/** Whether exactly these kernels are registered. */
export function hasKernels(specs, folder = kernelFolder) {
  const there = registered(folder);
  return (
    there.length === Object.keys(specs).length &&
    Object.entries(specs).every(([name, spec]) => {
      const file = join(folder, name, 'kernel.json');
      return existsSync(file) && readFileSync(file, 'utf8') === textOf(spec);
    })
  );
}

/** Registers these kernels and removes those of engines that are gone. */
export function writeKernels(specs, folder = kernelFolder) {
  for (const [name, spec] of Object.entries(specs)) writeWhole(join(folder, name, 'kernel.json'), textOf(spec));
  for (const name of registered(folder)) if (!specs[name]) rmSync(join(folder, name), { recursive: true, force: true });
}

function registered(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name === 'roentgen' || name.startsWith('roentgen-'));
}
