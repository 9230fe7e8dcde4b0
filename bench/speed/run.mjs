// The library's speed and memory against PyTorch's, side by side: processes of both are kept running and take turns on a quiet machine.
//
// node bench/speed/run.mjs --python PYTHON [--only TEXT] [--folder DIR] [--patience SECONDS]
//
// Writes bench/results.json, and the table to standard output. PYTHON has torch, diffusers and safetensors.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { quiet } from './quiet.mjs';
import { works } from './rows.mjs';
import { Worker } from './worker.mjs';

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    only: { type: 'string', default: '' },
    folder: { type: 'string', default: join(tmpdir(), 'roentgen-speed') },
    patience: { type: 'string', default: '20' },
  },
});
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const say = (text) => process.stderr.write(`${text}\n`);
const patience = Number(flags.patience);
const chosen = works.filter(({ name }) => name.includes(flags.only));
if (chosen.length === 0) {
  say(`--only: no row is named so; there are ${works.map(({ name }) => name).join('; ')}`);
  process.exit(2);
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const least = (values) => Math.min(...values);
/** Largest difference of two outputs, as a fraction of the largest value. */
const disagreement = (a, b) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / Math.max(...b.map((value) => Math.abs(value)));

/** Both sides of one piece of work. @returns its rows: time of a call, peak memory, time of the first call */
async function compare(work) {
  execFileSync(flags.python, [beside('make.py'), flags.folder, work.case], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ours = new Worker(process.execPath, [beside('ours.mjs'), flags.folder, work.case, work.mode]);
  const references = work.variants.map((variant) => {
    const words = variant === '' ? [] : variant.split(' ');
    return new Worker(flags.python, [beside('reference.py'), flags.folder, work.case, work.mode, ...words]);
  });
  const workers = [ours, ...references];
  let [waits, loud] = [0, 0];
  const hush = async () => {
    waits += 1;
    if (!(await quiet(patience))) loud += 1;
  };
  try {
    for (const worker of workers) {
      await hush();
      await worker.start();
    }
    for (let round = 0; round <= work.rounds; round++) {
      for (const worker of workers) {
        await hush();
        await worker.round(work.calls, { warmUp: round === 0 });
      }
      say(`${work.name}: round ${round} of ${work.rounds}`);
    }
    const peaks = [];
    for (const worker of workers) peaks.push(await worker.end());
    const quickest = references.reduce((best, one) => (least(one.times) < least(best.times) ? one : best));
    const [mine, theirs] = [ours.beginning, quickest.beginning];
    const common = { variant: work.variants[references.indexOf(quickest)] || 'default', loud: loud / waits, threads: mine.threads, versions: { ...mine.versions, ...theirs.versions } };
    const row = (name, unit, own, reference, target, more = {}) => ({ name, ours: own, reference, unit, ratio: own / reference, target, ...more, ...common });
    const { step, peak, first } = work.targets;
    const medians = { oursMedian: median(ours.times), referenceMedian: median(quickest.times), disagreement: disagreement(mine.output, theirs.output) };
    return [
      row(work.name, 'ms', least(ours.times), least(quickest.times), step, medians),
      row(`${work.name}: peak memory`, 'MiB', peaks[0], least(peaks.slice(1)), peak),
      row(`${work.name}: first call`, 'ms', mine.first, least(references.map(({ beginning }) => beginning.first)), first),
    ];
  } finally {
    for (const worker of workers) worker.kill();
  }
}

const path = beside('../results.json');
let before = [];
try {
  before = JSON.parse(readFileSync(path, 'utf8')).rows;
} catch {
  // the first run
}
const rows = [];
for (const work of chosen) rows.push(...(await compare(work)));
const machine = { processor: cpus()[0].model, cores: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30), system: `${process.platform} ${process.arch}` };
const kept = before.filter(({ name }) => !rows.some((row) => row.name === name));
writeFileSync(path, `${JSON.stringify({ machine, date: new Date().toISOString().slice(0, 10), rows: [...kept, ...rows] }, null, 2)}\n`);

const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
process.stdout.write('| work | ours | reference | ratio | target |\n|---|---|---|---|---|\n');
for (const { name, ours, reference, unit, ratio, target } of rows)
  process.stdout.write(`| ${name} | ${digits(ours)} ${unit} | ${digits(reference)} | ${ratio.toFixed(2)} | ${target ? `≤ ${target}` : ''} |\n`);
