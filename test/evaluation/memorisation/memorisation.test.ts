import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, startEngine } from 'roentgen-lab/engine';
import { evaluateMemorisation, nearestRows } from 'roentgen-lab/evaluation';
import { rowsOf } from 'roentgen-lab/files';
import { normalArray } from '#engine/internal';
import { pixelSpace } from '#evaluation/memorisation/pixel-space';
import { patientsOfSeveral } from '#evaluation/networks/same-patient';
import { noLeaks, tempDir } from '../../support';
import { phantomBench } from '../bench';

test('the nearest row is found in whatever block it lies', async () => {
  await startEngine();
  const [rows, width] = [5000, 3];
  const among = normalArray(key(1), rows * width);
  const chosen = [0, 2047, 2048, 4999];
  // Each a step of 0.001 along one axis from a row.
  const values = Float32Array.from(chosen.flatMap((row) => [among[row * width]! + 1e-3, among[row * width + 1]!, among[row * width + 2]!]));
  const asked: number[] = [];
  const found = await nearestRows({ values, rows: chosen.length, columns: width }, rowsOf(among, width), {
    onProgress: (done) => asked.push(done),
  });
  assert.deepEqual(Array.from(found.rows), chosen);
  for (const distance of found.distances) assert.ok(Math.abs(distance - 1e-3) < 1e-5, `${distance}`);
  assert.deepEqual(asked, [2048, 4096, 5000]);
  await assert.rejects(() => nearestRows({ values, rows: 4, columns: 3 }, rowsOf(among.subarray(0, 10), 2)), /3 and 2 wide/);
  await assert.rejects(() => nearestRows({ values, rows: 4, columns: 3 }, rowsOf(new Float32Array(0), 3)), /got none/);
});

test('pixel distances are root mean squares, of smaller images where they are large', async () => {
  for (const [size, width] of [
    [16, 256],
    [128, 4096],
  ] as const) {
    const space = pixelSpace(size);
    assert.equal(space.width, width);
    const pixels = new Float32Array(2 * size * size).fill(0.2);
    pixels.fill(0.5, size * size);
    const features = await space.extract(pixels, size);
    const squared = features.subarray(0, width).reduce((sum, value, i) => sum + (value - features[width + i]!) ** 2, 0);
    assert.ok(Math.abs(Math.sqrt(squared) - 0.3) < 1e-5);
  }
});

test('patients of one image teach nothing', () => {
  assert.deepEqual(patientsOfSeveral(['a', 'b', 'a', 'c', 'b', 'a']), [
    [0, 2, 5],
    [1, 4],
  ]);
});

test(
  'noisy copies are found in pixels and by patient; what cannot be learnt is said',
  noLeaks(async (t) => {
    const space = pixelSpace(32);
    const bench = await phantomBench(tempDir(t), { train: 160, test: 60 });
    const { rows, samePatient, figures } = await evaluateMemorisation(bench, { spaces: [{ ...space, name: 'again' }] });
    assert.deepEqual(
      rows.map(({ images, space: name }) => [images, name]),
      ['pixels', 'again', 'same patient'].map((name) => ['control: noisy copies', name]),
    );
    for (const { copyRate, nearer, space: name } of rows) {
      assert.ok(copyRate.low > 0.5, `${name}: ${JSON.stringify(copyRate)}`);
      assert.ok(nearer.value > 0.9, `${name}: ${nearer.value}`);
    }
    assert.ok(samePatient !== null && samePatient.low > 0.6, JSON.stringify(samePatient));
    assert.equal(figures.length, 3);
    const single = { ...bench.train, record: (i: number) => ({ ...bench.train.record(i), patient: `p${i}` }) };
    const without = await evaluateMemorisation({ ...bench, train: single }, { spaces: [] });
    assert.equal(without.samePatient, null);
    assert.ok(without.notes.some((note) => /no re-identification: 0 patients/.test(note)));
  }),
);
