import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type FolderOptions, loadPixels, openFolder, openNih, pixelRows, subset } from 'roentgen-lab/datasets';
import { FileError, writePng } from 'roentgen-lab/files';
import { decodeSquare, inLevels } from '#datasets/square';
import { sharedData, tempDir } from '../support';

const readSquare = async (path: string, size: number): Promise<Float32Array> => inLevels(await decodeSquare({ path, size: 0 }, size));

/** A grey picture whose values fall from left to right, wider than high or the other way round. */
async function picture(path: string, width: number, height: number, channels: 1 | 3 = 1, value?: number): Promise<void> {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => value ?? 255 - (Math.floor(i / channels) % width));
  mkdirSync(dirname(path), { recursive: true });
  await writePng(path, { width, height, channels, data });
}

async function folderWith(folder: string, csv: string): Promise<FolderOptions> {
  for (const name of ['a', 'b', 'c']) await picture(join(folder, `${name}.png`), 20, 20, 1, name.charCodeAt(0));
  writeFileSync(join(folder, 'table.csv'), csv);
  return { folder, csv: 'table.csv', imageColumn: 'file', textColumn: 'report' };
}

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof FileError, String(error));
  assert.match(error.message, message);
  return true;
};

test('a CSV with byte order mark, quotes, line breaks and commas in cells', async (t) => {
  const csv = '\ufefffile,report,who\r\na.png,"Large effusion, ""new"".\nNo pneumothorax.",1\r\n\r\nb.png, Clear. ,1\r\nc.png,Clear.,2\r\n';
  const dataset = await openFolder({ ...(await folderWith(tempDir(t), csv)), patientColumn: 'who' });
  assert.equal(dataset.length, 3);
  assert.equal(dataset.record(0).text, 'Large effusion, "new".\nNo pneumothorax.');
  assert.equal(dataset.record(1).text, 'Clear.');
  assert.deepEqual(
    [0, 1, 2].map((i) => dataset.record(i).patient),
    ['1', '1', '2'],
  );
  assert.ok(Math.abs((await dataset.pixels(2, 20))[0]! - 'c'.charCodeAt(0) / 255) < 1e-6);
  assert.throws(() => dataset.record(3), RangeError);
});

test('without a patient column every image is a patient of its own, with all rows that show it', async (t) => {
  const dataset = await openFolder(await folderWith(tempDir(t), 'file,report\na.png,x\na.png,y\nb.png,z\n'));
  assert.equal(dataset.record(0).patient, dataset.record(1).patient);
  assert.notEqual(dataset.record(0).patient, dataset.record(2).patient);
  assert.notEqual(dataset.record(0).id, dataset.record(1).id);
});

test('tabs by the ending .tsv, JSON lines by .jsonl, commas at the end of every line', async (t) => {
  const base = await folderWith(tempDir(t), '');
  const texts = async (name: string, table: string): Promise<string[]> => {
    writeFileSync(join(base.folder, name), table);
    const dataset = await openFolder({ ...base, csv: name, skipEmptyText: true });
    return Array.from({ length: dataset.length }, (_, i) => dataset.record(i).text);
  };
  assert.deepEqual(await texts('t.tsv', 'file\treport\na.png\tx, y\nb.png\tz\n'), ['x, y', 'z']);
  assert.deepEqual(await texts('t.jsonl', '{"file": "a.png", "report": "x"}\n\n{"file": "b.png"}\n{"report": "é", "file": "c.png"}'), [
    'x',
    'é',
  ]);
  assert.deepEqual(await texts('u.csv', 'file,report,,\na.png,x,,\n,,,\nb.png,z,,\n'), ['x', 'z']);
  const cases: [string, string, RegExp][] = [
    ['t.jsonl', '{"file": "a.png", "report": "secret"}\n["b.png"]\n', /t\.jsonl: row 2: expected a JSON object/],
    ['t.jsonl', '{"file": "a.png", "report": "secret"}\n\n{"file": "b.png", "report": "secret}\n', /t\.jsonl: row 3: is not JSON$/],
    ['t.jsonl', '{"file": "a.png", "text": "secret"}\n', /has no column "report"; its columns are file, text/],
    [
      't.csv',
      'file,report\na.png,secret, of three\n',
      /row 2: expected 2 cells, as the header has, got 3; a text with commas stands in double quotes/,
    ],
    ['t.csv', 'file,report\na.png,"secret" lung\n', /t\.csv: is not valid CSV: row 2: there is text behind the quote/],
    [
      't.csv',
      'file|report\na.png|secret\n',
      /has no column "file"; its columns are file\|report; save it with commas between them, or with tabs as \.tsv/,
    ],
    ['t.xlsx', 'PK', /t\.xlsx: is an Excel workbook; save it as CSV UTF-8/],
    ['t.parquet', 'PAR1', /t\.parquet: is not a Parquet file that can be read/],
    ['t.json', '[]', /t\.json: is JSON; save it as JSON lines/],
  ];
  for (const [name, table, message] of cases)
    await assert.rejects(texts(name, table), (error: Error) => refused(message)(error) && !/secret/.test(error.message));
});

