import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeInto, toHalves } from '#files/dtypes';

const back = (bits: Uint16Array): Float32Array => {
  const out = new Float32Array(bits.length);
  decodeInto('F16', new Uint8Array(bits.buffer), out, 0);
  return out;
};

test('every float16 is itself, and what lies between two goes to the nearer, half way to the even one', () => {
  const finite = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((bits) => (bits & 0x7c00) !== 0x7c00);
  assert.deepEqual(toHalves(back(finite)), finite);
  const positive = finite.filter((bits) => bits < 0x7bff);
  const [low, high] = [back(positive), back(positive.map((bits) => bits + 1))];
  const at = (share: number): Uint16Array => toHalves(low.map((value, i) => value + share * (high[i]! - value)));
  assert.deepEqual(
    at(0.5),
    positive.map((bits) => bits + (bits & 1)),
  );
  assert.deepEqual(at(0.49), positive);
  assert.deepEqual(
    at(0.51),
    positive.map((bits) => bits + 1),
  );
});

test('what float16 does not reach is refused rather than infinite', () => {
  for (const value of [65504.01, -65505, 1e30, Number.POSITIVE_INFINITY, Number.NaN])
    assert.throws(() => toHalves(Float32Array.of(0, value)), /value 1 is .*, float16 reaches to 65504/);
  assert.deepEqual([...back(toHalves(Float32Array.of(65504, -65504, 0, -0, 1e-9)))], [65504, -65504, 0, -0, 0]);
});
