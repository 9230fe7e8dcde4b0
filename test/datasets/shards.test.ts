/** WebDataset shards: what is packed is read back, and what other tools write is read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type Dataset, loadPixels, openDataset, openPhantom, openShards, packShards, subset, writePhantom } from 'roentgen-lab/datasets';
import { type Headers, pack } from 'tar-stream';
import { tempDir } from '../support';
import { picture, records, refused, write } from './invented';

const bytesOf = (folder: string): string[] => readdirSync(folder).map((name) => `${name} ${readFileSync(join(folder, name), 'latin1')}`);

/** Without what says where an image lies. */
const told = (dataset: Dataset) => records(dataset).map(({ file, group, ...record }) => record);

async function tar(members: readonly (readonly [string | Headers, string | Buffer])[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of members) archive.entry(typeof header === 'string' ? { name: header } : header, content);
  archive.finalize();
  return buffer(archive);
}

async function image(t: TestContext): Promise<Buffer> {
  const path = join(tempDir(t), 'a.png');
  await picture(path);
  return readFileSync(path);
}

test("a data set of MIMIC-CXR's layout is packed and read back: records, and pixels of its files' own bytes", async (t) => {
  const [folder, out] = [tempDir(t), tempDir(t)];
  await writePhantom({ folder, count: 12, size: 32, seed: 4 });
  const dataset = await openDataset({ data: folder });
  const packed = await packShards(dataset, { folder: out, shardBytes: 20_000 });
  assert.ok(packed.shards > 1 && packed.images === 12, JSON.stringify(packed));
  const sizes = readdirSync(out).flatMap((name) => (name.endsWith('.tar') ? [readFileSync(join(out, name)).length] : []));
  assert.ok(sizes.length === packed.shards && sizes.every((size) => size <= 20_000), String(sizes));
  assert.equal(
    sizes.reduce((a, b) => a + b),
    packed.bytes,
  );
  const back = await openDataset({ data: out });
  assert.deepEqual(told(back), told(dataset));
  assert.deepEqual([back.name, back.credit, back.findings], [dataset.name, dataset.credit, dataset.findings]);
  assert.match(back.record(0).file!, /^shard-000000\.tar\/000000000\.png$/);
  assert.deepEqual(await loadPixels(back, 32, { cache: false }), await loadPixels(dataset, 32, { cache: false }));
  assert.notEqual(back.fingerprint, dataset.fingerprint);

  const again = tempDir(t);
  await packShards(dataset, { folder: again, shardBytes: 20_000 });
  assert.deepEqual(bytesOf(again), bytesOf(out));
  const last = String(packed.shards - 1).padStart(6, '0');
  const byPattern = await openShards(join(out, `shard-{000000..${last}}.tar`));
  assert.deepEqual(records(byPattern), records(back));
  const one = await openDataset({ data: join(out, 'shard-000000.tar') });
  assert.ok(one.length > 0 && one.length < 12);
  const part = subset(dataset, [3, 1]);
  const third = tempDir(t);
  await packShards(part, { folder: third });
  assert.deepEqual(told(await openShards(third)), told(part));
  await assert.rejects(packShards(dataset, { folder: out }), refused(/holds .* but not shards; nothing was written/));
  for (const name of readdirSync(out)) assert.doesNotMatch(name, /part$/);
});

test('drawn images are packed at a size, as greys of 8 bits', async (t) => {
  const out = tempDir(t);
  const phantom = openPhantom({ count: 5, views: ['PA', 'LATERAL'], cache: false });
  await assert.rejects(packShards(phantom, { folder: out }), /the images of phantom are drawn and have no files to copy; give a size/);
  await packShards(phantom, { folder: out, size: 16 });
  const back = await openShards(out);
  assert.deepEqual(
    told(back).map(({ source, ...record }) => record),
    records(phantom),
  );
  const [got, want] = [await loadPixels(back, 16, { cache: false }), await loadPixels(phantom, 16, { cache: false })];
  assert.ok(
    got.every((value, i) => Math.abs(value - want[i]!) <= 0.5 / 255 + 1e-6),
    'half a step of 8 bits',
  );
  const listed = execFileSync('tar', ['tf', join(out, 'shard-000000.tar')], { encoding: 'utf8' });
  assert.match(listed, /^000000000\.png\n000000000\.txt\n000000000\.json\n000000001\.png\n/);
});