test('words that tables have for nothing are no texts; they are counted with the empty ones', async (t) => {
  const nothing = ['nan', 'NaN', 'None', 'NULL', '<NA>', 'N/A', '""', ' "nan" '.trim()];
  const rows = ['a.png,None seen.', ...nothing.map((word) => `b.png,${word}`), 'c.png,NA is short for sodium'];
  const options = await folderWith(tempDir(t), `file,report\n${rows.join('\n')}\n`);
  const dataset = await openFolder({ ...options, skipEmptyText: true });
  assert.deepEqual([dataset.length, dataset.record(0).text, dataset.record(1).text], [2, 'None seen.', 'NA is short for sodium']);
  assert.deepEqual(dataset.notes, ['table.csv: 8 of 10 rows have no text and are left out (rows 3, 4, 5, 6, 7 and 3 others).']);
  assert.deepEqual(subset(dataset, [0]).notes, dataset.notes);
  await assert.rejects(openFolder(options), refused(/column report: rows 3, 4, 5, 6, 7 and 3 others: the text is empty/));
  const whole = await openFolder(await folderWith(tempDir(t), 'file,report\na.png,x\n'));
  assert.deepEqual(whole.notes, []);
});

test('labels: present, absent and unknown; findings are those with enough of both', async (t) => {
  const folder = tempDir(t);
  const rows = Array.from({ length: 60 }, (_, i) => `a.png,x,${i % 2},${i === 0 ? 1 : 0}`);
  rows.push('a.png,x,-1.0,', 'a.png,x,Yes,1.0');
  const options = { ...(await folderWith(folder, `file,report,Effusion,Rare\n${rows.join('\n')}\n`)), labelColumns: ['Effusion', 'Rare'] };
  const dataset = await openFolder(options);
  assert.deepEqual(dataset.record(1).labels, { Effusion: 1, Rare: 0 });
  assert.deepEqual(dataset.record(60).labels, {});
  assert.deepEqual(dataset.record(61).labels, { Effusion: 1, Rare: 1 });
  assert.deepEqual(dataset.findings, ['Effusion']);
  appendFileSync(join(folder, 'table.csv'), 'a.png,x,maybe,0\n');
  await assert.rejects(openFolder(options), refused(/table\.csv: row 64: column Effusion: expected 1, 0, -1 or nothing, got "maybe"/));
});

test('every fault of a folder names the file, and the row or column', async (t) => {
  const base = await folderWith(tempDir(t), 'file,report\na.png,x\n');
  const table = (csv: string): FolderOptions => {
    writeFileSync(join(base.folder, 'table.csv'), csv);
    return base;
  };
  await assert.rejects(openFolder({ ...base, folder: `${base.folder}/none` }), refused(/none: there is no such folder/));
  await assert.rejects(openFolder({ ...base, csv: 'none.csv' }), refused(/none\.csv: there is no such file, neither here nor in/));
  await assert.rejects(
    openFolder({ ...base, textColumn: 'impression' }),
    refused(/table\.csv: has no column "impression"; its columns are file, report/),
  );
  const cases: [string, RegExp][] = [
    ['', /has no column "file"; its columns are \(none\)/],
    ['file,report\n', /has a header but no rows/],
    ['file,report,file\na.png,x,b.png\n', /has 2 columns "file"; expected one/],
    ['file,report\na.png\n', /row 2: expected 2 cells, as the header has, got 1/],
    ['file,report\na.png,"x\n', /is not valid CSV: /],
    ['file,report\na.png,x\nb.png, \nc.png,\n', /column report: rows 3, 4: the text is empty; fill it in or leave such rows out/],
    ['file,report\na.png,\n', /column report: no row has a text/],
    ['file,report\na.png,x\n,y\n', /row 3: column file is empty/],
    ['file,report\na.png,x\nd.png,y\ne.png,y\n', /2 of 3 images are missing \(rows 3, 4\); the first is .*d\.png$/],
    ['file,report\nx/a.png,x\n', /1 of 1 images are missing \(row 2\); the first is .*x\/a\.png, but there is .*\/a\.png/],
    ['file,report\nA.PNG,x\n', /the first is .*A\.PNG, but there is .*\/a\.png/],
    ['file,report\nimg\\a.png,x\n', /the first is .*, but there is .*\/a\.png/],
  ];
  for (const [csv, message] of cases) await assert.rejects(openFolder(table(csv)), refused(message));
  const skipping = await openFolder({ ...table('file,report\na.png,\nb.png,x\n'), skipEmptyText: true });
  assert.equal(skipping.length, 1);
  assert.equal(skipping.record(0).id, 'b.png');
});

