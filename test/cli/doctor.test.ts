/** `roentgen doctor`: the same facts for people and machines, and advice for each thing that is missing. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support';
import { roentgen } from './run';

interface Report {
  ok: boolean;
  node: string;
  platform: string;
  engine: { backend: string; library: string; device: string; threads: number } | null;
  memoryMiB: { total: number; free: number };
  kernels: { name: string; works: boolean }[];
  tokenizers: { name: string; folder: string }[];
  findings: { name: string; status: string; found: string; advice?: string }[];
}

test('as JSON it holds what was found, by name', async (t) => {
  const data = tempDir(t);
  for (const [name, files] of Object.entries({ whole: ['tokenizer.json'], clip: ['vocab.json', 'merges.txt'], half: ['vocab.json'] })) {
    mkdirSync(join(data, 'tokenizers', name), { recursive: true });
    for (const file of files) writeFileSync(join(data, 'tokenizers', name, file), '{}');
  }
  const { status, stdout, stderr } = await roentgen(['doctor', '--json', '--data', data]);
  const report = JSON.parse(stdout) as Report;
  assert.equal(status, report.ok ? 0 : 1, stderr);
  assert.equal(
    report.ok,
    report.findings.every((f) => f.status !== 'missing'),
  );
  assert.equal(report.node, process.version);
  assert.ok(report.engine && report.engine.threads >= 1);
  assert.match(report.engine.library, /\d+\.\d+\.\d+/);
  assert.ok(report.memoryMiB.total >= report.memoryMiB.free && report.memoryMiB.free > 0);
  assert.ok(
    report.kernels.some((k) => k.name === 'roentgen' && k.works),
    'set-up registered the kernel',
  );
  assert.deepEqual(
    report.tokenizers.map((tokenizer) => tokenizer.name),
    ['clip', 'whole'],
    'a vocabulary without its merges is no tokenizer',
  );
  for (const finding of report.findings) if (finding.status === 'missing') assert.ok(finding.advice, `${finding.name}: no advice`);
});

test('as text it names each finding, and the engine asked for', async (t) => {
  const { status, stdout, stderr } = await roentgen(['doctor', '--data', tempDir(t)], { env: { ROENTGEN_BACKEND: 'wasm' } });
  assert.ok(status === 0 || status === 1, stderr);
  for (const name of ['Node', 'engine', 'GPU', 'memory', 'JupyterLab', 'kernels', 'File > Save Report', 'tokenizers'])
    assert.match(stdout, new RegExp(`^\\w+ +${name} `, 'm'));
  assert.match(stdout, /tfjs-backend-wasm/);
  assert.match(stdout, /tokenizers: only published models need one/);
});

test('an engine that does not exist is missing, with what to do', async () => {
  const { status, stdout } = await roentgen(['doctor'], { env: { ROENTGEN_BACKEND: 'abacus' } });
  assert.equal(status, 1);
  assert.match(stdout, /MISSING +engine .*"abacus"/);
});

test('for a class it looks for what the notebooks begin with, and says which command brings it and how long that takes', async () => {
  const { status, stdout } = await roentgen(['doctor', '--class', '--json']);
  const { ok, findings } = JSON.parse(stdout) as Report;
  assert.equal(status, ok ? 0 : 1);
  const plain = (JSON.parse((await roentgen(['doctor', '--json'])).stdout) as Report).findings.map(({ name }) => name);
  const room = findings.filter(({ name }) => !plain.includes(name));
  assert.deepEqual(
    room.map(({ name }) => name),
    ['minilm', 'efficientnet-lite0', "quickstart's model", 'encoders', 'base model', 'students'],
  );
  for (const { name, status, advice } of room)
    if (status === 'missing' && name !== 'students') assert.match(advice ?? '', /"(npm|npx|cd) .*" \(.*minute/, name);
});
