// The engine: the addon of tfjs-node compiled against the TensorFlow library of the Python wheel, and tried.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SetUpError } from './error.mjs';
import { addon, addonPackage, modules, root, venv } from './paths.mjs';
import { run, which } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(dirname(addon), 'roentgen.json');
const getCompiler = 'get one with "sudo apt install g++" (macOS: "xcode-select --install"), then run "npm run setup" again';

/** A C++ compiler: $CXX, or the first of the usual names. */
export function findCompiler() {
  const path = [process.env.CXX, 'c++', 'g++', 'clang++'].map((name) => name && which(name)).find(Boolean);
  return path ? { path } : { missing: `no C++ compiler was found (looked for $CXX, c++, g++, clang++); ${getCompiler}` };
}

/** The wheel's folder, or undefined. */
export function findTensorFlow() {
  const libraries = join(venv, 'lib');
  if (!existsSync(libraries)) return undefined;
  for (const python of readdirSync(libraries)) {
    const folder = join(libraries, python, 'site-packages', 'tensorflow');
    if (existsSync(join(folder, 'include')) && libraryFiles(folder).every(existsSync)) return folder;
  }
  return undefined;
}

/** TensorFlow's libraries in the wheel's folder. */
export const libraryFiles = (folder) =>
  process.platform === 'darwin'
    ? [join(folder, 'libtensorflow_cc.2.dylib'), join(folder, 'libtensorflow_framework.2.dylib')]
    : [join(folder, 'libtensorflow_cc.so.2'), join(folder, 'libtensorflow_framework.so.2')];

const ourFiles = () =>
  readdirSync(join(root, 'kernels', 'link'))
    .sort()
    .map((name) => join(root, 'kernels', 'link', name));

const sources = () => [
  join(addonPackage, 'binding', 'tfjs_backend.cc'),
  join(addonPackage, 'binding', 'tfjs_binding.cc'),
  ...ourFiles().filter((name) => name.endsWith('.cc')),
];

/** Absolute paths are part of the addon (its rpath), so a clone that moved links again. */
const wanted = () =>
  fingerprint({
    values: [findTensorFlow() ?? 'none', process.arch],
    files: [...sources(), ...ourFiles().filter((name) => name.endsWith('.h'))],
  });

/** What was linked and tried: { library }, or undefined where that is to do. */
export function linked() {
  if (!existsSync(addon)) return undefined;
  const done = readStamp(stamp);
  return done.fingerprint === wanted() ? done : undefined;
}

/** Compiles and links the addon, then loads it in a process of its own. */
export async function linkEngine(compiler, onProgress) {
  const folder = findTensorFlow();
  if (!folder) throw new SetUpError('the TensorFlow wheel in .venv lacks its library; delete .venv, then run "npm run setup" again');
  await compile(folder, compiler);
  onProgress('loading it', undefined);
  writeStamp(stamp, { ...(await tryEngine()), fingerprint: wanted() });
}

/** TensorFlow's functions that the addon calls through ours (kernels/link). */
const replaced = {
  TF_NewTensor: 'roentgen_new_tensor',
  TFE_Execute: 'roentgen_execute',
  TFE_NewContext: 'roentgen_new_context',
  TF_LoadSessionFromSavedModel: 'roentgen_load_session',
  TF_SessionRun: 'roentgen_session_run',
};

async function compile(folder, compiler) {
  const include = [addonPackage, join(modules, 'node-api-headers', 'include'), join(folder, 'include')].map((path) => `-I${path}`);
  const temporary = `${addon}.${process.pid}.tmp`;
  mkdirSync(dirname(addon), { recursive: true });
  const defines = Object.entries(replaced).map(([theirs, ours]) => `-D${theirs}=${ours}`);
  const flags = ['-std=gnu++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', ...defines];
  if (process.platform === 'darwin') flags.push('-undefined', 'dynamic_lookup');
  // The path goes through -Xlinker because -Wl would split it at a comma.
  const link = [...libraryFiles(folder), '-Xlinker', '-rpath', '-Xlinker', folder];
  const { code, output } = await run(compiler.path, [...flags, ...include, ...sources(), '-o', temporary, ...link]);
  if (code !== 0) {
    rmSync(temporary, { force: true });
    const first = output.find((line) => /error|undefined reference/i.test(line)) ?? output.at(-1) ?? 'no message';
    throw new SetUpError(
      `${compiler.path} could not compile the engine's addon ("${first.trim().slice(0, 200)}"); it needs C++17: ${getCompiler}`,
    );
  }
  renameSync(temporary, addon); // processes that have the old one loaded keep it
}

/** Two functions that tfjs-node needs are gone from newer versions of Node. */
export const prepareNode = `
const util = require('node:util');
for (const [name, value] of [['isNullOrUndefined', (x) => x == null], ['isArray', Array.isArray]])
  Object.defineProperty(util, name, { value, configurable: true, writable: true });`;

/** In a process of its own, since a library that does not fit ends the process. */
const trial = `
${prepareNode}
const tf = require('@tensorflow/tfjs-node-gpu');
const sum = tf.tidy(() => tf.matMul(tf.ones([4, 4]), tf.ones([4, 4])).sum().dataSync()[0]);
if (sum !== 64) throw new Error('a product of matrices is wrong');
console.log('\\n' + JSON.stringify({ library: tf.backend().binding.TF_Version }));`;

async function tryEngine() {
  const env = { TF_CPP_MIN_LOG_LEVEL: '3' };
  const { code, stdout, output } = await run(process.execPath, ['-e', trial], { env, timeout: 180_000 });
  if (code === 0) return JSON.parse(stdout.trim().split('\n').at(-1));
  const why = output.find((line) => /^\w*Error\b|^[^ ]+: error/.test(line)) ?? output.at(-1) ?? `it ended with status ${code}`;
  throw new SetUpError(
    `TensorFlow was linked but does not load ("${why.trim().slice(0, 300)}"); "npm run setup -- --engine wasm" goes on without it`,
  );
}
