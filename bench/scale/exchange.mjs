// What sharing a step costs: milliseconds of a step whose gradients are exchanged, by how many values they are and how many processes, on this machine's loopback;
// and what the measured latency and rate foretell of more processes on slower wires.
// node bench/scale/exchange.mjs [--values 1e6,12e6] [--workers 1,2,4] [--steps 12] [--secret] [--figure docs/scale.png] [--json]
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { values } = parseArgs({
  options: {
    values: { type: 'string', default: '1e6,12e6,100e6' },
    workers: { type: 'string', default: '1,2,4' },
    steps: { type: 'string', default: '12' },
    secret: { type: 'boolean', default: false },
    figure: { type: 'string' },
    json: { type: 'boolean', default: false },
    one: { type: 'string' },
  },
});

/** Tensors that the values are in: a network's are about this many for each ten millions, of all sizes. */
const TENSORS = 60;

/** Wires, bits a second. */
const WIRES = { '1 Gbit/s': 1e9, '10 Gbit/s': 1e10, '100 Gbit/s': 1e11 };

if (values.one) await one(JSON.parse(values.one));
else await all();

/** A process: steps that do nothing but move weights by the mean of their gradients. */
async function one({ rank, addresses, count, steps, secret, result }) {
  if (secret) return inside({ rank, addresses, count, steps, result });
  const tf = require('@tensorflow/tfjs-core');
  const { compileStep, flatten, joinCluster, lastMeeting, meanOverWorkers, scope, startEngine, unflatten } = require('roentgen-lab/engine');
  await startEngine({ backend: 'tensorflow' });
  if (addresses.length > 1) await joinCluster({ rank, addresses });
  // Sizes as a geometric series from 1 to 1000, as biases and weights differ.
  const parts = Array.from({ length: TENSORS }, (_, i) => 1000 ** (i / (TENSORS - 1)));
  const sum = parts.reduce((a, b) => a + b, 0);
  const weights = Object.fromEntries(parts.map((part, i) => [`t${i}`, tf.zeros([Math.max(1, Math.round((count * part) / sum))])]));
  const step = compileStep({ weights }, (state, x) =>
    scope(() => {
      const grads = unflatten(Object.fromEntries(Object.entries(flatten(state.weights)).map(([path, leaf]) => [path, tf.sub(leaf, x)])));
      const mean = flatten(meanOverWorkers(grads));
      const next = Object.entries(flatten(state.weights)).map(([path, leaf]) => [path, tf.sub(leaf, tf.mul(mean[path], 0.1))]);
      return { state: { weights: unflatten(Object.fromEntries(next)) }, out: { done: tf.add(x, 0) } };
    }),
  );
  const times = [];
  for (let t = 0; t < steps; t++) {
    const x = tf.scalar(rank + t);
    const begun = performance.now();
    step.run(x).done.dataSync();
    times.push(performance.now() - begun);
    x.dispose();
  }
  writeFileSync(result, JSON.stringify({ times: times.slice(1), first: times[0] }));
  await lastMeeting();
  process.exit(0);
}

/** The same behind a tunnel, as `roentgen train --secret` has it. */
async function inside(options) {
  const { runInTunnel } = require('../../dist/cli/tunnel/outside.js');
  const { insideAddress } = require('../../dist/cli/tunnel/places.js');
  const own = { ...options, addresses: options.addresses.map((_, rank) => insideAddress(rank)) };
  const { rank, addresses } = options;
  const key = Buffer.alloc(32, 1); // a measurement of one's own machine has nothing to hide
  const program = [fileURLToPath(import.meta.url), '--one', JSON.stringify(own)];
  process.exit(await runInTunnel({ rank, addresses, key, program, signal: new AbortController().signal, say: console.error }));
}

async function ports(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
    })),
  );
  const addresses = servers.map((server) => `127.0.0.1:${server.address().port}`);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return addresses;
}

async function measure(count, workers) {
  const addresses = workers > 1 ? await ports(workers) : [];
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-exchange-'));
  await Promise.all(
    Array.from({ length: workers }, (_, rank) => new Promise((resolve, reject) => {
      const own = { rank, addresses, count, steps: Number(values.steps), secret: values.secret && workers > 1, result: join(folder, `${rank}.json`) };
      const child = fork(fileURLToPath(import.meta.url), ['--one', JSON.stringify(own)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`process ${rank} ended with ${code}`))));
    })),
  );
  const { times, first } = JSON.parse(readFileSync(join(folder, '0.json'), 'utf8'));
  rmSync(folder, { recursive: true });
  const sorted = times.sort((a, b) => a - b);
  return { values: count, workers, min: sorted[0], median: sorted[sorted.length >> 1], first };
}

