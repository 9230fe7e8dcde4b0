import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PhantomLook, phantomRadiographs } from 'roentgen-lab/systems';
import { noLeaks, tempDir } from '../../support';

const correlation = (a: Float32Array, b: Float32Array): number => {
  const mean = (x: Float32Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  const [x, y] = [a.map((value) => value - ma), b.map((value) => value - mb)];
  const dot = (u: Float32Array, v: Float32Array): number => u.reduce((sum, value, i) => sum + value * v[i]!, 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
};

test(
  'the same patients look otherwise by another processing and by another renderer, and are the same patients with the same labels',
  noLeaks(async (t) => {
    const before = process.cwd();
    process.chdir(tempDir(t)); // where kept images go
    t.after(() => process.chdir(before));
    const drawn = async (look: PhantomLook) => {
      const { pixels, records } = await phantomRadiographs({ seed: 5, count: 3 }, 32, { look });
      return { values: await pixels.read([0, 1, 2]), records, identity: pixels.identity };
    };
    const [usual, clahe, projected] = [await drawn('usual'), await drawn('clahe'), await drawn('projected')];
    for (const other of [clahe, projected]) {
      assert.deepEqual(other.records, usual.records);
      assert.notEqual(other.identity, usual.identity);
      const alike = correlation(other.values, usual.values);
      assert.ok(alike > 0.5 && alike < 0.99, `${alike}`);
      assert.ok(other.values.every((value) => value >= 0 && value <= 1));
    }
    assert.deepEqual((await drawn('projected')).values, projected.values);
  }),
);
