import assert from 'node:assert/strict';
import { copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Dataset, openFolder, splitByPatient } from 'roentgen-lab/datasets';
import { key, uniformArray } from 'roentgen-lab/engine';
import { writePng } from 'roentgen-lab/files';
import { tempDir } from '../support';

const SIDE = 80;

/** Pictures of noise, each another. */
async function pictures(folder: string, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => `p${String(i).padStart(2, '0')}.png`);
  for (const [i, name] of names.entries()) {
    const data = Uint8Array.from(uniformArray(key(i), SIDE * SIDE), (value) => Math.floor(256 * value));
    await writePng(join(folder, name), { width: SIDE, height: SIDE, channels: 1, data });
  }
  return names;
}

async function open(folder: string, rows: readonly string[], header = 'file,report', patientColumn?: string): Promise<Dataset> {
  writeFileSync(join(folder, 'table.csv'), [header, ...rows].join('\n'));
  const columns = { imageColumn: 'file', textColumn: 'report', ...(patientColumn ? { patientColumn } : {}) };
  return openFolder({ folder, csv: join(folder, 'table.csv'), ...columns });
}

/** Names of pictures, told apart by their pixels, that are on both sides of any of ten splits. */
async function leaks(dataset: Dataset): Promise<number> {
  const look = async (part: Dataset): Promise<Set<string>> => {
    const seen = await Promise.all(Array.from({ length: part.length }, (_, i) => part.pixels(i, 4)));
    return new Set(seen.map((pixels) => pixels.join()));
  };
  let count = 0;
  for (let seed = 0; seed < 10; seed++) {
    const { train, test: held } = splitByPatient(dataset, { testFraction: 0.2, key: key(seed) });
    const [left, right] = [await look(train), await look(held)];
    count += [...right].filter((picture) => left.has(picture)).length;
  }
  return count;
}

test('five texts for each picture, without a patient column: all rows of a picture are on one side', async (t) => {
  const folder = tempDir(t);
  const names = await pictures(folder, 24);
  const dataset = await open(
    folder,
    names.flatMap((name) => [1, 2, 3, 4, 5].map((k) => `${name},Sentence ${k} of ${name}.`)),
  );
  assert.equal(dataset.length, 120);
  assert.equal(new Set(Array.from({ length: 120 }, (_, i) => dataset.record(i).patient)).size, 24);
  assert.equal(new Set(Array.from({ length: 120 }, (_, i) => dataset.record(i).id)).size, 120);
  assert.equal(await leaks(dataset), 0);
  const { test: held } = splitByPatient(dataset, { testFraction: 0.2, key: key(1) });
  assert.equal(held.length, 25, 'a fifth of the rows, in whole pictures');
});

/** Other names of the first pictures, in as many ways as there are. */
function otherNames(t: TestContext, folder: string): string[] {
  mkdirSync(join(folder, 'sub'));
  symlinkSync(join(folder, 'p03.png'), join(folder, 'link.png'));
  linkSync(join(folder, 'p04.png'), join(folder, 'hard.png'));
  copyFileSync(join(folder, 'p05.png'), join(folder, 'copy.png'));
  symlinkSync(folder, join(folder, 'sub', 'again'));
  t.diagnostic('other names: ./, .., absolute, links, a copy, a linked folder');
  return ['./p00.png', 'sub/../p01.png', join(folder, 'p02.png'), 'link.png', 'hard.png', 'copy.png', 'sub/again/p06.png'];
}

test('one picture under another spelling, by a link, or as a copy is the same picture', async (t) => {
  const folder = tempDir(t);
  const names = await pictures(folder, 12);
  const others = otherNames(t, folder);
  const dataset = await open(
    folder,
    [...names, ...others].map((name, i) => `${name},Text ${i}.`),
  );
  others.forEach((name, i) => {
    assert.equal(dataset.record(12 + i).patient, dataset.record(i).patient, name);
  });
  assert.equal(new Set(Array.from({ length: dataset.length }, (_, i) => dataset.record(i).patient)).size, 12);
  assert.equal(await leaks(dataset), 0);
});

test('patients who share a picture are on one side, with all that each of them has', async (t) => {
  const folder = tempDir(t);
  const names = await pictures(folder, 20);
  copyFileSync(join(folder, 'p02.png'), join(folder, 'copy.png'));
  // A and B share p01, B and C share p02 by a copy; D shares nothing. The others are alone.
  const shared = ['p00.png,x,A', 'p01.png,x,A', 'p01.png,x,B', 'copy.png,x,B', 'p02.png,x,C', 'p03.png,x,C', 'p04.png,x,D'];
  const dataset = await open(folder, [...shared, ...names.slice(5).map((name, i) => `${name},x,E${i}`)], 'file,report,who', 'who');
  const of = (i: number): string => dataset.record(i).group ?? dataset.record(i).patient;
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map(of), ['A', 'A', 'A', 'A', 'A', 'A', 'D']);
  assert.deepEqual(
    [0, 2, 4].map((i) => dataset.record(i).patient),
    ['A', 'B', 'C'],
    'patients keep their names',
  );
  assert.equal(await leaks(dataset), 0);
  for (let seed = 0; seed < 10; seed++) {
    const { train, test: held } = splitByPatient(dataset, { testFraction: 0.3, key: key(seed) });
    const groups = (part: Dataset): Set<string> =>
      new Set(Array.from({ length: part.length }, (_, i) => part.record(i)).map(({ group, patient }) => group ?? patient));
    for (const group of groups(held)) assert.ok(!groups(train).has(group));
  }
});

test('files of equal size are told apart by their bytes, wherever they differ', async (t) => {
  const folder = tempDir(t);
  const [name] = (await pictures(folder, 1)) as [string];
  const bytes = Array.from({ length: 6 }, (_, i) => i);
  const whole = new Uint8Array(20_000).fill(7);
  for (const i of bytes) {
    const changed = whole.slice();
    changed[[0, 5, 10_000, 19_999, 15_000, 15_000][i]!] = 1; // the last two are equal
    writeFileSync(join(folder, `b${i}.png`), changed);
  }
  const dataset = await open(folder, [...bytes.map((i) => `b${i}.png,x`), `${name},x`]);
  const patients = Array.from({ length: 7 }, (_, i) => dataset.record(i).patient);
  assert.equal(new Set(patients).size, 6);
  assert.equal(patients[4], patients[5]);
});