/**
 * Seconds of an exchange among n processes: a ring sends each value twice, but for one part in n, in 2 (n - 1) messages.
 */
function ring({ latency, rate }, count, n) {
  return 2 * (n - 1) * latency + (2 * (n - 1) * 4 * count) / (n * rate);
}

/** Latency, s, and rate, bytes a second, of two processes here: least squares over what the exchange adds to a step. */
function fitted(rows) {
  const pairs = rows.filter(({ workers }) => workers === 2).map((row) => {
    const alone = rows.find((one) => one.workers === 1 && one.values === row.values);
    return [4 * row.values, Math.max(0, row.min - alone.min) / 1000];
  });
  const mean = (i) => pairs.reduce((sum, pair) => sum + pair[i], 0) / pairs.length;
  const [x, y] = [mean(0), mean(1)];
  const slope = pairs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / pairs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return { latency: Math.max(1e-4, (y - slope * x) / 2), rate: 1 / slope };
}

async function all() {
  const rows = [];
  for (const count of values.values.split(',').map(Number))
    for (const workers of values.workers.split(',').map(Number)) {
      rows.push(await measure(count, workers));
      const { min, median, first } = rows.at(-1);
      console.error(`${count} values, ${workers} processes: ${min.toFixed(1)} ms at least, median ${median.toFixed(1)}, the first ${first.toFixed(0)}`);
    }
  const here = fitted(rows);
  // A step that takes a second of computing, of 860 million values as Stable Diffusion's U-Net has.
  const [compute, large] = [1, 860e6];
  const foretold = Object.entries(WIRES).flatMap(([wire, bits]) =>
    [2, 8, 64].map((n) => {
      const exchange = ring({ latency: here.latency, rate: Math.min(here.rate, bits / 8) }, large, n);
      return { wire, processes: n, exchange, efficiency: compute / (compute + exchange) };
    }),
  );
  if (values.json) console.log(JSON.stringify({ rows, here, foretold }, null, 2));
  else {
    console.log('| values | processes | ms a step: least | median | first |\n|---|---|---|---|---|');
    for (const { values: count, workers, min, median, first } of rows)
      console.log(`| ${count.toExponential(1)} | ${workers} | ${min.toFixed(1)} | ${median.toFixed(1)} | ${first.toFixed(0)} |`);
    console.log(`\nlatency ${(1000 * here.latency).toFixed(2)} ms, rate ${(here.rate / 1e9).toFixed(2)} GB/s over the loopback`);
    console.log('\n| wire | processes | exchange of 860 million values, s | efficiency at 1 s of computing |\n|---|---|---|---|');
    for (const { wire, processes, exchange, efficiency } of foretold)
      console.log(`| ${wire} | ${processes} | ${exchange.toFixed(2)} | ${efficiency.toFixed(2)} |`);
  }
  if (values.figure) {
    const { lineFigure } = require('roentgen-lab/display');
    const millions = [1, 3, 12, 30, 60, 120, 240, 430, 860];
    // Wires that are faster than the processes send are one line.
    const rates = new Map();
    for (const [wire, bits] of Object.entries(WIRES)) {
      const rate = Math.min(here.rate, bits / 8);
      rates.set(rate, [...(rates.get(rate) ?? []), wire]);
    }
    const series = [...rates].flatMap(([rate, wires], i) =>
      [8, 64].map((n) => ({
        name: `${wires.join(' and ')}, ${n} processes`,
        x: millions,
        // Nine tenths of the time are computing where this takes nine times as long as the exchange.
        y: millions.map((count) => 9 * ring({ latency: here.latency, rate }, 1e6 * count, n)),
        colour: ['#c44e52', '#4c72b0', '#55a868'][i],
        dash: n === 8 ? 'solid' : 'dot',
      })),
    );
    const figure = lineFigure({
      xTitle: 'values that are exchanged, millions',
      yTitle: 'seconds to compute for 90%',
      series,
      logY: true,
    });
    writeFileSync(values.figure, figure.bundle()['image/svg+xml'] ?? Buffer.from(figure.bundle()['image/png'], 'base64'));
  }
}
