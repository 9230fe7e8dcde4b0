// What a person waits for before anything is computed: the command's help, a notebook kernel's first cell, each cell, completion. The kernel is asked over its
// sockets, as JupyterLab asks it. Usage: node bench/startup.mjs [--runs 5]
//
// Writes bench/startup.json, and the table to standard output: least and median over all runs; the least is what counts where other programs run.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { Kernel } = createRequire(import.meta.url)('roentgen-lab/kernel-client');
const { values: flags } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
const beside = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What is measured, and within how many milliseconds it should be. */
const targets = {
  'node, with nothing to do': undefined,
  'roentgen --help': 300,
  "kernel's start, until it answers": undefined,
  'first cell: 1 + 1': 1500,
  'first cell: import, startEngine': undefined,
  'a cell: 1 + 1': 20,
  'first completion': undefined,
  'a completion': 60,
};
const times = Object.fromEntries(Object.keys(targets).map((name) => [name, []]));
const timed = async (name, work) => {
  const start = performance.now();
  const result = await work();
  times[name].push(performance.now() - start);
  return result;
};
const ran = ({ status, error }) => {
  if (status !== 0) throw error ?? new Error(`ended with ${status}`);
};
const node = (...args) => ran(spawnSync(process.execPath, args, { stdio: 'ignore' }));
const cell = async (kernel, code) => {
  const { status, evalue } = await kernel.execute(code);
  if (status !== 'ok') throw new Error(`${code}: ${evalue}`);
};

const library = `import { startEngine } from 'roentgen-lab/engine';
import { textToImage } from 'roentgen-lab/pipelines';
await startEngine();`;
const CELLS = 20;
// As a person types it, letter by letter; every second one asks for members, the others for names in scope.
const typed = (i) => (i % 2 ? `const x${i} = textToIm` : `const x${i} = textToImage.`);

for (let run = 0; run < Number(flags.runs); run++) {
  await timed('node, with nothing to do', () => node('-e', '0'));
  await timed('roentgen --help', () => node(beside('../bin/roentgen.mjs'), '--help'));
  for (const first of ['first cell: 1 + 1', 'first cell: import, startEngine']) {
    const kernel = await timed("kernel's start, until it answers", () => Kernel.start());
    try {
      await timed(first, () => cell(kernel, first.endsWith('1 + 1') ? '1 + 1' : library));
      if (first.endsWith('1 + 1')) continue;
      for (let i = 0; i < CELLS; i++) await timed('a cell: 1 + 1', () => cell(kernel, '1 + 1'));
      for (let i = 0; i < CELLS; i++) {
        const code = typed(i);
        const ask = () => kernel.request('shell', 'complete_request', { code, cursor_pos: code.length });
        const { matches } = await timed(i === 0 ? 'first completion' : 'a completion', ask);
        if (matches.length === 0) throw new Error(`${code}: nothing to complete it with`);
      }
    } finally {
      await kernel.shutdown();
    }
  }
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const rows = Object.entries(targets).map(([name, target]) => {
  const all = sorted(times[name]);
  return { name, unit: 'ms', least: Math.round(all[0]), median: Math.round(all[all.length >> 1]), times: all.length, target };
});
const machine = { processor: cpus()[0].model, threads: cpus().length, load: loadavg()[0], node: process.version };
writeFileSync(beside('startup.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
console.log('what                                 least, ms  median  target');
for (const { name, least, median, target = '' } of rows)
  console.log(`${name.padEnd(36)} ${String(least).padStart(9)} ${String(median).padStart(7)} ${String(target).padStart(7)}`);
