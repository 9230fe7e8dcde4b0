/** A small clone with invented npm, Python, compiler and driver on its PATH, so that set-up runs offline in a second and can be made to fail. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { root, tempDir } from '../support';

export type Tool = 'npm' | 'python3' | 'c++' | 'nvidia-smi';

export interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
  readonly stdout: string;
}

export interface Clone {
  readonly folder: string;
  /** What the invented programs were called with, one line a call, since the last time it was asked. */
  calls(): string[];
  /** Runs set-up with these tools on the PATH. FAKE_* variables make the tools fail. */
  setUp(
    args?: readonly string[],
    options?: { tools?: readonly Tool[]; env?: Record<string, string>; signal?: { onCall: string; name: NodeJS.Signals } },
  ): Promise<Outcome>;
  path(...parts: string[]): string;
}

/** Each tool is a script for this Node; `log` notes the call. */
const common = `
const { appendFileSync, cpSync, existsSync, mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const args = process.argv.slice(2);
const say = (text) => process.stdout.write(text + '\\n');
const fail = (text) => { process.stderr.write(text + '\\n'); process.exit(1); };
const put = (path, text = '') => { mkdirSync(join(path, '..'), { recursive: true }); writeFileSync(path, text); };
const log = (name) => appendFileSync(process.env.FAKE_LOG, name + ' ' + args.join(' ') + '\\n');
`;

const npm = `
log('npm');
if (process.env.FAKE_NPM) fail(process.env.FAKE_NPM);
put('node_modules/.package-lock.json', '{"packages":{}}');
put('node_modules/typescript/bin/tsc', "const { mkdirSync, writeFileSync } = require('node:fs'); mkdirSync('dist/cli', { recursive: true }); writeFileSync('dist/cli/main.js', '');");
put('node_modules/@tensorflow/tfjs-node-gpu/package.json', '{"name":"@tensorflow/tfjs-node-gpu","main":"index.js"}');
put('node_modules/@tensorflow/tfjs-node-gpu/index.js', "require.extensions['.node'] = (module) => { if (process.env.FAKE_FUSED) throw new Error(process.env.FAKE_FUSED); module.exports = { instructions: '' }; }; if (process.env.FAKE_LOAD) throw new Error(process.env.FAKE_LOAD); module.exports = { tidy: () => 64, backend: () => ({ binding: { TF_Version: '2.20.0' } }) };");
put('node_modules/node-api-headers/include/node_api.h');
`;

const python = `
const version = process.env.FAKE_PYTHON ?? '3.11.7';
if (args[0] === '-c' && !args[2]) say(JSON.stringify({ version: version.split('.').map(Number), venv: !process.env.FAKE_NO_VENV }));
else if (args[0] === '-c') say('something==1.0');
else if (args[1] === 'venv') {
  log('python');
  const folder = args.at(-1);
  put(join(folder, 'pyvenv.cfg'), 'home = /usr/bin\\nversion = ' + version + '\\n');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  cpSync(__filename, join(folder, 'bin', 'python'));
} else if (args[1] === 'pip' && args[2] === '--version') say('pip 24.2 from here (python 3.11)');
else {
  log('python');
  if (process.env.FAKE_PIP) fail(process.env.FAKE_PIP);
  if (process.env.FAKE_SLOW) { say('Collecting something'); setTimeout(() => {}, 30_000); }
  const packages = join(__dirname, '..', 'lib', 'python3.11', 'site-packages');
  const plugin = (cuda) => put(join(packages, 'jax_plugins', 'xla_cuda' + cuda, 'xla_cuda_plugin.so'));
  if (args.some((a) => a.includes('requirements-engine-gpu.txt'))) plugin(13);
  if (args.some((a) => a.includes('requirements-engine-gpu-cuda12.txt'))) plugin(12);
  if (args.some((a) => a.includes('requirements-engine.txt'))) {
    const tensorflow = join(packages, 'tensorflow');
    for (const name of ['include/header.h', 'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']) put(join(tensorflow, name));
  }
}
`;

const compiler = `
log('c++');
if (process.env.FAKE_CXX) fail(process.env.FAKE_CXX);
if (process.env.FAKE_CXX_XLA && args.some((a) => a.endsWith('to-hlo.cc'))) fail(process.env.FAKE_CXX_XLA);
if (process.env.FAKE_CXX_FUSED && args.some((a) => a.endsWith('attention.cc'))) fail(process.env.FAKE_CXX_FUSED);
put(args[args.indexOf('-o') + 1]);
`;

const driver = `
log('nvidia-smi');
say(process.env.FAKE_DRIVER ?? '580.65.06');
`;

const scripts: Readonly<Record<Tool, string>> = { npm, python3: python, 'c++': compiler, 'nvidia-smi': driver };

/** What stands in for the addons of kernels/xla, which set-up loads on their own: a GPU named FAKE_GPU, or none. */
const addons = `
const load = require.extensions['.node'];
require.extensions['.node'] = (module, path) => {
  if (/roentgen_to-hlo/.test(path)) {
    if (process.env.FAKE_XLA) throw new Error(process.env.FAKE_XLA);
    module.exports = { toHlo: () => ({ hlo: [1], outputs: [0] }) };
  } else if (/roentgen_pjrt/.test(path)) {
    module.exports = { start: (plugin) => {
      if (plugin.includes('/no/such/')) throw new Error('no plugin');
      if (!process.env.FAKE_GPU) throw new Error('starting the device: No visible GPU devices.');
      return { kind: process.env.FAKE_GPU };
    } };
  } else load(module, path);
};`;

const allTools: readonly Tool[] = ['npm', 'python3', 'c++'];

/** Makes the clone; its path holds a space and a comma. */
export function fakeClone(t: TestContext): Clone {
  const folder = join(tempDir(t), 'my clone, here');
  const path = (...parts: string[]): string => join(folder, ...parts);
  mkdirSync(path('src'), { recursive: true });
  cpSync(join(root, 'kernels'), path('kernels'), { recursive: true, filter: (source) => !source.endsWith('.ts') });
  writeFileSync(path('package.json'), '{"name":"roentgen-lab"}');
  writeFileSync(path('package-lock.json'), '{"packages":{"":{"name":"roentgen-lab"}}}');
  writeFileSync(path('addons.cjs'), addons);
  const bin = path('fake tools');
  mkdirSync(bin);
  const log = path('calls.log');
  let seen = 0;
  return {
    folder,
    path,
    calls() {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
      const fresh = lines.slice(seen);
      seen = lines.length;
      return fresh;
    },
    async setUp(args = [], { tools = allTools, env = {}, signal } = {}) {
      const chosen = join(bin, tools.join('-') || 'none');
      mkdirSync(chosen, { recursive: true });
      for (const tool of tools) writeFileSync(join(chosen, tool), `#!${process.execPath}\n${common}${scripts[tool]}`, { mode: 0o755 });
      const child = spawn(process.execPath, [path('kernels', 'setup.mjs'), ...args], {
        cwd: dirname(folder),
        env: { PATH: chosen, HOME: folder, FAKE_LOG: log, NODE_OPTIONS: `--require "${path('addons.cjs')}"`, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (text) => {
        stdout += text;
      });
      child.stderr.on('data', (text) => {
        stderr += text;
      });
      const timer = setInterval(() => {
        if (!signal || !existsSync(log) || !readFileSync(log, 'utf8').includes(signal.onCall)) return;
        child.kill(signal.name);
        clearInterval(timer);
      }, 20);
      const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
      clearInterval(timer);
      return { status, stderr, stdout };
    },
  };
}
