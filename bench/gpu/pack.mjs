// Makes an archive that measures compiled steps on a machine with a GPU and nothing else of this project: Node, the addon that runs programs, the programs, and
// what the small ones should give. node bench/gpu/pack.mjs [--out runs/gpu] [--only TEXT] [--no-archive]
import { copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuPlugin } from '../../build/test/engine/xla-plugin.js';

const { values: flags } = parseArgs({
  options: { out: { type: 'string', default: 'runs/gpu' }, only: { type: 'string', default: '' }, archive: { type: 'boolean', default: true } },
  allowNegative: true,
});
const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(flags.out, 'pack');
if (!cpuPlugin) throw new Error("what the programs should give is computed by XLA's plugin for the processor: npm run setup -- --tests");

// The engine as it records for a device: started on the processor's plugin.
Object.assign(process.env, { ROENTGEN_PJRT: cpuPlugin, ROENTGEN_XLA: '1' });
const { startEngine } = await import('roentgen-lab/engine');
await startEngine();
const { graphs } = await import('./graphs.mjs');
const { xlaGraph } = await import('#engine/xla-graph');
const { loadToHlo, pathOfAddon } = await import('#engine/xla-addons');
const { compileOptions } = await import('#engine/xla-options');
const say = (text) => process.stderr.write(`${text}\n`);

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'programs'), { recursive: true });
copyFileSync(process.execPath, join(folder, 'node'));
copyFileSync(pathOfAddon('pjrt'), join(folder, 'pjrt.node'));
for (const name of ['replay.mjs', 'table.mjs', 'run.sh']) copyFileSync(join(here, name), join(folder, name));

/** What float32 gives on the processor. */
function expectedOf(file) {
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'replay.mjs'), cpuPlugin, file], {
    encoding: 'utf8',
    env: { ...process.env, SECONDS_EACH: '0', XLA_FLAGS: '--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true' }, // a few calls: compiling is what takes long
  });
  const { first, failed } = JSON.parse(stdout.trim().split('\n').at(-1) || '{}');
  if (!first) throw new Error(`${file}: ${failed ?? stderr}`);
  return first;
}

const order = [];
for (const { name, title, images, checked, precisions, make } of (await graphs()).filter((one) => one.name.includes(flags.only))) {
  let expected;
  const files = [];
  for (const precision of [...precisions].sort((a, b) => Number(b === 'float32') - Number(a === 'float32'))) {
    const { graph, arguments: args } = make(precision);
    const converted = xlaGraph(graph);
    const { hlo, outputs, updates, inputs } = loadToHlo().toHlo(converted.definition, converted.arguments, converted.tensorFloat32, 1);
    if (outputs.some((output) => typeof output !== 'number')) throw new Error(`${name}: an output is constant`);
    const file = join(folder, 'programs', `${name}-${precision}`);
    const options = Buffer.from(compileOptions({}, 1)).toString('base64');
    const program = { name, title, precision, images, hlo: `${name}-${precision}.hlo`, options, updates, inputs, arguments: args };
    writeFileSync(`${file}.hlo`, hlo);
    writeFileSync(`${file}.json`, JSON.stringify(program));
    if (checked) expected ??= expectedOf(`${file}.json`);
    if (expected) writeFileSync(`${file}.json`, JSON.stringify({ ...program, expected }));
    files.push(precision);
    say(`${name}, ${precision}: ${graph.nodes.length} operations, ${(hlo.length / 1e6).toFixed(1)} MB`);
  }
  order.push(...precisions.map((precision) => `programs/${name}-${precision}.json`));
}
writeFileSync(join(folder, 'order.txt'), `${order.join('\n')}\n`);
if (flags.archive) {
  const archive = `${folder}.tar.xz`;
  const { status, stderr } = spawnSync('tar', ['-C', folder, '-cf', archive, '-I', 'xz -9', '.'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tar: ${stderr}`);
  const MiB = statSync(archive).size / 2 ** 20;
  say(`${archive}: ${MiB.toFixed(1)} MiB. There: mkdir p && tar -xf pack.tar.xz -C p && p/run.sh`);
  if (MiB > 60) throw new Error('it is larger than 60 MiB');
}