test('an image that is truncated or no image is named with its row, by pixels and by loadPixels', async (t) => {
  const folder = tempDir(t);
  const options = await folderWith(folder, 'file,report\na.png,secret text\nb.png,y\nc.png,z\n');
  const dataset = await openFolder(options);
  truncateSync(join(folder, 'b.png'), 60);
  writeFileSync(join(folder, 'c.png'), 'hello');
  await assert.rejects(dataset.pixels(1, 8), refused(/b\.png: is a truncated or damaged image .*; row 3 of table\.csv$/));
  await assert.rejects(dataset.pixels(2, 8), refused(/c\.png: is not an image .*; row 4 of table\.csv$/));
  await assert.rejects(loadPixels(dataset, 8, { cache: false }), refused(/[bc]\.png: .* row [34] of table\.csv$/));
});

test('the centre square of the shorter side is taken, at the proportions it has', async (t) => {
  const folder = tempDir(t);
  await picture(join(folder, 'wide.png'), 200, 100); // 255 … 56 from left to right
  await picture(join(folder, 'high.png'), 100, 200);
  const wide = await readSquare(join(folder, 'wide.png'), 50);
  const high = await readSquare(join(folder, 'high.png'), 50);
  for (let x = 0; x < 50; x++) {
    assert.ok(Math.abs(wide[25 * 50 + x]! * 255 - (255 - 50 - 2 * x - 0.5)) < 0.6, `wide ${x}`);
    assert.ok(Math.abs(high[25 * 50 + x]! * 255 - (255 - 2 * x - 0.5)) < 0.6, `high ${x}`);
  }
});

test('colours become luma, white stays 1, black stays 0, and shrinking averages', async (t) => {
  const folder = tempDir(t);
  const green = join(folder, 'green.png');
  await writePng(green, { width: 4, height: 4, channels: 3, data: Uint8Array.from({ length: 48 }, (_, i) => (i % 3 === 1 ? 255 : 0)) });
  assert.ok(Math.abs((await readSquare(green, 4))[0]! - 150 / 255) < 1e-6);
  const board = join(folder, 'board.png');
  const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => (((i % 64) + Math.floor(i / 64)) % 2 ? 255 : 0));
  await writePng(board, { width: 64, height: 64, channels: 1, data });
  for (const value of await readSquare(board, 8)) assert.ok(Math.abs(value - 0.5) < 0.02, 'an aliased checkerboard would not be grey');
  for (const level of [0, 255]) {
    await picture(join(folder, 'flat.png'), 30, 30, 1, level);
    for (const value of await readSquare(join(folder, 'flat.png'), 7)) assert.ok(Math.abs(value - level / 255) < 1e-6);
  }
  await assert.rejects(readSquare(board, 0), /size: expected a positive integer, got 0/);
});

