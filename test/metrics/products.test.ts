import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, startEngine } from 'roentgen-lab/engine';
import { type Features, kernelDistance, manifoldMeasures } from 'roentgen-lab/metrics';
import { normalArray } from '#engine/internal';
import { eachProducts, plainProducts } from '#metrics/products';
import { assertClose, noLeaks } from '../support';

const features = (seed: number, rows: number, columns: number, shift = 0): Features => ({
  values: normalArray(key(seed), rows * columns).map((x) => shift + x),
  rows,
  columns,
});

test(
  'products of matrices are those of plain loops, block after block',
  noLeaks(() => {
    // 5000 rows of the second set make blocks of 838 rows
    const [a, b] = [features(1, 900, 3), features(2, 5000, 3)];
    const got = new Float64Array(a.rows * b.rows);
    const starts: number[] = [];
    eachProducts(a, b, (from, products) => {
      starts.push(from);
      got.set(products, from * b.rows);
    });
    assert.deepEqual(starts, [0, 838]);
    assertClose(got, plainProducts(a, b), 1e-14);
    assert.throws(() => eachProducts(a, features(3, 4, 2), () => undefined), /3 and 2 wide/);
  }),
);

test('the kernel distance is the mean of kernels of different rows', async () => {
  await startEngine();
  const [a, b] = [features(4, 12, 5), features(5, 9, 5, 1)];
  const kernel = (x: Features, i: number, y: Features, j: number): number => {
    let product = 0;
    for (let k = 0; k < 5; k++) product += x.values[i * 5 + k]! * y.values[j * 5 + k]!;
    return (product / 5 + 1) ** 3;
  };
  const mean = (x: Features, y: Features): number => {
    const values: number[] = [];
    for (let i = 0; i < x.rows; i++) for (let j = 0; j < y.rows; j++) if (x !== y || i !== j) values.push(kernel(x, i, y, j));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const expected = mean(a, a) + mean(b, b) - 2 * mean(a, b);
  assert.ok(Math.abs(kernelDistance(a, b) / expected - 1) < 1e-12);
});

test('balls reach to the k-th neighbour, and what lies on their rim is outside', async () => {
  await startEngine();
  const line = (...at: number[]): Features => ({ values: Float32Array.from(at), rows: at.length, columns: 1 });
  // Balls of k = 1 around 0, 1 and 3 have radii 1, 1 and 2; around 1, 2 and 9 radii 1, 1 and 7.
  const { precision, recall, density, coverage } = manifoldMeasures(line(0, 1, 3), line(1, 2, 9), 1);
  assert.ok(Math.abs(precision - 2 / 3) < 1e-12); // 1 is in its own ball, 2 in that of 3; 9 in none
  assert.ok(Math.abs(density - 2 / 3) < 1e-12); // 1 lies on the rims of 0 and 3
  assert.ok(Math.abs(coverage - 2 / 3) < 1e-12); // the ball of 0 holds 1 on its rim alone
  assert.ok(Math.abs(recall - 2 / 3) < 1e-12); // 1 in that of 1, 3 in that of 9; 0 on a rim
});
