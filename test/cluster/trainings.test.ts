/** Every training of the library in several processes: the same bytes in each, and one process's numbers to rounding. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { strategies } from 'roentgen-lab/training';
import { tempDir } from '../support';
import { ports, start } from './processes';

/** Of weights that moved by about 1e-2 a step, how far those of several processes may be from one's. */
const MOST = 2e-5;

/** Every one of these takes its turn at all trainings, which is minutes of compiling. */
const CLUSTERS = process.env.ROENTGEN_LONG_TESTS ? [2, 3, 4] : [3];

const floats = (file: string): Float32Array => {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

test('autoencoders with all their terms, every strategy of the diffusion model, the masked language model, the classifier and batch norms', {
  timeout: process.env.ROENTGEN_LONG_TESTS ? 1_800_000 : 540_000,
}, async (t) => {
  const root = tempDir(t);
  const folder = (workers: number, rank: number): string => join(root, `${workers}-${rank}`);
  for (const workers of [1, ...CLUSTERS]) {
    const addresses = workers === 1 ? [] : await ports(workers);
    const all = Array.from({ length: workers }, (_, rank) => {
      mkdirSync(folder(workers, rank));
      return start(t, 'trainings', { rank, addresses, folder: folder(workers, rank) });
    });
    for (const { code, error, steps } of await Promise.all(all.map(({ ended }) => ended)))
      assert.deepEqual([code, error, steps], [0, undefined, strategies.length + 5], `${workers} processes`);
  }
  const files = readdirSync(folder(1, 0)).filter((name) => name.endsWith('.bin'));
  assert.equal(files.length, strategies.length + 5);
  for (const file of files) {
    const alone = floats(join(folder(1, 0), file));
    assert.ok(alone.length > 10 && alone.every(Number.isFinite), file);
    for (const workers of CLUSTERS) {
      const first = readFileSync(join(folder(workers, 0), file));
      for (let rank = 1; rank < workers; rank++)
        assert.ok(first.equals(readFileSync(join(folder(workers, rank), file))), `${file}: process ${rank} of ${workers} has other bytes`);
      const shared = floats(join(folder(workers, 0), file));
      const apart = shared.reduce((most, value, i) => Math.max(most, Math.abs(value - alone[i]!)), 0);
      assert.equal(shared.length, alone.length, file);
      assert.ok(apart <= MOST, `${file}: ${workers} processes are ${apart} from one`);
    }
  }
});
