/** Tables: line ends and quotes of CSV, Parquet against values that pyarrow wrote (golden/parquet.json; parquet.py beside it made them). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataset } from 'roentgen-lab/datasets';
import { readTable } from '#datasets/read-table';
import { root, tempDir } from '../support';
import { picture, records, refused, write } from './invented';

test('line ends of any system, also mixed; what is wrong is told by its row and not by what it holds', async (t) => {
  const path = join(tempDir(t), 'table.csv');
  write(path, 'a,b\r\n1,2\r3,4\n"5\r\n",6\r\n7,of "8"\n');
  assert.deepEqual(
    (await readTable(path)).rows.map(({ number, cells }) => [number, cells.a, cells.b]),
    [
      [2, '1', '2'],
      [3, '3', '4'],
      [4, '5\n', '6'],
      [5, '7', 'of "8"'],
    ],
  );
  for (const [text, message] of [
    ['a\n"secret" more\n', /is not valid CSV: row 2: there is text behind the quote that closes a cell$/],
    ['a\nb\n"secret\n', /is not valid CSV: row 3: a quote is opened that nothing closes$/],
  ] as const) {
    write(path, text);
    await assert.rejects(readTable(path), refused(message));
  }
});

test('semicolons divide where the header has no comma', async (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'texts.csv');
  write(path, '\ufefffile;report\r\na.png;"Effusion; left, large."\r\nb.png;Clear, both.\r\n');
  assert.deepEqual(
    (await readTable(path, ['file', 'report'])).rows.map(({ number, cells }) => [number, cells.file, cells.report]),
    [
      [2, 'a.png', 'Effusion; left, large.'],
      [3, 'b.png', 'Clear, both.'],
    ],
  );
  write(path, 'file|report\na.png|x\n');
  await assert.rejects(readTable(path, ['file']), refused(/has no column "file".*save it with commas/));
});

const golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'parquet.json'), 'utf8')) as {
  tables: Record<string, string>;
  groups: string;
  images: string;
  empty: string;
};
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64');

test('Parquet of any compression is a table of text: numbers, dates, lists, nothing', async (t) => {
  const path = join(tempDir(t), 'table.parquet');
  for (const [name, text] of [...Object.entries(golden.tables), ['groups', golden.groups] as const]) {
    write(path, bytesOf(text));
    const { columns, rows } = await readTable(path, ['file', 'text']);
    assert.deepEqual(columns, ['file', 'text', 'patient', 'edema', 'clear', 'taken', 'at', 'labels', 'view'], name);
    assert.deepEqual(
      rows.map(({ number, cells }) => [number, ...columns.map((column) => cells[column])]),
      [
        [1, 'a.png', 'Large effusion, left.', '7', '1', 'true', '2015-03-03', '2015-03-03T12:30:00.000Z', '["edema","mass"]', 'PA'],
        [2, 'b.png', 'Said "clear", ä', '9007199254740993', '-1', 'false', '', '', '[]', 'AP'],
        [4, 'c.png', '', '3', 'NaN', '', '1969-12-31', '', '', 'PA'],
      ],
      name,
    );
  }
});

test('Parquet: a folder with such a table opens, and what is no table is refused', async (t) => {
  const folder = tempDir(t);
  for (const name of ['a.png', 'b.png', 'c.png']) await picture(join(folder, name));
  const path = join(folder, 'table.parquet');
  write(path, bytesOf(golden.tables.zstd!));
  const options = { data: folder, csv: path, imageColumn: 'file', textColumn: 'text', patientColumn: 'patient' };
  const dataset = await openDataset(options);
  assert.deepEqual(
    records(dataset).map(({ file, text, patient }) => [file, text, patient]),
    [
      ['a.png', 'Large effusion, left.', '7'],
      ['b.png', 'Said "clear", ä', '9007199254740993'],
    ],
  );
  assert.deepEqual(dataset.notes, ['table.parquet: 1 of 3 rows have no text and are left out (row 4).']);
  await assert.rejects(openDataset({ data: folder }), refused(/name table\.parquet with --csv/));
  await assert.rejects(openDataset({ ...options, imageColumn: 'image' }), refused(/has no column "image"; its columns are file, text/));
  for (const [bytes, message] of [
    [bytesOf(golden.images), /table\.parquet: column "image" holds the bytes of images or other files; write these as files/],
    [bytesOf(golden.empty), /has a header but no rows/],
    [bytesOf(golden.tables.zstd!).subarray(0, -20), /is not a Parquet file that can be read: /],
    [Buffer.from('file,text\n'), /is not a Parquet file that can be read: /],
    [Buffer.alloc(0), /is not a Parquet file that can be read: /],
  ] as const) {
    write(path, bytes);
    const imageColumn = bytes.equals(bytesOf(golden.images)) ? 'image' : 'file';
    await assert.rejects(openDataset({ ...options, imageColumn, patientColumn: undefined }), refused(message));
  }
  write(path, bytesOf(golden.images));
  assert.deepEqual((await readTable(path, ['text'])).columns, ['text']);
});
