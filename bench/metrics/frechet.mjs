// Seconds of a Fréchet distance of 5,000 × 2,048 features beside torchmetrics' formula in PyTorch: node bench/metrics/frechet.mjs PYTHON [rows columns repeats]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldIn, key, startEngine } from 'roentgen-lab/engine';
import { frechetDistance } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';

const [python, rows = 5000, columns = 2048, repeats = 3] = process.argv.slice(2).map((value, i) => (i === 0 ? value : Number(value)));
if (!python) {
  process.stderr.write('usage: node bench/metrics/frechet.mjs PYTHON [rows columns repeats]\n');
  process.exit(2);
}
await startEngine();
const folder = mkdtempSync(join(tmpdir(), 'frechet-'));
try {
  const sets = [0, 1].map((i) => ({ values: normalArray(foldIn(key(1), i), rows * columns), rows, columns }));
  const files = sets.map(({ values }, i) => {
    const path = join(folder, `${i}.f32`);
    writeFileSync(path, new Uint8Array(values.buffer));
    return path;
  });
  const ours = [];
  const theirs = [];
  const script = fileURLToPath(new URL('frechet.py', import.meta.url));
  let [mine, other] = [0, 0];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    mine = frechetDistance(...sets);
    ours.push((performance.now() - start) / 1000);
    const [distance, seconds] = execFileSync(python, [script, ...files, String(columns), '1'], { encoding: 'utf8' }).trim().split(' ').map(Number);
    theirs.push(seconds);
    other = distance;
  }
  const told = (seconds) => `${Math.min(...seconds).toFixed(2)} s (${[...seconds].sort((a, b) => a - b)[Math.floor(seconds.length / 2)].toFixed(2)})`;
  console.log(`${rows} × ${columns}: ours ${told(ours)}, torchmetrics' formula ${told(theirs)}, ratio ${(Math.min(...ours) / Math.min(...theirs)).toFixed(2)}`);
  console.log(`distances ${mine} and ${other}, relative difference ${Math.abs(mine / other - 1).toExponential(1)}`);
} finally {
  rmSync(folder, { recursive: true });
}
