import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError, readSafetensors, rowsOf } from 'roentgen-lab/files';
import { expectWhole, keepRows, keptBytes, type RowsToKeep } from '#files/internal';
import { tempDir } from '../support';

/** Rows wide enough that 32 of them fill a file. */
const WIDE = [512, 512] as const;
const AREA = WIDE[0] * WIDE[1];

/** 70 rows in three files; each value tells its row and place. Counts how often rows are made. */
function invented(source: Record<string, unknown> = { data: 'invented' }): RowsToKeep<'image' | 'code'> & { made: [number, number][] } {
  const made: [number, number][] = [];
  return {
    made,
    source,
    length: 70,
    columns: { image: { shape: WIDE, dtype: 'U16' }, code: { shape: [2], dtype: 'F32' } },
    async make(from, to) {
      made.push([from, to]);
      const image = new Float32Array((to - from) * AREA);
      const code = new Float32Array((to - from) * 2);
      for (let row = from; row < to; row++) {
        image.fill(Math.fround(row / 255), (row - from) * AREA, (row - from + 1) * AREA);
        code.set([row + 0.1, -row], (row - from) * 2);
      }
      return { values: { image, code }, facts: { odd: String(Math.floor((to - from) / 2)) } };
    },
  };
}

test('rows come back as they were made, in any order, from files of 32 rows', async (t) => {
  const root = tempDir(t);
  const rows = invented();
  const progress: number[] = [];
  const { columns, folder, facts } = await keepRows(root, rows, { onProgress: (done) => progress.push(done) });
  assert.deepEqual(rows.made, [
    [0, 32],
    [32, 64],
    [64, 70],
  ]); // prettier-ignore
  assert.deepEqual(progress, [32, 64, 70]);
  assert.deepEqual(facts, [{ odd: '16' }, { odd: '16' }, { odd: '3' }]);
  const chosen = [69, 0, 33, 33, 5];
  const images = await columns.image.read(chosen);
  chosen.forEach((row, i) => {
    assert.equal(images[i * AREA], Math.fround(row / 255)); // exact for whole 255ths
    assert.equal(images[(i + 1) * AREA - 1], Math.fround(row / 255));
  });
  assert.deepEqual(await columns.code.read([69, 1]), Float32Array.of(69.1, -69, 1.1, -1));
  assert.equal(columns.code.length, 70);
  assert.equal(columns.code.width, 2);
  await assert.rejects(columns.code.read([70]), RangeError);
  await assert.rejects(columns.code.read([1.5]), RangeError);
  assert.equal(keptBytes(rows), 70 * (2 * AREA + 8));
  const { image } = await readSafetensors(join(folder, 'rows-00002.safetensors'));
  assert.deepEqual([image!.dtype, image!.shape], ['U16', [6, ...WIDE]]);
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { source: object; files: { file: string }[] };
  assert.deepEqual(manifest.source, { data: 'invented' });
  assert.deepEqual(
    manifest.files.map(({ file }) => file),
    ['rows-00000.safetensors', 'rows-00001.safetensors', 'rows-00002.safetensors'],
  );
});

test('what is there is not made again; another source is another folder', async (t) => {
  const root = tempDir(t);
  const first = await keepRows(root, invented());
  const again = invented();
  const second = await keepRows(root, again);
  assert.deepEqual(again.made, []);
  assert.equal(second.columns.image.identity, first.columns.image.identity);
  assert.notEqual(second.columns.code.identity, first.columns.image.identity);
  const other = invented({ data: 'other' });
  const third = await keepRows(root, other);
  assert.equal(other.made.length, 3);
  assert.notEqual(third.columns.image.identity, first.columns.image.identity);
  assert.equal(readdirSync(root).length, 2);
});

test('work that was interrupted goes on behind its last whole file', async (t) => {
  const root = tempDir(t);
  const stop = new AbortController();
  const rows = invented();
  const stopping = { signal: stop.signal, onProgress: (done: number) => done === 32 && stop.abort(new Error('stop')) };
  await assert.rejects(keepRows(root, rows, stopping), /stop/);
  assert.deepEqual(rows.made, [[0, 32]]);
  const rest = invented();
  const { columns } = await keepRows(root, rest);
  assert.deepEqual(rest.made, [
    [32, 64],
    [64, 70],
  ]); // prettier-ignore
  assert.equal((await columns.code.read([3]))[1], -3);
});

