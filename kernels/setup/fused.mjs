// The fused operations: kernels of our own for TensorFlow on the CPU, a library beside the engine's addon. Without it the engine composes the same
// from TensorFlow's operations.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { findTensorFlow, libraryFiles, prepareNode } from './engine.mjs';
import { SetUpError } from './error.mjs';
import { addon, modules, root } from './paths.mjs';
import { run } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(dirname(addon), 'roentgen-fused.json');
const folder = join(root, 'kernels', 'fused');

/** One library for each set of instructions that the kernels are compiled for; what it is loaded on says which one runs. */
const instructionSets = [
  { name: 'avx512', kernels: ['-march=x86-64-v4', '-mprefer-vector-width=512'], addon: ['-DROENTGEN_AVX512'] },
  { name: 'avx2', kernels: ['-march=x86-64-v3'], addon: [] },
];
const libraryOf = (name) => join(dirname(addon), `roentgen_fused_${name}.node`);

/** What runs before the processor was looked at, and is in every library. */
const common = ['tensorflow.cc', 'operation.cc', 'operations.cc', 'workers.cc'];

const filesOf = (extension) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .sort();

/** Absolute paths are part of the libraries (their rpath), so a clone that moved builds again. */
const wanted = () =>
  fingerprint({ values: [findTensorFlow() ?? 'none'], files: [...filesOf('.h'), ...filesOf('.cc')].map((name) => join(folder, name)) });

/** Whether there are kernels for this kind of machine. */
export const canFuse = () => process.platform === 'linux' && process.arch === 'x64';

/** Whether the libraries belong to the sources as they are. */
export const isFused = () => instructionSets.every(({ name }) => existsSync(libraryOf(name))) && readStamp(stamp).fingerprint === wanted();

/** Compiles and links the libraries, then loads them in a process of its own. */
export async function buildFused(compiler, onProgress) {
  if (compiler.missing) throw new SetUpError(compiler.missing);
  const objects = mkdtempSync(join(tmpdir(), 'roentgen-fused-'));
  const tensorflow = findTensorFlow();
  const built = instructionSets.map(({ name }) => [libraryOf(name).replace(/node$/, `${process.pid}.node`), libraryOf(name)]);
  try {
    await compileAll(compiler, objects);
    const objectsOf = (part) => readdirSync(join(objects, part)).map((name) => join(objects, part, name));
    const link = [...libraryFiles(tensorflow), '-Xlinker', '-rpath', '-Xlinker', tensorflow, '-pthread'];
    for (const [i, { name }] of instructionSets.entries())
      await call(compiler, ['-shared', '-o', built[i][0], ...objectsOf('common'), ...objectsOf(name), ...link]);
    onProgress('loading it', undefined);
    await tryLibraries(built.map(([temporary]) => temporary));
    for (const [temporary, library] of built) renameSync(temporary, library); // processes that have the old one loaded keep it
    writeStamp(stamp, { fingerprint: wanted() });
  } finally {
    rmSync(objects, { recursive: true, force: true });
    for (const [temporary] of built) rmSync(temporary, { force: true });
  }
}

/** The file with TensorFlow's C++ headers takes longest and is begun first; the others are compiled beside it. */
async function compileAll(compiler, objects) {
  const flags = ['-std=gnu++17', '-O2', '-fPIC', '-w', '-fvisibility=hidden', '-fno-math-errno', '-DNAPI_VERSION=8'];
  const include = [join(modules, 'node-api-headers', 'include'), join(findTensorFlow(), 'include')].map((path) => `-I${path}`);
  const waiting = [];
  const add = (part, name, more) =>
    waiting.push([...more, '-c', join(folder, name), '-o', join(objects, part, `${basename(name, '.cc')}.o`)]);
  for (const part of ['common', ...instructionSets.map(({ name }) => name)]) mkdirSync(join(objects, part));
  for (const name of common) add('common', name, []);
  for (const { name: part, kernels, addon } of instructionSets)
    for (const name of filesOf('.cc').filter((file) => !common.includes(file))) add(part, name, name === 'addon.cc' ? addon : kernels);
  const work = async () => {
    for (let args = waiting.shift(); args; args = waiting.shift()) await call(compiler, [...flags, ...include, ...args]);
  };
  await Promise.all(Array.from({ length: Math.max(2, cpus().length) }, work));
}

async function call(compiler, args) {
  const { code, output } = await run(compiler.path, args);
  if (code === 0) return;
  const first = output.find((line) => /error|undefined reference/i.test(line)) ?? output.at(-1) ?? 'no message';
  throw new SetUpError(`${compiler.path} could not compile the fused operations ("${first.trim().slice(0, 200)}")`);
}

/** In a process of its own, since a library that does not fit ends the process. */
const trial = (libraries) => `
${prepareNode}
const tf = require('@tensorflow/tfjs-node-gpu');
const { binding } = tf.backend();
if (${JSON.stringify(libraries)}.some((library) => require(library).instructions)) {
  const x = tf.tensor([2, 3, 0, 100], [1, 4]);
  const [y] = binding.executeOp('RoentgenGeglu', [], tf.backend().getInputTensorIds([x]), 1);
  const [a, b] = binding.tensorDataSync(y.id);
  if (a !== 0 || Math.abs(b - 300) > 1e-3) throw new Error('an operation is wrong');
}`;

async function tryLibraries(libraries) {
  const { code, output } = await run(process.execPath, ['-e', trial(libraries)], { env: { TF_CPP_MIN_LOG_LEVEL: '3' }, timeout: 180_000 });
  if (code === 0) return;
  const why = output.find((line) => /^\w*Error\b|^[^ ]+: error/.test(line)) ?? output.at(-1) ?? `it ended with status ${code}`;
  throw new SetUpError(`The fused operations were compiled but do not load ("${why.trim().slice(0, 300)}")`);
}