test('shards of other tools: texts in .txt or JSON, folders, files of other kinds, samples without image or text', async (t) => {
  const folder = tempDir(t);
  const png = await image(t);
  const other = await image(t);
  const members = [
    [{ name: './a/', type: 'directory' }, ''],
    ['./a/01.png', png],
    ['./a/01.seg.png', 'passed over'],
    ['./a/01.json', '{"caption": "Clear lungs.", "patient": "p1", "labels": {"edema": 0}, "view": null, "made_by": [1]}'],
    [`a/${'long'.repeat(40)}.txt`, 'Large effusion.'],
    [`a/${'long'.repeat(40)}.PNG`, other],
    ['a/03.png', png],
    ['a/04.txt', 'No image.'],
    ['__index__.json', 'x'],
    [{ name: 'a/05.png', type: 'symlink', linkname: '../../secret.png' }, ''],
    ['a/05.txt', 'Its image is a link.'],
    ['._hidden.png', 'x'],
  ] as const;
  write(join(folder, 'x.tar'), await tar(members.map(([header, content]) => [header, content] as const)));
  const dataset = await openDataset({ data: folder });
  assert.deepEqual(
    records(dataset).map(({ id, patient, text, labels }) => [id, patient, text, labels]),
    [
      ['a/01', 'p1', 'Clear lungs.', { edema: 0 }],
      [`a/${'long'.repeat(40)}`, `x.tar/a/${'long'.repeat(40)}.PNG`, 'Large effusion.', {}],
    ],
  );
  assert.deepEqual(dataset.notes, [
    '1 of 5 samples of x.tar have no text and are left out.',
    '2 of 5 samples of x.tar have no image and are left out.',
  ]);
  assert.equal((await dataset.pixels(1, 8)).length, 64);
  truncateSync(join(folder, 'x.tar'), 600);
  await assert.rejects(
    dataset.pixels(1, 8),
    refused(/x\.tar: ends within an image; it is another file than the one that was opened; sample 2$/),
  );
});

test('shards that are not what they should be are refused with shard and sample, and without what they hold', async (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'x.tar');
  const png = await image(t);
  const secret = 'Mrs Example';
  const good = [
    ['1.png', png],
    ['1.txt', secret],
  ] as const;
  const cases: [Buffer, RegExp][] = [
    [
      await tar([
        ['../1.png', png],
        ['../1.txt', secret],
      ]),
      /x\.tar: member 1: its name leads out of the archive/,
    ],
    [await tar([['/etc/1.png', png]]), /member 1: its name leads out/],
    [await tar([['a/..\\..\\1.png', png]]), /member 1: its name leads out/],
    [await tar([...good, ['1.jpg', png]]), /sample 1: has two files of the kind image; expected one/],
    [await tar([...good, ['2.png', png], ['2.json', secret]]), /sample 2: its \.json is not valid JSON/],
    [await tar([...good, ['2.png', png], ['2.json', `["${secret}"]`]]), /sample 2: its \.json: expected an object/],
    [await tar([...good, ['1.json', `{"labels": {"${secret}": 2}}`]]), /sample 1: its \.json: labels: expected an object/],
    [await tar([...good, ['1.json', `{"patient": 7, "view": "${secret}"}`]]), /sample 1: its \.json: patient: expected a string/],
    [await tar([...good, ['2.png', png], ['2.json', `{"id": "1", "text": "${secret}"}`]]), /sample 2: another sample has its id/],
    [
      await tar([
        ['1.png', png],
        ['1.txt', Buffer.from([0xff, 0xfe, 0x41])],
      ]),
      /sample 1: its text is not UTF-8/,
    ],
    [await tar([['1.png', png]]), /holds no sample of an image with a text.*1 of 1 samples of x\.tar have no text/],
    [(await tar(good)).subarray(0, 700), /x\.tar: is a truncated or damaged archive/],
    [Buffer.from(secret.repeat(100)), /x\.tar: is a truncated or damaged archive, or none/],
    [Buffer.alloc(0), /holds no sample of an image with a text/],
  ];
  for (const [bytes, message] of cases) {
    write(path, bytes);
    await assert.rejects(openDataset({ data: path }), (error: Error) => refused(message)(error) && !error.message.includes(secret));
  }
  write(path, await tar(good));
  for (const [data, message] of [
    [join(folder, 'x-{000..002}.tar'), /x-000\.tar: there is no such shard/],
    [join(folder, 'x-{2..1}.tar'), /expected a range that goes up/],
    [join(folder, 'y.tar'), /y\.tar: there is no such shard/],
  ] as const)
    await assert.rejects(openDataset({ data }), refused(message));
  await assert.rejects(openDataset({ data: path, csv: 'texts.csv' }), /shards hold their texts/);
  write(
    path,
    await tar([
      ['1.png', png.subarray(0, 50)],
      ['1.txt', secret],
    ]),
  );
  await assert.rejects(
    (await openDataset({ data: path })).pixels(0, 8),
    refused(/x\.tar: is (not an image|a truncated or damaged image) .*; sample 1$/),
  );
  write(join(folder, 'dataset.json'), '{"name": "x", "credit": 1}');
  write(path, await tar(good));
  await assert.rejects(openDataset({ data: path }), refused(/dataset\.json: credit: expected a string/));
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(openDataset({ data: path }), refused(/x\.tar: holds no shards/));
});

test('a pack that is stopped leaves no shard that looks whole', async (t) => {
  const out = join(tempDir(t), 'new');
  const stop = new AbortController();
  const onProgress = (done: number): void => void (done === 3 && stop.abort());
  const phantom = openPhantom({ count: 9, cache: false });
  await assert.rejects(packShards(phantom, { folder: out, size: 16, onProgress, signal: stop.signal }), { name: 'AbortError' });
  assert.deepEqual(readdirSync(out), ['shard-000000.tar.part']);
});
