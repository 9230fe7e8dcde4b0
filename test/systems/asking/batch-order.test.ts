import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { batchOrder, rowLength } from '#systems/asking/batch-order';

const lengths = Array.from({ length: 103 }, (_, i) => 20 + ((i * 37) % 90));

test('an epoch has each dialogue once, in batches of about one length, in an order that is drawn; the step alone says which', () => {
  const order = batchOrder(key(1), lengths, 8);
  const epoch = (number: number): Int32Array[] => Array.from({ length: 12 }, (_, i) => order(12 * number + i));
  const first = epoch(0).flatMap((rows) => [...rows]);
  assert.equal(new Set(first).size, 96);
  assert.notDeepEqual(epoch(1), epoch(0));
  assert.deepEqual(batchOrder(key(1), lengths, 8)(17), order(17), 'a run that is gone on with sees the same');
  assert.notDeepEqual(batchOrder(key(2), lengths, 8)(17), order(17));
  const spread = (rows: ArrayLike<number>): number => {
    const own = Array.from(rows, (row) => lengths[row]!);
    return Math.max(...own) - Math.min(...own);
  };
  assert.ok(
    epoch(0).every((rows) => spread(rows) < 20),
    'of 89 tokens between the shortest and the longest',
  );
  const means = epoch(0).map((rows) => rows.reduce((sum, row) => sum + lengths[row]!, 0));
  assert.notDeepEqual(
    means,
    [...means].sort((a, b) => a - b),
    'short batches do not come first',
  );
});

test('fewer dialogues than a batch are repeated; rows are as long as they must be, in steps', () => {
  const few = batchOrder(key(1), [5, 6, 7], 8)(0);
  assert.equal(few.length, 8);
  assert.deepEqual(new Set(few), new Set([0, 1, 2]));
  assert.deepEqual([rowLength([3, 30], 200), rowLength([33], 200), rowLength([190], 200)], [32, 64, 192]);
  assert.equal(rowLength([199], 200), 200);
});
