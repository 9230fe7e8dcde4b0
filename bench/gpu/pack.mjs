// Makes an archive that measures compiled steps on a machine with a GPU and nothing else of this project: Node, the addon that runs programs, the programs,
// what the small ones should give, and diffusers for PyTorch's side. node bench/gpu/pack.mjs [--out runs/gpu] [--only TEXT] [--no-archive] [--no-diffusers]
import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { cpuPlugin } from '../../build/test/engine/xla-plugin.js';
import { FIRST, TYPES, valuesOf } from './fill.mjs';

const { values: flags } = parseArgs({
  options: { out: { type: 'string', default: 'runs/gpu' }, only: { type: 'string', default: '' }, archive: { type: 'boolean', default: true }, diffusers: { type: 'boolean', default: true } },
  allowNegative: true,
});
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const folder = resolve(flags.out, 'pack');
if (!cpuPlugin) throw new Error("graphs are recorded for XLA's plugin for the processor: npm run setup -- --tests");

// The engine as it records for a device: started on the processor's plugin.
Object.assign(process.env, { ROENTGEN_PJRT: cpuPlugin, ROENTGEN_XLA: '1' });
const { startEngine } = await import('roentgen-lab/engine');
await startEngine();
const { graphs } = await import('./graphs.mjs');
const { TensorFlowSession } = await import('#engine/tensorflow-session');
const { xlaGraph } = await import('#engine/xla-graph');
const { loadToHlo, pathOfAddon } = await import('#engine/xla-addons');
const { compileOptions, DETERMINISTIC } = await import('#engine/xla-options');
const say = (text) => process.stderr.write(`${text}\n`);

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'programs'), { recursive: true });
copyFileSync(process.execPath, join(folder, 'node'));
copyFileSync(pathOfAddon('pjrt'), join(folder, 'pjrt.node'));
for (const name of ['replay.mjs', 'fill.mjs', 'table.mjs', 'pytorch.py', 'run.sh']) copyFileSync(join(here, name), join(folder, name));

const DIFFUSERS = 'diffusers==0.42.1';
/** float32 first: what the processor gives is asked for in it. */
const PRECISIONS = ['float32', 'bfloat16', 'tf32'];
const WAYS = ['xla', 'deterministic', 'eager', 'compiled'];
/** What the deterministic mode costs, and that it gives the same bytes. */
const isTried = (name, precision) => (name === 'small-training' && precision === 'float32') || (name === 'sd14-training-256' && precision === 'bfloat16');

/** What tells most comes first, as a machine may be taken away early: whether numbers are right, then the targets, then the rest, ours before PyTorch's. */
function rank({ checked, precision, way }) {
  if (checked && precision === 'float32' && way === 'xla') return 0;
  if (!checked && precision === 'bfloat16') return 1;
  return way === 'xla' || way === 'deterministic' ? 2 : 3;
}

/** What TensorFlow gives on the processor: the output's first values, of a step those of the first two. */
function expectedOf(graph, args, steps) {
  const session = new TensorFlowSession(graph);
  const tensors = args.map((one) => tf.tensor(valuesOf(one), one.shape, TYPES[one.dtype].dtype));
  const [state, inputs] = [tensors.slice(0, graph.state.length), tensors.slice(graph.state.length)];
  session.write(state);
  const values = Array.from({ length: steps }, () => {
    const outputs = session.run(inputs);
    const first = [...outputs[0].dataSync().subarray(0, FIRST)];
    tf.dispose(outputs);
    return first;
  }).flat();
  session.close();
  tf.dispose(tensors);
  return values;
}

const order = [];
for (const { name, title, images, checked, module, make } of (await graphs()).filter((one) => one.name.includes(flags.only))) {
  let expected;
  for (const precision of PRECISIONS) {
    const { graph, arguments: args } = make(precision);
    const converted = xlaGraph(graph);
    const { hlo, outputs, updates, inputs } = loadToHlo().toHlo(converted.definition, converted.arguments, converted.tensorFloat32, 1);
    if (outputs.some((output) => typeof output !== 'number')) throw new Error(`${name}: an output is constant`);
    const file = join(folder, 'programs', `${name}-${precision}`);
    const [options, deterministic] = [{}, DETERMINISTIC].map((given) => Buffer.from(compileOptions(given, 1)).toString('base64'));
    const program = { name, title, precision, images, module, hlo: `${name}-${precision}.hlo`, options, deterministic, updates, inputs, arguments: args };
    writeFileSync(`${file}.hlo`, hlo);
    if (checked) expected ??= expectedOf(graph, args, updates.length > 0 ? 2 : 1);
    writeFileSync(`${file}.json`, JSON.stringify({ ...program, expected }));
    const ways = WAYS.filter((way) => way !== 'deterministic' || isTried(name, precision));
    order.push(...ways.map((way) => ({ line: `programs/${name}-${precision}.json ${way}`, rank: rank({ checked, precision, way }) })));
    say(`${name}, ${precision}: ${graph.nodes.length} operations, ${(hlo.length / 1e6).toFixed(1)} MB`);
  }
}
order.sort((a, b) => a.rank - b.rank);
writeFileSync(join(folder, 'order.txt'), order.map(({ line }) => `${line}\n`).join(''));
if (flags.diffusers) {
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-compile', '--target', join(folder, 'packages'), DIFFUSERS];
  const { status } = spawnSync(join(root, '.venv', 'bin', 'python'), pip, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${DIFFUSERS} could not be brought; --no-diffusers makes an archive without it`);
}
if (flags.archive) {
  const archive = `${folder}.tar.xz`;
  const { status, stderr } = spawnSync('tar', ['-C', folder, '-cf', archive, '-I', 'xz -9', '.'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
  const MiB = statSync(archive).size / 2 ** 20;
  say(`${archive}: ${MiB.toFixed(1)} MiB. There: mkdir p && tar -xf pack.tar.xz -C p && p/run.sh`);
  if (MiB > 60) throw new Error('it is larger than 60 MiB');
}
