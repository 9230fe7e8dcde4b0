// Seconds of MS-SSIM of 2,000 pairs at 256², beside pytorch-msssim: node bench/metrics/ms-ssim.mjs PYTHON [pairs size repeats]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { foldIn, key, startEngine } from 'roentgen-lab/engine';
import { msSsimOfPairs } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';

const [python, pairs = 2000, size = 256, repeats = 3] = process.argv.slice(2).map((value, i) => (i === 0 ? value : Number(value)));
if (!python) {
  process.stderr.write('usage: node bench/metrics/ms-ssim.mjs PYTHON [pairs size repeats]\n');
  process.exit(2);
}
await startEngine();
const folder = mkdtempSync(join(tmpdir(), 'ms-ssim-'));
const area = size * size;
/** Smooth images with noise, the second of a pair with other noise. */
const make = (set) => {
  const pixels = normalArray(foldIn(key(1), set), pairs * area);
  for (let i = 0; i < pixels.length; i++) {
    const [image, y, x] = [Math.floor(i / area), Math.floor(i / size) % size, i % size];
    pixels[i] = Math.min(1, Math.max(0, 0.5 + 0.3 * Math.sin((x + image) / 17) * Math.cos(y / 23) + 0.05 * (1 + (image % 7)) * pixels[i]));
  }
  return pixels;
};
const [a, b] = [make(0), make(1)];
const files = [a, b].map((values, i) => {
  const path = join(folder, `${i}.f32`);
  writeFileSync(path, new Uint8Array(values.buffer));
  return path;
});
const out = join(folder, 'values.f32');
const theirs = spawn(python, [fileURLToPath(new URL('ms-ssim.py', import.meta.url)), ...files, String(size), out], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: theirs.stdout })[Symbol.asyncIterator]();
const reference = async () => {
  theirs.stdin.write('\n');
  return Number((await lines.next()).value);
};
const median = (values) => [...values].sort((p, q) => p - q)[Math.floor(values.length / 2)];
try {
  const [seconds, others] = [[], []];
  let values;
  for (let i = 0; i <= repeats; i++) {
    const start = performance.now();
    values = await msSsimOfPairs(a, b, size);
    const mine = (performance.now() - start) / 1000;
    const other = await reference();
    if (i === 0) continue; // the first call of both makes its graph
    seconds.push(mine);
    others.push(other);
  }
  const expected = new Float32Array(new Uint8Array(readFileSync(out)).buffer);
  const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
  const told = (s) => `${Math.min(...s).toFixed(2)} s (${median(s).toFixed(2)})`;
  console.log(`${pairs} pairs at ${size}²: ours ${told(seconds)}, pytorch-msssim ${told(others)}`);
  console.log(`ratio of least times ${(Math.min(...seconds) / Math.min(...others)).toFixed(2)}, of medians ${(median(seconds) / median(others)).toFixed(2)}; largest difference ${worst.toExponential(1)}`);
  if (!(worst < 1e-4)) process.exitCode = 1;
} finally {
  theirs.stdin.end();
  rmSync(folder, { recursive: true });
}
