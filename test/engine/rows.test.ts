import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from 'roentgen-lab/engine';
import { overRows, overRowsSync } from '#engine/rows';
import { noLeaks } from '../support';

const columns = [
  { values: Float32Array.from({ length: 14 }, (_, i) => i), shape: [2] },
  { values: Int32Array.from({ length: 7 }, (_, i) => i), shape: [], padding: 9 },
];

test(
  'every row goes through the network once, in batches of one shape, and progress is told',
  noLeaks(async () => {
    await startEngine();
    const shapes: number[][] = [];
    const network = (pairs: tf.Tensor, ids: tf.Tensor): Record<'sum' | 'twice', tf.Tensor> => {
      shapes.push(pairs.shape, ids.shape);
      assert.deepEqual([pairs.dtype, ids.dtype], ['float32', 'int32']);
      return tf.tidy(() => ({ sum: tf.sum(pairs, 1), twice: tf.mul(tf.cast(ids, 'float32'), 2) }));
    };
    const told: number[][] = [];
    const onProgress = (...counts: number[]): void => void told.push(counts);
    const results = await overRows(network as never, columns, { sum: 1, twice: 1 }, { batch: 3, onProgress });
    assert.deepEqual([...results.sum], [1, 5, 9, 13, 17, 21, 25]);
    assert.deepEqual([...results.twice], [0, 2, 4, 6, 8, 10, 12]);
    assert.deepEqual(shapes, [[3, 2], [3], [3, 2], [3], [3, 2], [3]]);
    assert.deepEqual(told, [
      [3, 7],
      [6, 7],
      [7, 7],
    ]);
    assert.deepEqual(overRowsSync(network as never, columns, { sum: 1, twice: 1 }, { batch: 3 }), results);
    const none = overRowsSync(network as never, [{ values: new Float32Array(0), shape: [2] }], { sum: 1 }, { batch: 3 });
    assert.equal(none.sum.length, 0);
  }),
);

test(
  'an abort ends it before the next batch, and nothing is left',
  noLeaks(async () => {
    await startEngine();
    const stop = new AbortController();
    const running = overRows(
      (pairs) => ({ sum: tf.sum(pairs, 1) }),
      columns.slice(0, 1),
      { sum: 1 },
      {
        batch: 2,
        signal: stop.signal,
        onProgress: () => stop.abort(new Error('enough')),
      },
    );
    await assert.rejects(running, /enough/);
    const fails = (): never => {
      throw new Error('no network');
    };
    await assert.rejects(overRows(fails, columns, { sum: 1 }, { batch: 2 }), /no network/);
  }),
);
