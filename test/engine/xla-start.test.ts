/** Where the device can't be had, one sentence says why, and TensorFlow runs; where it was asked for, that is an error. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { root, tempDir } from '../support';
import { cpuPlugin, skip } from './xla-plugin';

const program = `
const tf = require('@tensorflow/tfjs-core');
const { compile, startEngine } = require('roentgen-lab/engine');
startEngine().then(({ device, note, fused }) => {
  const [sum] = compile((x) => tf.sum(x))(tf.tensor1d([1, 2, 3])).dataSync();
  console.log('\\n' + JSON.stringify({ device, note, fused, sum }));
}, ({ message }) => console.log('\\n' + JSON.stringify({ error: message })));`;

interface Started {
  readonly device?: string;
  readonly note?: string;
  readonly sum?: number;
  readonly error?: string;
}

function start(env: Record<string, string>, preload = ''): Started {
  const run = spawnSync(process.execPath, [...(preload ? ['--require', preload] : []), '-e', program], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ROENTGEN_XLA: '', ROENTGEN_PJRT: '', ...env },
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout.trim().split('\n').at(-1)!) as Started;
}

/** A plugin that answers with another major version of the interface. */
function otherVersion(t: TestContext): string | undefined {
  const [source, library] = ['plugin.c', 'plugin.so'].map((name) => join(tempDir(t), name)) as [string, string];
  // struct_size, extension_start, { struct_size, extension_start, major, minor }
  writeFileSync(source, 'static long long api[512] = {4096, 0, 24, 0, 9}; void* GetPjrtApi() { return api; }');
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source]);
  return status === 0 ? library : undefined;
}

test('a plugin that is missing, broken, none, or of another version', { skip }, (t) => {
  const broken = join(tempDir(t), 'broken.so');
  writeFileSync(broken, 'not a library');
  const faults: [plugin: string | undefined, note: RegExp][] = [
    [
      '/nowhere/plugin.so',
      /^XLA's plugin does not load \(\/nowhere\/plugin\.so: cannot open .*\); run "npm run setup"; until then the processor does the work$/,
    ],
    [broken, /^XLA's plugin does not load \(.*broken\.so: (file too short|invalid ELF header)\); run "npm run setup"/],
    ['libm.so.6', /^XLA's plugin does not load \(libm\.so\.6 is no PJRT plugin: it exports no GetPjrtApi\)/],
    [otherVersion(t), /^XLA's plugin is of another version \(the plugin speaks version 9 of PJRT's interface, and this addon version 0\)/],
  ];
  for (const [plugin, note] of faults) {
    if (!plugin) continue;
    const { device, note: said, sum } = start({ ROENTGEN_PJRT: plugin });
    assert.deepEqual([device, sum], ['CPU', 6]);
    assert.match(said!, note);
  }
});

test('a kernel that names the GPU does not go on without one', { skip }, () => {
  assert.match(start({ ROENTGEN_XLA: '1', ROENTGEN_PJRT: '/nowhere/plugin.so' }).error!, /^startEngine: XLA's plugin does not load /);
});

test('addons that are not compiled: one sentence', { skip }, (t) => {
  const preload = join(tempDir(t), 'preload.cjs');
  writeFileSync(
    preload,
    "const fs = require('node:fs'); const { existsSync } = fs; fs.existsSync = (path) => !/roentgen_pjrt/.test(path) && existsSync(path);",
  );
  assert.match(start({ ROENTGEN_PJRT: cpuPlugin! }, preload).note!, /^what runs graphs through XLA is not compiled; "npm run setup" does/);
});

test('without a GPU nothing is said, and ROENTGEN_XLA=0 keeps the processor where there is one', { skip }, () => {
  assert.deepEqual(start({ ROENTGEN_XLA: '0', ROENTGEN_PJRT: cpuPlugin! }).device, 'CPU');
  const { device, note } = start({});
  if (device === 'CPU') assert.equal(note, undefined);
});
