/** `roentgen bench`: a row is timed without Python; what PyTorch took is shown only where it was measured on this machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ratiosOf } from '#cli/bench/index';
import { thisMachine } from '#cli/bench/machine';
import { works } from '#cli/bench/works';
import { roentgen } from './run';

test('a row as JSON: its calls, quickest first, and what a process needs for it', async () => {
  const { status, stdout, stderr } = await roentgen(['bench', 'tiny-training', '--json']);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^tiny-training: tiny U-Net, training step$/m);
  const { machine, rows } = JSON.parse(stdout) as { machine: object; rows: Record<string, number | string>[] };
  assert.deepEqual(machine, JSON.parse(JSON.stringify(thisMachine())));
  assert.equal(rows.length, 1);
  const { name, least, median, calls, peak, first } = rows[0]!;
  assert.equal(name, 'tiny-training');
  assert.ok((least as number) > 0 && least! <= median! && least! < first!, `${least} ${median} ${first}`);
  assert.ok((calls as number) >= 10);
  assert.ok((peak as number) > 100 && (peak as number) < 4096, `${peak} MiB`);
});

test('a row that is not there is told with those that are', async () => {
  const { status, stdout, stderr } = await roentgen(['bench', 'tiny-training', 'huge']);
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^roentgen: bench: there is no row "huge"; there are small-training, /);
});

test('ratios belong to the machine that they were measured on', () => {
  const machine = thisMachine();
  const row = { work: 'tiny-training', precision: 'fp32', against: 'PyTorch', ratio: 0.4 };
  const rows = [
    row,
    { ...row, ratio: 1.1 },
    { ...row, work: 'small-training', ratio: null },
    { ...row, work: 'loading', against: 'memory' },
  ];
  assert.deepEqual([...ratiosOf({ machine, rows }, machine)], [['tiny-training', 0.4]]);
  assert.equal(ratiosOf({ machine: { ...machine, cores: machine.cores + 1 }, rows }, machine).size, 0);
  assert.equal(ratiosOf(undefined, machine).size, 0);
});

test('rows have names and titles of their own', () => {
  assert.equal(new Set(works.map(({ name }) => name)).size, works.length);
  assert.equal(new Set(works.map(({ title }) => title)).size, works.length);
});
