// How cost grows: time and peak memory of a U-Net's training step with resolution, batch, channels and context length, and of reading images with their
// number; ours and PyTorch's, with the exponents of the power laws that fit best.
//
// node bench/speed/growth.mjs --python PYTHON [--only AXIS] [--patience SECONDS]
//
// Writes bench/growth.json, and a plot of each axis into bench/growth/.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { thisMachine } from '#cli/bench/machine';
import { plainAdamW, smallUNet } from '#cli/bench/works';
import { growthSvg, MEASURES, SIDES } from './growth-plot.mjs';
import { powerLaw } from './power-law.mjs';
import { quiet } from './quiet.mjs';
import { growthFile } from './results.mjs';
import { ourSide, pytorchSide, Worker, writeWork } from './worker.mjs';

const { values: flags } = parseArgs({
  options: { python: { type: 'string', default: 'python3' }, only: { type: 'string' }, patience: { type: 'string', default: '5' } },
});
const say = (text) => process.stderr.write(`${text}\n`);
const patience = Number(flags.patience);

/** A training step of the small U-Net, with all but one of these as they are here. */
const BASE = { side: 32, batch: 2, channels: 64, tokens: 77 };

function unetWork({ side, batch, channels, tokens }) {
  const widths = [1, 2, 4].map((factor) => factor * channels);
  return {
    kind: 'unet-training',
    settings: { config: { ...smallUNet, sample_size: side, block_out_channels: widths }, batch, tokens, checkpointing: false, optimisation: plainAdamW(batch) },
  };
}

const STEP = 'a training step of the small U-Net';
const said = ({ side, batch, channels, tokens }) =>
  [side && `${side} × ${side} latents`, batch && `batch ${batch}`, channels && `[${channels}, ${2 * channels}, ${4 * channels}] channels`, tokens && `${tokens} tokens`].filter(Boolean).join(', ');

/** An axis of the training step: `key` of BASE takes the values. */
const ofStep = (name, key, title, values) => ({
  name,
  heading: `How cost grows with ${name === 'context' ? 'the length of the context' : name}`,
  work: `${STEP}: ${said({ ...BASE, [key]: undefined })}`,
  title,
  values,
  workAt: (value) => unetWork({ ...BASE, [key]: value }),
});
const axes = [
  ofStep('resolution', 'side', 'side of the latents', [16, 24, 32, 48, 64]),
  ofStep('batch', 'batch', 'images in a batch', [1, 2, 4, 8, 16]),
  ofStep('channels', 'channels', 'channels of the first level', [32, 64, 96, 128, 192]),
  ofStep('context', 'tokens', 'tokens of the context', [77, 154, 308, 616, 1232]),
  {
    name: 'records',
    heading: 'How cost grows with the number of records',
    work: 'reading 128 × 128 PNG files at 64 × 64 into memory; beside PyTorch, Pillow reads them',
    title: 'images that are read',
    values: [64, 128, 256, 512, 1024],
    workAt: (images) => ({ kind: 'image-loading', settings: { images, fileSize: 128, size: 64 } }),
  },
];

/** Calls that are timed after two that are not; the two sides take turns. */
const CALLS = 2;
const ROUNDS = 2;

/** @returns by side the least milliseconds of a call, and the memory that the process took beside what it has before it begins, MiB */
async function measure({ kind, settings }) {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-growth-'));
  const workers = [];
  try {
    writeWork(kind, folder, settings);
    for (const side of [ourSide(kind, folder), pytorchSide(flags.python, kind, folder, '')]) {
      await quiet(patience);
      workers.push(new Worker(side));
      await workers.at(-1).start();
    }
    for (let round = 0; round < ROUNDS; round++)
      for (const worker of workers) {
        await quiet(patience);
        await worker.round(CALLS);
      }
    const found = [];
    for (const worker of workers) found.push({ ms: Math.min(...worker.times), MiB: (await worker.end()) - worker.beginning.bare });
    return { ours: found[0], pytorch: found[1] };
  } finally {
    for (const worker of workers) worker.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

const chosen = axes.filter(({ name }) => flags.only === undefined || name === flags.only);
if (chosen.length === 0) {
  say(`--only: expected one of ${axes.map(({ name }) => name).join(', ')}, got ${flags.only}`);
  process.exit(2);
}
const plots = fileURLToPath(new URL('../growth/', import.meta.url));
mkdirSync(plots, { recursive: true });

/** Axes that were measured before on this machine stay. */
function before() {
  try {
    const kept = JSON.parse(readFileSync(growthFile, 'utf8'));
    return JSON.stringify(kept.machine) === JSON.stringify(thisMachine()) ? kept.axes : {};
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

for (const each of chosen) {
  const points = [];
  for (const value of each.values) {
    say(`${each.name}: ${value}`);
    points.push(await measure(each.workAt(value)));
  }
  const lawOf = (key, measure) =>
    powerLaw(
      each.values,
      points.map((point) => point[key][measure]),
    );
  const laws = Object.fromEntries(SIDES.map(({ key }) => [key, Object.fromEntries(MEASURES.map(({ key: measure }) => [measure, lawOf(key, measure)]))]));
  writeFileSync(join(plots, `${each.name}.svg`), growthSvg(each, points, laws));
  const axesNow = { ...before(), [each.name]: { title: each.title, values: each.values, points, exponents: laws } };
  writeFileSync(growthFile, `${JSON.stringify({ machine: thisMachine(), date: new Date().toISOString().slice(0, 10), axes: axesNow }, null, 2)}\n`);
  for (const { key, label } of SIDES) {
    const { ms, MiB } = laws[key];
    say(`${each.name}, ${label}: time ^ ${ms.exponent.toFixed(2)} ± ${ms.interval.toFixed(2)}, memory ^ ${MiB.exponent.toFixed(2)} ± ${MiB.interval.toFixed(2)}`);
  }
}
process.exit(0);
