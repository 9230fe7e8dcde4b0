import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { type Dataset, loadPixels, openFolder, openNih, subset } from 'roentgen-lab/datasets';
import { decodeSquare, inLevels } from '#datasets/square';
import { sharedData, tempDir } from '../support';

const readSquare = async (path: string, size: number): Promise<Float32Array> => inLevels(await decodeSquare({ path, size: 0 }, size));

/** A grey 16-bit PNG, with sBIT where given. */
function png16(width: number, height: number, value: (x: number, y: number) => number, significant?: number): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const bytes = Buffer.alloc(12 + body.length);
    bytes.writeUInt32BE(body.length, 0);
    bytes.write(type, 4, 'latin1');
    body.copy(bytes, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
    return bytes;
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = Buffer.alloc(height * (1 + 2 * width));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows.writeUInt16BE(value(x, y), y * (1 + 2 * width) + 1 + 2 * x);
  const sbit = significant === undefined ? [] : [chunk('sBIT', Buffer.of(significant))];
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', header), ...sbit, chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** Rises to the right and downwards up to `largest`. */
const ramp =
  (largest: number, side = 32) =>
  (x: number, y: number): number =>
    Math.round((largest * (x + y)) / (2 * side - 2));

const mean = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;

async function datasetOf(folder: string, files: readonly Buffer[]): Promise<Dataset> {
  for (const [i, bytes] of files.entries()) writeFileSync(join(folder, `${i}.png`), bytes);
  writeFileSync(join(folder, 't.csv'), `file,text\n${files.map((_, i) => `${i}.png,x\n`).join('')}`);
  return openFolder({ folder, csv: 't.csv', imageColumn: 'file', textColumn: 'text' });
}

test('a 16-bit picture has the range of the bits that it uses', async (t) => {
  const path = join(tempDir(t), 'a.png');
  // Largest value, sBIT, and the bits that white has.
  const cases: [largest: number, significant: number | undefined, bits: number][] = [
    [65535, undefined, 16],
    [60000, undefined, 16],
    [20000, undefined, 16], // a dark picture is not stretched by an odd factor
    [16383, undefined, 14],
    [9000, undefined, 14],
    [4095, undefined, 12],
    [3520, undefined, 12],
    [1023, undefined, 10],
    [255, undefined, 8],
    [3000, 13, 13],
    [900, 12, 12],
    [65520, 12, 16], // as the PNG specification has it: scaled to 16 bits
    [0, undefined, 16],
  ];
  for (const [largest, significant, bits] of cases) {
    writeFileSync(path, png16(32, 32, ramp(largest), significant));
    const values = await readSquare(path, 32);
    assert.ok(
      Math.abs(Math.max(...values) - largest / (2 ** bits - 1)) <= 0.5001 / 65535,
      `${largest}, sBIT ${significant}: ${Math.max(...values)}`,
    );
    assert.ok(Math.abs(mean(values) - largest / 2 / (2 ** bits - 1)) < 1e-3, `${largest}, sBIT ${significant}`);
  }
  // 8-bit values of a dark picture, spread over 16 bits.
  for (const factor of [256, 257]) {
    writeFileSync(
      path,
      png16(32, 32, (x, y) => factor * ramp(12)(x, y)),
    );
    assert.ok(Math.abs(Math.max(...(await readSquare(path, 32))) - (12 * factor) / 65535) < 1e-6);
  }
});

test('12-bit values in 16 bits look as the same picture in 8 bits', async (t) => {
  const path = join(tempDir(t), 'a.png');
  const grey = (x: number, y: number): number => Math.min(255, Math.floor(2 * x + 1.2 * y));
  writeFileSync(
    path,
    png16(64, 96, (x, y) => 16 * grey(x, y)),
  );
  const values = await readSquare(path, 64);
  // Pillow's mean of the middle 64 rows in 8 bits is 0.469, its largest value 0.86.
  assert.ok(Math.abs(mean(values) - 0.469) < 0.003, `${mean(values)}`);
  assert.ok(Math.abs(Math.max(...values) - 0.86) < 0.005);
});

test('16-bit images of a dataset share one depth, whichever is read first, and it is told with counts', async (t) => {
  const load = async (dataset: Dataset, size: number): Promise<[Float32Array, string[]]> => {
    const notes: string[] = [];
    return [await loadPixels(dataset, size, { cache: false, onNote: (note) => notes.push(note) }), notes];
  };
  const twelve = await datasetOf(
    tempDir(t),
    [4095, 700, 3000].map((largest) => png16(32, 32, ramp(largest))),
  );
  assert.ok(Math.abs(Math.max(...(await twelve.pixels(1, 32))) - 700 / 4095) < 1e-5, 'a dark picture of a bright set stays dark');
  const [pixels, notes] = await load(twelve, 32);
  assert.deepEqual(pixels.subarray(1024, 2048), await twelve.pixels(1, 32));
  assert.deepEqual(notes, [
    '3 of 3 16-bit images hold no value above 4095: taken as 12-bit',
    '1 of 3 16-bit images hold no value above 1023 and are dark beside the others, which go up to 4095; bring them to one range if they are no dark pictures',
  ]);
  // A part has the depth of the whole.
  const part = subset(twelve, [1]);
  assert.deepEqual((await load(part, 32))[0], pixels.subarray(1024, 2048));

  const full = await datasetOf(
    tempDir(t),
    [65535, 3000].map((largest) => png16(32, 32, ramp(largest))),
  );
  assert.ok(Math.abs(Math.max(...(await full.pixels(1, 32))) - 3000 / 65535) < 1e-5);
  assert.match(
    (await load(full, 32))[1].join(),
    /1 of 2 16-bit images hold no value above 4095 and are dark beside the others, which go up to 65535/,
  );

  const all = await datasetOf(
    tempDir(t),
    [65535, 60000].map((largest) => png16(32, 32, ramp(largest))),
  );
  assert.deepEqual((await load(all, 32))[1], []);
});

test('in a large dataset an image with more bits than those looked at is neither clipped nor silent', async (t) => {
  const dataset = await datasetOf(
    tempDir(t),
    Array.from({ length: 130 }, (_, i) => png16(8, 8, ramp(i === 1 ? 50000 : 4000, 8))),
  );
  const notes: string[] = [];
  const pixels = await loadPixels(dataset, 8, { cache: false, onNote: (note) => notes.push(note) });
  assert.ok(Math.abs(Math.max(...pixels.subarray(0, 64)) - 4000 / 4095) < 1e-5);
  assert.ok(Math.abs(Math.max(...pixels.subarray(64, 128)) - 50000 / 65535) < 1e-5);
  assert.deepEqual(notes, [
    '129 of 130 16-bit images hold no value above 4095: taken as 12-bit',
    '1 of 130 16-bit images hold values above 4095: each taken with the bits that it uses',
  ]);
});

/** A drawn frontal view: dark air and lungs, a bright middle; some noise of position by `i`. */
const thorax =
  (i: number) =>
  (x: number, y: number): number => {
    const [u, v] = [x / 32, y / 32];
    const middle = Math.abs(u - 0.5) < 0.1 ? 50000 : 0;
    const lung = ((Math.abs(u - 0.5) - 0.23) / 0.12) ** 2 + ((v - 0.45) / 0.25) ** 2 < 1 ? 12000 + 300 * i : 30000;
    const air = v < 0.15 && Math.abs(u - 0.5) > 0.3 ? 1000 : lung;
    return Math.max(middle, air);
  };

test('negatives are counted and told, not turned; also where they were kept', async (t) => {
  const files = (negatives: number): Buffer[] =>
    Array.from({ length: 10 }, (_, i) => png16(32, 32, (x, y) => (i < negatives ? 65535 - thorax(i)(x, y) : thorax(i)(x, y))));
  for (const [negatives, want] of [
    [0, 0],
    [2, 0],
    [3, 3],
    [10, 10],
  ] as const) {
    // biome-ignore format: a table
    const folder = tempDir(t);
    const dataset = await datasetOf(folder, files(negatives));
    for (const time of ['read', 'kept']) {
      const notes: string[] = [];
      const pixels = await loadPixels(dataset, 32, { cache: join(folder, 'cache'), onNote: (note) => notes.push(note) });
      assert.deepEqual(
        notes.map((note) => /^\d+ of 10 images look like negatives .*MONOCHROME1/.exec(note) && note.split(' ')[0]),
        want === 0 ? [] : [String(want)],
        `${negatives} negatives, ${time}`,
      );
      const first = thorax(0)(0, 0) / 65535;
      assert.ok(Math.abs(pixels[0]! - (negatives > 0 ? 1 - first : first)) < 1e-4);
    }
  }
});

test('of real radiographs none is taken for a negative, and nearly all of their inverses are', async (t) => {
  const folder = sharedData('nih');
  if (!folder) return t.skip('the shared data are missing');
  const nih = await openNih(folder);
  const some = subset(
    nih,
    Array.from({ length: 100 }, (_, i) => Math.floor((i * nih.length) / 100)),
  );
  const noted = async (dataset: Dataset): Promise<string[]> => {
    const notes: string[] = [];
    await loadPixels(dataset, 64, { cache: false, onNote: (note) => notes.push(note) });
    return notes;
  };
  assert.deepEqual(await noted(some), []);
  const [note = ''] = await noted({ ...some, pixels: async (i, size) => (await some.pixels(i, size)).map((value) => 1 - value) });
  assert.ok(Number.parseInt(note, 10) >= 90, note);
});
