// The two addons that run recorded graphs through XLA (kernels/xla): one makes HLO of a graph, the other runs it on a plugin. Compiled only where there is
// a GPU, or for the tests. Without them the engine is TensorFlow's own.

import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTensorFlow, libraryFiles } from './engine.mjs';
import { SetUpError } from './error.mjs';
import { addon, modules, root } from './paths.mjs';
import { run } from './run.mjs';
import { fingerprint, readStamp, writeStamp } from './stamp.mjs';

const stamp = join(dirname(addon), 'roentgen-xla.json');
const folder = join(root, 'kernels', 'xla');

/** The flags of both; `-DNDEBUG` because TensorFlow's library was compiled so, and classes of its headers have another size without. */
const flags = ['-std=gnu++17', '-O1', '-DNDEBUG', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'];

const addons = {
  'to-hlo': { files: ['to-hlo.cc'], tensorflow: true },
  pjrt: { files: ['pjrt.cc', 'plugin.cc'], tensorflow: false },
};
/** Where an addon lies: "to-hlo" or "pjrt". */
export const pathOfAddon = (name) => join(dirname(addon), `roentgen_${name}.node`);

/** Absolute paths are part of what links to TensorFlow (its rpath), so a clone that moved builds again. */
const wanted = () =>
  fingerprint({
    values: [findTensorFlow() ?? 'none', process.arch],
    files: [...readdirSync(folder).map((name) => join(folder, name)), join(root, 'kernels', 'link', 'blocked.h')],
  });

const sizes = () => Object.keys(addons).map((name) => statSync(pathOfAddon(name), { throwIfNoEntry: false })?.size);

/** Whether both addons are whole and belong to the sources as they are. */
export function hasXla() {
  const done = readStamp(stamp);
  return done.fingerprint === wanted() && JSON.stringify(done.sizes) === JSON.stringify(sizes());
}

/** Compiles both addons, then tries them in a process of its own. */
export async function buildXla(compiler, onProgress) {
  if (compiler.missing) throw new SetUpError(compiler.missing);
  const built = Object.keys(addons).map((name) => ({ name, temporary: pathOfAddon(name).replace(/node$/, `${process.pid}.node`) }));
  mkdirSync(dirname(addon), { recursive: true });
  try {
    await Promise.all(built.map(({ name, temporary }) => compile(compiler, addons[name], temporary)));
    onProgress('trying them', undefined);
    await tryAddons(built.map(({ temporary }) => temporary));
    for (const { name, temporary } of built) renameSync(temporary, pathOfAddon(name)); // processes that have the old one loaded keep it
    writeStamp(stamp, { fingerprint: wanted(), sizes: sizes() });
  } finally {
    for (const { temporary } of built) rmSync(temporary, { force: true });
  }
}

async function compile(compiler, { files, tensorflow }, output) {
  const wheel = findTensorFlow();
  const include = [join(modules, 'node-api-headers', 'include'), join(wheel, 'include')].map((path) => `-I${path}`);
  const link = tensorflow ? [...libraryFiles(wheel), '-Xlinker', '-rpath', '-Xlinker', wheel] : ['-ldl'];
  const args = [...flags, ...include, ...files.map((name) => join(folder, name)), '-o', output, ...link];
  const { code, output: said } = await run(compiler.path, args);
  if (code === 0) return;
  const first = said.find((line) => /error|undefined reference/i.test(line)) ?? said.at(-1) ?? 'no message';
  throw new SetUpError(`${compiler.path} could not compile what runs graphs through XLA ("${first.trim().slice(0, 200)}")`);
}

/** A wrong build does not fail but crashes, so it is tried elsewhere: with the square of two numbers, and with a plugin that is not there. */
const trial = ([toHlo, pjrt]) => `
const message = (field, content) => [(field << 3) | 2, content.length, ...content];
const text = (field, value) => message(field, [...Buffer.from(value)]);
const attribute = (name, value) => message(5, [...text(1, name), ...message(2, value)]);
const node = (name, op, inputs, ...attributes) => message(1, [...text(1, name), ...text(2, op), ...inputs.flatMap((input) => text(3, input)), ...attributes.flat()]);
const [float, first] = [attribute('T', [0x30, 1]), attribute('index', [0x18, 0])];
const graph = [...node('x', '_Arg', [], float, first), ...node('y', 'Square', ['x'], float), ...node('r', '_Retval', ['y'], float, first)];
const { hlo, outputs } = require(${JSON.stringify(toHlo)}).toHlo(Buffer.from(graph), [{ name: 'x', dtype: 1, shape: [2], variable: false }], false, 1);
if (hlo.length === 0 || outputs[0] !== 0) throw new Error('a graph was converted wrongly');
try {
  require(${JSON.stringify(pjrt)}).start('/no/such/plugin.so', {});
} catch (error) {
  if (!/plugin/.test(error.message)) throw error;
}`;

async function tryAddons(paths) {
  const { code, output } = await run(process.execPath, ['-e', trial(paths)], { env: { TF_CPP_MIN_LOG_LEVEL: '3' }, timeout: 180_000 });
  if (code === 0) return;
  const why = output.find((line) => /^\w*Error\b|^[^ ]+: error/.test(line)) ?? output.at(-1) ?? `it ended with status ${code}`;
  throw new SetUpError(`what runs graphs through XLA was compiled but does not work ("${why.trim().slice(0, 300)}")`);
}
