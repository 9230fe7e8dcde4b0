/** Where the fused operations cannot be had, one sentence says why, and the compositions run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, tempDir } from '../support';

/** What is done to Node before the engine starts. */
const faults = [
  {
    name: 'another kind of processor',
    code: "Object.defineProperty(process, 'arch', { value: 'arm64' })",
    note: /^not written for linux on arm64; TensorFlow's own operations run/,
  },
  {
    name: 'no libraries',
    code: 'const { existsSync } = fs; fs.existsSync = (path) => !/roentgen_fused/.test(path) && existsSync(path)',
    note: /^not compiled; "npm run setup" does/,
  },
  {
    name: 'a library that was cut short',
    code: 'const { statSync } = fs; fs.statSync = (path, ...more) => { const found = statSync(path, ...more); if (/roentgen_fused/.test(path)) found.size /= 2; return found; }',
    note: /^their files are not whole; run "npm run setup"$/,
  },
  {
    name: 'a library that does not load',
    code: "const load = Module._extensions['.node']; Module._extensions['.node'] = (module, path) => { if (/roentgen_fused/.test(path)) throw new Error('undefined symbol: TF_Dim'); return load(module, path); }",
    note: /^they do not load \(undefined symbol: TF_Dim\); run "npm run setup"$/,
  },
] as const;

const program = `
const tf = require('@tensorflow/tfjs-core');
const { startEngine } = require('roentgen-lab/engine');
const { fusedState, isFused } = require(${JSON.stringify(join(root, 'dist', 'engine', 'fused.js'))});
const { geglu } = require(${JSON.stringify(join(root, 'dist', 'engine', 'ops', 'index.js'))});
startEngine().then(() => {
  const result = Array.from(geglu(tf.tensor([2, 3, 0, 100], [1, 4])).dataSync());
  console.log('\\n' + JSON.stringify({ fused: isFused(), note: fusedState().note, result }));
});`;

for (const { name, code, note } of faults)
  test(`${name}: one sentence, and the composition runs`, (t) => {
    if (process.platform !== 'linux') return t.skip('there are none on this kind of machine');
    const preload = join(tempDir(t), 'preload.cjs');
    writeFileSync(preload, `const fs = require('node:fs');\nconst Module = require('node:module');\n${code};`);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--require', preload, '-e', program], { cwd: root, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const { fused, note: said, result } = JSON.parse(stdout.trim().split('\n').at(-1)!);
    assert.equal(fused, false);
    assert.match(said, note);
    assert.ok(result[0] === 0 && Math.abs(result[1] - 300) < 1e-3, String(result));
  });