test('a file that is damaged in any way is found, told and made again', async (t) => {
  const root = tempDir(t);
  const { folder } = await keepRows(root, invented());
  const path = join(folder, 'rows-00001.safetensors');
  const whole = readFileSync(path);
  const flipped = Buffer.from(whole);
  flipped[whole.length - 1]! ^= 1;
  const other = readFileSync(join(folder, 'rows-00000.safetensors'));
  for (const bytes of [flipped, whole.subarray(0, whole.length - 5), Buffer.from('no'), other]) {
    writeFileSync(path, bytes);
    const rows = invented();
    const notes: string[] = [];
    await keepRows(root, rows, { onNote: (note) => notes.push(note) });
    assert.deepEqual(rows.made, [[32, 64]]);
    assert.match(notes.join(), /rows-00001\.safetensors was damaged and is made again/);
    assert.ok(readFileSync(path).equals(whole));
  }
});

test('a file that goes away or shrinks after it was checked is an error that names it', async (t) => {
  const { folder, columns } = await keepRows(tempDir(t), invented());
  truncateSync(join(folder, 'rows-00000.safetensors'), 1000);
  rmSync(join(folder, 'rows-00001.safetensors'));
  for (const row of [31, 40])
    await assert.rejects(columns.image.read([row]), (error) => error instanceof FileError && /rows-0000[01]/.test(error.message));
});

test('values that do not fit, and a place that cannot be written, are refused', async (t) => {
  const root = tempDir(t);
  const bright = {
    ...invented(),
    make: async () => ({ values: { image: new Float32Array(32 * AREA).fill(1.5), code: new Float32Array(64) } }),
  };
  await assert.rejects(keepRows(root, bright), /expected values from 0 to 1, got 1\.5/);
  const short = { ...invented(), make: async () => ({ values: { image: new Float32Array(7), code: new Float32Array(64) } }) };
  await assert.rejects(keepRows(root, short), /image: expected 32 rows of \[512, 512\], got 7 values/);
  writeFileSync(join(root, 'file'), '');
  await assert.rejects(keepRows(join(root, 'file'), invented()), FileError);
  mkdirSync(join(root, 'empty'));
  assert.deepEqual((await keepRows(join(root, 'empty'), { ...invented(), length: 0 })).facts, []);
});

test('rows of an array: the same reading, identity by content', async () => {
  const rows = rowsOf(Float32Array.of(1, 2, 3, 4, 5, 6), 2);
  assert.deepEqual([rows.length, rows.width], [3, 2]);
  assert.deepEqual(await rows.read([2, 0]), Float32Array.of(5, 6, 1, 2));
  assert.equal(rows.identity, rowsOf(Float32Array.of(1, 2, 3, 4, 5, 6), 2).identity);
  assert.notEqual(rows.identity, rowsOf(Float32Array.of(1, 2, 3, 4, 5, 7), 2).identity);
  await assert.rejects(rows.read([3]), RangeError);
  assert.throws(() => rowsOf(new Float32Array(5), 2), RangeError);
});

test('parts make the files whose number falls to them, whoever else does; what is missing is named, and nothing is made where nothing may be', async (t) => {
  const root = tempDir(t);
  const first = invented();
  const one = await keepRows(root, first, { making: { index: 0, count: 2 } });
  assert.deepEqual(first.made, [
    [0, 32],
    [64, 70],
  ]); // prettier-ignore
  assert.deepEqual([one.files, one.missing], [3, ['rows-00001.safetensors']]);
  assert.deepEqual(
    await one.columns.code.read([69, 0]),
    Float32Array.of(69.1, -69, 0.1, 0).map((value) => value || -0),
  );
  await assert.rejects(one.columns.code.read([0, 40]), /rows-00001\.safetensors: is not there yet/);
  assert.throws(() => expectWhole(one), /is not whole.*rows-00001\.safetensors missing/);
  assert.ok(!readdirSync(one.folder).includes('manifest.json'), 'no manifest of a part');
  const looked = invented();
  const none = await keepRows(root, looked, { making: 'nothing' });
  assert.deepEqual([looked.made, none.missing], [[], ['rows-00001.safetensors']]);
  // A file that is damaged is not remade by a part that it does not fall to.
  truncateSync(join(one.folder, 'rows-00002.safetensors'), 1000);
  const second = invented();
  const other = await keepRows(root, second, { making: { index: 1, count: 2 } });
  assert.deepEqual([second.made, other.missing], [[[32, 64]], ['rows-00002.safetensors']]);
  const last = await keepRows(root, invented(), { making: { index: 2, count: 3 } });
  assert.equal(expectWhole(last), last);
  const alone = await keepRows(tempDir(t), invented());
  assert.deepEqual(readdirSync(last.folder).sort(), readdirSync(alone.folder).sort());
  for (const name of readdirSync(alone.folder))
    assert.deepEqual(readFileSync(join(last.folder, name)), readFileSync(join(alone.folder, name)), name);
});
