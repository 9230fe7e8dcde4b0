import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference } from 'roentgen-lab/display';

const grey = (...values: number[]) => ({ pixels: Float32Array.from(values), width: values.length, height: 1, channels: 1 }) as const;

test('the second less the first, over colours their mean; other sizes are refused', () => {
  assert.deepEqual([...difference(grey(0, 1, 0.5), grey(1, 0.5, 0.5)).values], [1, -0.5, 0]);
  const colour = { pixels: Float32Array.of(0, 0, 0), width: 1, height: 1, channels: 3 } as const;
  const [value] = difference(colour, { ...colour, pixels: Float32Array.of(0.5, 0.25, 0) }).values;
  assert.equal(value, 0.25);
  assert.throws(() => difference(grey(0), grey(0, 1)), /difference: expected 1 x 1 x 1 as of the first, got 2 x 1 x 1/);
});
