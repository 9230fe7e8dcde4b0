import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { foldIn, key, randomInts, split, uniformArray } from 'roentgen-lab/engine';
import { normalArray, permutation, randomBits } from '#engine/random';
import { root } from '../support';

test('Threefry-2x32-20 gives the known answers of its authors (Random123, kat_vectors)', () => {
  assert.deepEqual([...randomBits([0, 0], 2)], [0x6b200159, 0x99ba4efe]);
});

test('numbers have the moments of their distributions', () => {
  const n = 200_000;
  const moments = (x: Float32Array): [number, number] => {
    const mean = x.reduce((sum, value) => sum + value, 0) / n;
    return [mean, x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n];
  };
  const [normalMean, normalVariance] = moments(normalArray(key(1), n));
  assert.ok(Math.abs(normalMean) < 4 / Math.sqrt(n) && Math.abs(normalVariance - 1) < 0.015, `${normalMean} ${normalVariance}`);
  const [uniformMean, uniformVariance] = moments(uniformArray(key(2), n));
  assert.ok(Math.abs(uniformMean - 0.5) < 0.003 && Math.abs(uniformVariance - 1 / 12) < 0.001, `${uniformMean} ${uniformVariance}`);
});

test('children of a key differ from it and from each other, and foldIn names the same child as split', () => {
  const parent = key(7);
  const children = split(parent, 100);
  assert.equal(new Set([parent, ...children].map(String)).size, 101);
  assert.deepEqual(foldIn(parent, 42), children[42]);
  const correlation = normalArray(children[0]!, 50_000).reduce((sum, x, i, all) => sum + x * normalArrayOf1[i]! * (1 / all.length), 0);
  assert.ok(Math.abs(correlation) < 0.02, `correlation of two children ${correlation}`);
});
const normalArrayOf1 = normalArray(split(key(7), 2)[1]!, 50_000);

test('a longer array begins with the shorter one, odd lengths included', () => {
  assert.deepEqual([...normalArray(key(3), 9).subarray(0, 7)], [...normalArray(key(3), 7)]);
});

test('integers stay in range and a permutation holds each number once', () => {
  const ints = randomInts(key(4), 10_000, -3, 4);
  assert.deepEqual(
    [...new Set(ints)].sort((a, b) => a - b),
    [-3, -2, -1, 0, 1, 2, 3],
  );
  assert.deepEqual(
    [...permutation(key(5), 1000)].sort((a, b) => a - b),
    [...Array(1000).keys()],
  );
});

test('another process sees the same numbers', () => {
  const code = `const e=require('#engine/random');console.log(JSON.stringify([...e.normalArray(e.foldIn(e.key(11),3),5)]))`;
  const other = JSON.parse(execFileSync(process.execPath, ['-e', code], { cwd: root, encoding: 'utf8' })) as number[];
  assert.deepEqual(other, [...normalArray(foldIn(key(11), 3), 5)]);
});

test('a seed that is not a whole number is refused by name', () => {
  assert.throws(() => key(1.5), /key: seed: expected an integer >= 0, got 1.5/);
  assert.throws(() => key(-1), /got -1/);
});
