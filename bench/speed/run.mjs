// The library's speed and memory against PyTorch's, side by side: processes of both are kept running and take turns on a quiet machine.
//
// node bench/speed/run.mjs --python PYTHON [--only TEXT] [--with quickstart] [--rounds N] [--patience SECONDS]
//
// Writes each row into bench/results.json when it is done, and the table to standard output. PYTHON has torch, diffusers, transformers and safetensors.
// Ends with 1 where a row failed: it could not be measured, or the two sides do not compute the same.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { availableMemory } from '#engine/internal';
import { thisMachine } from '#cli/bench/machine';
import { works } from '#cli/bench/works';
import { compare } from './compare.mjs';
import { quickstartTitle, timeQuickstart } from './quickstart.mjs';
import { keepRows, readResults } from './results.mjs';
import { rows } from './rows.mjs';
import { tableLines } from './table.mjs';

const say = (text) => process.stderr.write(`${text}\n`);

function readFlags() {
  try {
    return parseArgs({
      options: {
        python: { type: 'string', default: 'python3' },
        only: { type: 'string' },
        with: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        patience: { type: 'string', default: '20' },
      },
    }).values;
  } catch (error) {
    say(`${error.message}\nusage: node bench/speed/run.mjs --python PYTHON [--only TEXT] [--with quickstart] [--rounds N] [--patience SECONDS]`);
    return process.exit(2);
  }
}

const flags = readFlags();
const patience = Number(flags.patience);
const canBf16 = thisMachine().instructions.includes('avx512_bf16');
const planned = rows.filter(({ precision }) => precision === 'fp32' || canBf16).map((row) => ({ ...row, ...(flags.rounds ? { rounds: Number(flags.rounds) } : {}), of: works.find(({ name }) => name === row.work) }));
const quickstart = { work: 'quickstart', precision: 'fp32', of: { name: 'quickstart', title: quickstartTitle }, seconds: 250 };
const all = [...planned, ...(flags.with.includes('quickstart') ? [quickstart] : [])];
const chosen = all.filter(({ of }) => flags.only === undefined || [of.name, of.title].some((text) => text.includes(flags.only)));
const strange = flags.with.find((name) => name !== 'quickstart');
if (chosen.length === 0 || strange !== undefined) {
  say(chosen.length === 0 ? `--only: no row is named so; there are ${all.map(({ work }) => work).join(', ')}` : `--with: expected quickstart, got ${strange}`);
  process.exit(2);
}

/** Seconds that a row took the last time here, or takes about. */
const known = readResults()?.rows ?? [];
const expected = ({ work, precision, seconds }) => known.find((row) => row.work === work && row.precision === precision)?.seconds ?? seconds;
const started = performance.now();
let expectedSoFar = 0;
const expectedInAll = chosen.reduce((sum, row) => sum + expected(row), 0);
const minutes = (seconds) => `${Math.max(1, Math.round(seconds / 60))} min`;

/** Remaining seconds: what was expected, at the pace of the rows that are done. */
function remaining() {
  const pace = expectedSoFar > 0 ? (performance.now() - started) / 1000 / expectedSoFar : 1;
  return pace * (expectedInAll - expectedSoFar);
}

/** @throws Error where the row can't be done here */
async function measure(row, report) {
  if (row === quickstart) return timeQuickstart({ patience });
  const { of: work, alone, variants } = row;
  const needed = work.gigabytes * (alone ? 1 : 1 + (row.against ? 1 : variants.length));
  const free = availableMemory() / 1024;
  if (needed > free) throw new Error(`needs about ${needed} GiB of memory; ${free.toFixed(1)} are free`);
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-speed-'));
  try {
    return await compare(row, work, { python: flags.python, folder, patience, say: report });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const made = [];
for (const [i, row] of chosen.entries()) {
  const place = `${i + 1}/${chosen.length} ${row.of.name}${row.precision === 'fp32' ? '' : ` ${row.precision}`}`;
  say(`${place}: about ${minutes(remaining())} left`);
  const start = performance.now();
  let entries;
  try {
    entries = await measure(row, (text) => say(`${place}: ${text}`));
  } catch (error) {
    const { of: work, precision, targets } = row;
    entries = [{ name: work.title, ours: null, reference: null, unit: 'ms', ratio: null, target: targets?.time ?? null, work: row.work, precision, error: error.message }];
  }
  const seconds = (performance.now() - start) / 1000;
  for (const entry of entries) Object.assign(entry, { seconds });
  expectedSoFar += expected(row);
  keepRows(entries);
  made.push(...entries);
  if (entries[0].error) say(`${place}: failed: ${entries[0].error}`);
}
process.stdout.write(`${tableLines(made).join('\n')}\n`);
process.exit(made.some(({ error }) => error) ? 1 : 0);