test('pixels are kept on disk: equal the second time, without the images, and read anew when an image changes', async (t) => {
  const folder = tempDir(t);
  const cache = join(tempDir(t), 'kept');
  const options = await folderWith(folder, 'file,report\na.png,x\nb.png,y\n');
  const dataset = await openFolder(options);
  const steps: number[] = [];
  const first = await loadPixels(dataset, 16, { cache, onProgress: (done) => steps.push(done) });
  assert.equal(first.length, 2 * 16 * 16);
  assert.deepEqual(steps, [1, 2]);
  assert.ok(Math.abs(first[256]! - 'b'.charCodeAt(0) / 255) < 1e-6);
  rmSync(join(folder, 'a.png'));
  assert.deepEqual(await loadPixels(dataset, 16, { cache }), first);
  await assert.rejects(loadPixels(dataset, 16, { cache: false }), FileError);
  await assert.rejects(loadPixels(dataset, 8, { cache }), FileError); // another size is another file

  await picture(join(folder, 'a.png'), 20, 20, 1, 1);
  const changed = await loadPixels(await openFolder(options), 16, { cache });
  assert.ok(changed[0]! < 0.01);
  assert.deepEqual(changed.subarray(256), first.subarray(256));
  for (const name of readdirSync(cache)) truncateSync(join(cache, name, 'rows-00000.safetensors'), 12); // a damaged cache is no cache
  const notes: string[] = [];
  assert.deepEqual(await loadPixels(await openFolder(options), 16, { cache, onNote: (note) => notes.push(note) }), changed);
  assert.match(notes.join(), /rows-00000\.safetensors was damaged and is made again/);
});

test('pixels as rows are the same numbers, from the cache, without one, and where none can be written', async (t) => {
  const folder = tempDir(t);
  const dataset = await openFolder(await folderWith(folder, 'file,report\na.png,x\nb.png,y\nc.png,z\n'));
  const all = await loadPixels(dataset, 16, { cache: false });
  const wanted = Float32Array.of(...all.subarray(512), ...all.subarray(0, 256));
  const cache = join(folder, 'kept');
  writeFileSync(join(folder, 'file'), '');
  const notes: string[] = [];
  const onNote = (note: string): void => void notes.push(note);
  for (const place of [cache, cache, false, join(folder, 'file', 'kept')] as const) {
    const rows = await pixelRows(dataset, 16, { cache: place, onNote });
    assert.deepEqual([rows.length, rows.width], [3, 256]);
    assert.deepEqual(await rows.read([2, 0]), wanted);
    await assert.rejects(rows.read([3]), RangeError);
  }
  assert.match(notes.join('\n'), /^[^\n]*cannot be written[^\n]*; pixels are not kept$/);
  await loadPixels(dataset, 16, { cache: join(folder, 'file', 'kept'), onNote });
  assert.equal(notes.length, 2);
});

test('threads give the same values and errors, however many they are', async (t) => {
  const folder = tempDir(t);
  const rows: string[] = [];
  for (let i = 0; i < 40; i++) {
    await picture(join(folder, `${i}.png`), 30 + i, 40);
    rows.push(`${i}.png,text`);
  }
  const options = { ...(await folderWith(folder, `file,report\n${rows.join('\n')}\n`)) };
  const load = async (threads: number): Promise<Float32Array> => loadPixels(await openFolder(options), 16, { cache: false, threads });
  const alone = await load(0);
  for (const threads of [1, 2, 5]) assert.deepEqual(await load(threads), alone, `${threads} threads`);
  truncateSync(join(folder, '17.png'), 60);
  const said = await Promise.all(
    [0, 3].map((threads) => load(threads).then(String, (error: Error) => [error instanceof FileError, error.message])),
  );
  assert.deepEqual(said[1], said[0]);
  assert.match(String(said[0]), /17\.png: is a truncated or damaged image .*; row 19 of table\.csv$/);
});

test('loading stops at the signal', async (t) => {
  const options = await folderWith(tempDir(t), `file,report\n${'a.png,x\n'.repeat(200)}`);
  const dataset = await openFolder(options);
  const controller = new AbortController();
  let seen = 0;
  const loading = loadPixels(dataset, 8, {
    cache: false,
    signal: controller.signal,
    onProgress: (done) => {
      seen = done;
      if (done === 10) controller.abort(new Error('stopped by hand'));
    },
  });
  await assert.rejects(loading, /stopped by hand/);
  assert.ok(seen < 100, `${seen} images were read`);
  await assert.rejects(loadPixels(dataset, 8, { signal: AbortSignal.abort(new Error('before')) }), /before/);
});

const manifest = 'image,patient_id,follow_up,age,sex,view,labels\n';

