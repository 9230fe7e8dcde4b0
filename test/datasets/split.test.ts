import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, loadPixels, splitByPatient, subset } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';

/** Patients with 1, 2, 3, … images, mixed. */
function sample(patients: number): Dataset {
  const owners = Array.from({ length: patients }, (_, p) => Array<number>(p + 1).fill(p)).flat();
  owners.sort((a, b) => ((a * 7919) % 13) - ((b * 7919) % 13));
  return {
    name: 'sample',
    credit: 'made here',
    findings: ['a'],
    length: owners.length,
    fingerprint: 'f',
    record: (i) => ({ id: String(i), patient: `p${owners[i]}`, text: '', labels: {}, sides: {} }),
    pixels: async (i, size) => new Float32Array(size * size).fill(i),
  };
}

const all = (dataset: Dataset) => Array.from({ length: dataset.length }, (_, i) => dataset.record(i));

test('no patient is on both sides, every record is on one, and the share is near what was asked for', () => {
  const dataset = sample(30);
  for (let seed = 0; seed < 20; seed++) {
    const { train, test: held } = splitByPatient(dataset, { testFraction: 0.2, key: key(seed) });
    const [left, right] = [new Set(all(train).map(({ patient }) => patient)), new Set(all(held).map(({ patient }) => patient))];
    for (const patient of right) assert.ok(!left.has(patient));
    assert.deepEqual(
      [...all(train), ...all(held)].map(({ id }) => Number(id)).sort((a, b) => a - b),
      Array.from({ length: dataset.length }, (_, i) => i),
    );
    assert.ok(held.length >= 0.2 * dataset.length && held.length < 0.2 * dataset.length + 30, `${held.length} of ${dataset.length}`);
  }
});

test('a split depends on the key and the patients, not on the order of records', () => {
  const dataset = sample(30);
  const patients = (part: Dataset): string[] => [...new Set(all(part).map(({ patient }) => patient))].sort();
  const one = splitByPatient(dataset, { testFraction: 0.3, key: key(1) });
  const reversed = subset(
    dataset,
    Array.from({ length: dataset.length }, (_, i) => dataset.length - 1 - i),
  );
  assert.deepEqual(patients(splitByPatient(reversed, { testFraction: 0.3, key: key(1) }).test), patients(one.test));
  assert.notDeepEqual(patients(splitByPatient(dataset, { testFraction: 0.3, key: key(2) }).test), patients(one.test));
});

test('both sides have a patient, however extreme the share', () => {
  for (const testFraction of [0.001, 0.999]) {
    const { train, test: held } = splitByPatient(sample(2), { testFraction, key: key(3) });
    assert.ok(train.length > 0 && held.length > 0);
  }
  assert.throws(() => splitByPatient(sample(1), { testFraction: 0.5, key: key(1) }), /sample holds one patient; expected at least two/);
  assert.throws(
    () => splitByPatient(sample(3), { testFraction: 1, key: key(1) }),
    /testFraction: expected a number between 0 and 1, got 1/,
  );
});

test('a subset has its own indices, pixels and fingerprint', async () => {
  const part = subset(sample(4), [3, 1, 1]);
  assert.deepEqual(
    all(part).map(({ id }) => id),
    ['3', '1', '1'],
  );
  assert.equal((await part.pixels(0, 2))[0], 3);
  assert.throws(() => part.record(3), /sample: record 3: expected an integer from 0 to 2/);
  await assert.rejects(part.pixels(-1, 2), RangeError);
  assert.throws(() => subset(sample(4), [10]), /record 10: expected an integer from 0 to 9/);
  assert.throws(() => subset(sample(4), [0.5]), RangeError);
  assert.notEqual(part.fingerprint, subset(sample(4), [3, 1]).fingerprint);
  assert.notEqual(part.fingerprint, 'f');
});

test('a subset hands its indices on to a dataset that makes many images at once', async () => {
  const asked: number[][] = [];
  const whole: Dataset = {
    ...sample(4),
    async batch(indices, size) {
      asked.push(Array.from(indices));
      return Float32Array.from({ length: indices.length * size * size }, (_, i) => indices[Math.floor(i / (size * size))]!);
    },
  };
  const part = subset(whole, [3, 5, 1]);
  assert.deepEqual(Array.from(await loadPixels(part, 1)), [3, 5, 1]);
  assert.deepEqual(Array.from(await part.batch!([2, 0], 1)), [1, 3]);
  assert.deepEqual(asked, [
    [3, 5, 1],
    [1, 3],
  ]);
  await assert.rejects(part.batch!([3], 1), RangeError);
  assert.equal(subset(sample(4), [0]).batch, undefined);
});
