// The fused operations: kernels of our own for TensorFlow on the CPU, a library beside the engine's addon. Without it the engine composes the same
// from TensorFlow's operations.

import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { findTensorFlow, libraryFiles, prepareNode } from './engine.mjs';
import { SetUpError } from './error.mjs';
import { addon, modules, root } from './paths.mjs';
import { run } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(dirname(addon), 'roentgen-fused.json');
const folder = join(root, 'kernels', 'fused');

const avx512 = ['-march=x86-64-v4', '-mprefer-vector-width=512'];

/**
 * One library for each set of instructions that the kernels are compiled for; what it is loaded on says which one runs. Where `others` names a set, only
 * the files of `differ` are compiled anew.
 */
export const instructionSets = [
  { name: 'avx512', kernels: avx512, addon: ['-DROENTGEN_AVX512'] },
  {
    name: 'avx512bf16',
    kernels: [...avx512, '-mavx512bf16'],
    addon: ['-DROENTGEN_AVX512', '-DROENTGEN_BF16'],
    differ: ['attention.cc', 'product.cc', 'product-weights.cc'],
    others: 'avx512',
  },
  { name: 'avx2', kernels: ['-march=x86-64-v3'], addon: [] },
];
const libraryOf = (name) => join(dirname(addon), `roentgen_fused_${name}.node`);

/** What every file is compiled with. */
export const flags = ['-std=gnu++17', '-O2', '-fPIC', '-w', '-fvisibility=hidden', '-fno-math-errno'];

/** What runs before the processor was looked at, and is in every library. The one with TensorFlow's C++ headers takes longest and comes first. */
const common = ['tensorflow.cc', 'operation.cc', 'operations.cc', 'workers.cc'];

const filesOf = (extension) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .sort();

/** What is compiled for each set of instructions, from nothing but these files. */
export const kernelFiles = () =>
  filesOf('.cc')
    .filter((name) => name !== 'addon.cc' && !common.includes(name))
    .map((name) => join(folder, name));

/** Absolute paths are part of the libraries (their rpath), so a clone that moved builds again. */
const wanted = () =>
  fingerprint({ values: [findTensorFlow() ?? 'none'], files: [...filesOf('.h'), ...filesOf('.cc')].map((name) => join(folder, name)) });

/** Whether there are kernels for this kind of machine. */
export const canFuse = () => process.platform === 'linux' && process.arch === 'x64';

const sizes = () =>
  Object.fromEntries(instructionSets.map(({ name }) => [name, statSync(libraryOf(name), { throwIfNoEntry: false })?.size]));

/** Whether the libraries are whole and belong to the sources as they are. */
export function isFused() {
  const done = readStamp(stamp);
  return done.fingerprint === wanted() && JSON.stringify(done.sizes) === JSON.stringify(sizes());
}

/**
 * The libraries on their way. They take most of a minute of one processor, which set-up has to spare while it waits for networks and disks, so parts may
 * be begun early: `begin('kernels')` needs the compiler alone, `begin('rest')` the packages and the wheel. `finish` does what is left, `end` lets go of
 * all, in whatever state it is.
 */
export function fusedBuild(compiler) {
  const objects = mkdtempSync(join(tmpdir(), 'roentgen-fused-'));
  const stop = new AbortController();
  const begun = new Set();
  const waiting = [];
  const workers = [];
  let working = 0;
  const work = async () => {
    working++;
    for (let args = waiting.shift(); args; args = waiting.shift()) await call(compiler, args, stop.signal);
    working--;
  };
  const workWith = (count) => {
    while (waiting.length > 0 && working < count) workers.push(work());
    for (const worker of workers) worker.catch(() => {}); // `finish` tells
  };

  function begin(part) {
    if (compiler.missing || begun.has(part)) return;
    begun.add(part);
    if (part === 'rest') waiting.unshift(...restOf(objects));
    else waiting.push(...kernelsOf(objects));
    workWith(1);
  }

  return {
    begin,
    async finish(onProgress) {
      if (compiler.missing) throw new SetUpError(compiler.missing);
      begin('rest');
      begin('kernels');
      workWith(Math.max(2, cpus().length));
      await Promise.all(workers);
      await makeLibraries(compiler, objects, onProgress);
    },
    async end() {
      waiting.length = 0;
      stop.abort();
      await Promise.allSettled(workers);
      rmSync(objects, { recursive: true, force: true });
    },
  };
}

/** Arguments that compile a file for one of the folders of `objects`. */
function compilation(objects, part, file, more) {
  mkdirSync(join(objects, part), { recursive: true });
  return [...flags, ...more, '-c', file, '-o', join(objects, part, `${basename(file, '.cc')}.o`)];
}

const kernelsOf = (objects) =>
  instructionSets.flatMap(({ name, kernels, differ }) =>
    kernelFiles()
      .filter((file) => !differ || differ.includes(basename(file)))
      .map((file) => compilation(objects, name, file, kernels)),
  );

function restOf(objects) {
  const include = [join(modules, 'node-api-headers', 'include'), join(findTensorFlow(), 'include')].map((path) => `-I${path}`);
  return [
    ...common.map((name) => compilation(objects, 'common', join(folder, name), include)),
    ...instructionSets.map(({ name, addon }) =>
      compilation(objects, name, join(folder, 'addon.cc'), [...include, ...addon, '-DNAPI_VERSION=8']),
    ),
  ];
}

/** Links the libraries, then loads them in a process of its own. */
async function makeLibraries(compiler, objects, onProgress) {
  const tensorflow = findTensorFlow();
  const built = instructionSets.map(({ name }) => [libraryOf(name).replace(/node$/, `${process.pid}.node`), libraryOf(name)]);
  try {
    const objectsOf = (part, without = []) =>
      readdirSync(join(objects, part))
        .filter((name) => !without.includes(name))
        .map((name) => join(objects, part, name));
    const link = [...libraryFiles(tensorflow), '-Xlinker', '-rpath', '-Xlinker', tensorflow, '-pthread'];
    for (const [i, { name, others }] of instructionSets.entries()) {
      const own = [...objectsOf(name), ...(others ? objectsOf(others, readdirSync(join(objects, name))) : [])];
      await call(compiler, ['-shared', '-o', built[i][0], ...objectsOf('common'), ...own, ...link]);
    }
    onProgress('loading it', undefined);
    await tryLibraries(built.map(([temporary]) => temporary));
    for (const [temporary, library] of built) renameSync(temporary, library); // processes that have the old one loaded keep it
    writeStamp(stamp, { fingerprint: wanted(), sizes: sizes() });
  } finally {
    for (const [temporary] of built) rmSync(temporary, { force: true });
  }
}

async function call(compiler, args, signal) {
  const { code, output } = await run(compiler.path, args, { signal });
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