test('NIH: texts from labels, view, age and sex', async (t) => {
  const folder = tempDir(t);
  await picture(join(folder, 'images_64', 'x.png'), 8, 8);
  const cases: [string, string][] = [
    ['1,0,58,M,PA,Cardiomegaly|Effusion', 'PA chest X-ray of a 58-year-old man. Cardiomegaly, effusion.'],
    ['1,1,80,F,AP,No Finding', 'AP chest X-ray of an 80-year-old woman. No finding.'],
    ['2,0,11,F,PA,Pleural_Thickening', 'PA chest X-ray of an 11-year-old girl. Pleural thickening.'],
    ['3,0,414,M,,Mass', 'Chest X-ray of a man. Mass.'],
    ['3,0,,,AP,No Finding', 'AP chest X-ray of a patient. No finding.'],
  ];
  writeFileSync(join(folder, 'manifest.csv'), manifest + cases.map(([row]) => `images_64/x.png,${row}\n`).join(''));
  const dataset = await openNih(folder);
  cases.forEach(([, text], i) => {
    assert.equal(dataset.record(i).text, text);
  });
  const { labels, patient, view, age, sex } = dataset.record(0);
  assert.deepEqual([patient, view, age, sex], ['1', 'PA', 58, 'M']);
  assert.equal(Object.keys(labels).length, 14);
  assert.deepEqual(
    Object.keys(labels).filter((name) => labels[name]),
    ['cardiomegaly', 'effusion'],
  );
  assert.equal(dataset.record(3).age, undefined);
});

test('NIH: a cell that is not what it should be is named', async (t) => {
  const folder = tempDir(t);
  await assert.rejects(
    openNih(join(folder, 'none')),
    refused(/none: has no table of NIH ChestX-ray14; expected one of Data_Entry_2017_v2020\.csv/),
  );
  const cases: [string, RegExp][] = [
    ['x.png,1,0,old,M,PA,Mass', /row 2: column age: expected years or nothing, got "old"/],
    ['x.png,1,0,3,X,PA,Mass', /row 2: column sex: expected M, F or nothing, got "X"/],
    ['x.png,1,0,3,F,PA,Mess', /row 2: column labels: expected "No Finding" or labels of Atelectasis/],
    ['x.png,,0,3,F,PA,Mass', /row 2: column patient_id: expected an identifier/],
    ['x.png,1,0,3,F,PA,Mass', /1 of 1 images are missing \(row 2\)/],
  ];
  for (const [row, message] of cases) {
    writeFileSync(join(folder, 'manifest.csv'), `${manifest}${row}\n`);
    await assert.rejects(openNih(folder), refused(message));
  }
});

test('NIH: the shared sample opens, its common findings are listed and its pictures are pictures', async (t) => {
  const folder = sharedData('nih');
  if (!folder) return t.skip('the shared data are missing');
  const dataset = await openNih(folder);
  assert.equal(dataset.length, 1953);
  assert.ok(dataset.findings.includes('effusion') && !dataset.findings.includes('hernia'));
  const every = Array.from({ length: 24 }, (_, i) => i * 80);
  const pixels = await loadPixels(subset(dataset, every), 64, { cache: false });
  for (let i = 0; i < every.length; i++) {
    const image = pixels.subarray(i * 4096, (i + 1) * 4096);
    const mean = image.reduce((sum, value) => sum + value, 0) / 4096;
    const spread = Math.sqrt(image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4096);
    assert.ok(spread > 0.05 && mean > 0.1 && mean < 0.9, `image ${i}: mean ${mean}, spread ${spread}`);
    assert.ok(image.every((value) => value >= 0 && value <= 1));
  }
});

test('a real folder with clinical notes, some of them empty, in colour and of any shape', async (t) => {
  const root = sharedData('covid_chestxray');
  if (!root) return t.skip('the shared data are missing');
  const options = {
    folder: join(root, 'images'),
    csv: join(root, 'metadata.csv'),
    imageColumn: 'filename',
    textColumn: 'clinical_notes',
    patientColumn: 'patientid',
  };
  await assert.rejects(openFolder(options), refused(/column clinical_notes: rows .* and \d+ others: the text is empty/));
  const dataset = await openFolder({ ...options, skipEmptyText: true });
  assert.ok(dataset.length > 100);
  assert.equal((await dataset.pixels(0, 96)).length, 96 * 96);
});
