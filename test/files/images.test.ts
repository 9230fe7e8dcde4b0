import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { FileError, readImage, writePng } from 'roentgen-lab/files';
import sharp from 'sharp';
import { encodePng, readPngText } from '#files/png';
import { sharedData, tempDir } from '../support';

const ramp = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 37) % 256);

test('grey and colour pictures are read with the values that were written', async (t) => {
  const path = join(tempDir(t), 'a.png');
  for (const channels of [1, 3] as const) {
    const data = ramp(7 * 5 * channels);
    await writePng(path, { width: 7, height: 5, channels, data });
    assert.deepEqual(await readImage(path), { width: 7, height: 5, channels, data });
  }
});

test('a rewritten file is read anew', async (t) => {
  const path = join(tempDir(t), 'a.png');
  for (const value of [10, 200]) {
    await writePng(path, { width: 2, height: 2, channels: 1, data: new Uint8Array(4).fill(value) });
    assert.equal((await readImage(path)).data[0], value);
  }
});

test('16-bit grey keeps all its levels; alpha is dropped; a palette becomes colours', async (t) => {
  const folder = tempDir(t);
  const deep = Uint16Array.from({ length: 64 }, (_, i) => i * 1000 + 1);
  await sharp(deep, { raw: { width: 8, height: 8, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toFile(join(folder, '16.png'));
  assert.deepEqual(await readImage(join(folder, '16.png')), { width: 8, height: 8, channels: 1, data: deep });

  const rgba = Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 128);
  await sharp(rgba, { raw: { width: 2, height: 1, channels: 4 } })
    .png()
    .toFile(join(folder, 'alpha.png'));
  assert.deepEqual(Array.from((await readImage(join(folder, 'alpha.png'))).data), [10, 20, 30, 40, 50, 60]);

  const red = Uint8Array.from({ length: 48 }, (_, i) => (i % 3 === 0 ? 255 : 0));
  await sharp(red, { raw: { width: 4, height: 4, channels: 3 } })
    .png({ palette: true })
    .toFile(join(folder, 'palette.png'));
  const { channels, data } = await readImage(join(folder, 'palette.png'));
  assert.equal(channels, 3);
  assert.deepEqual(data, red);
});

test('16-bit colours keep all their levels, and an embedded profile changes no value', async (t) => {
  const path = join(tempDir(t), 'a.png');
  const deep = Uint16Array.from({ length: 48 }, (_, i) => i * 1300 + 3);
  await sharp(deep, { raw: { width: 4, height: 4, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toFile(path);
  assert.deepEqual(await readImage(path), { width: 4, height: 4, channels: 3, data: deep });
  // sRGB's red is stored as about (234, 51, 35) in Display P3; turned back by the profile it would be (255, 0, 0).
  await sharp(Uint8Array.of(255, 0, 0), { raw: { width: 1, height: 1, channels: 3 } })
    .withIccProfile('p3')
    .png()
    .toFile(path);
  const [red, green] = (await readImage(path)).data;
  assert.ok(red! < 245 && green! > 30, `${red}, ${green}`);
});

/** 0 is the top left, values rise by 20 to the right and by 70 downwards. */
const corners = { width: 3, height: 2, data: Uint8Array.of(0, 20, 40, 70, 90, 110) };
const [a, b, c, d, e, f] = corners.data as unknown as [number, number, number, number, number, number];

/** What Pillow's `ImageOps.exif_transpose` makes of it: rows for each orientation. */
const upright: readonly (readonly number[])[][] = [
  [[a, b, c], [d, e, f]],
  [[c, b, a], [f, e, d]],
  [[f, e, d], [c, b, a]],
  [[d, e, f], [a, b, c]],
  [[a, d], [b, e], [c, f]],
  [[d, a], [e, b], [f, c]],
  [[f, c], [e, b], [d, a]],
  [[c, f], [b, e], [a, d]],
]; // biome-ignore format: rows of pixels

for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const)
  test(`a ${format} stands as its EXIF orientation says, in all eight of them`, async (t) => {
    const path = join(tempDir(t), 'a');
    const options = { jpeg: { quality: 100 }, png: {}, webp: { lossless: true }, tiff: { compression: 'none' } }[format];
    for (const [i, rows] of upright.entries()) {
      // Blocks of 8 × 8, which JPEG keeps.
      const raw = { width: 3, height: 2, channels: 1 } as const;
      const large = await sharp(corners.data, { raw }).resize(24, 16, { kernel: 'nearest' }).toColourspace('b-w').raw().toBuffer();
      const source = sharp(large, { raw: { width: 24, height: 16, channels: 1 } });
      writeFileSync(
        path,
        await source
          .toFormat(format, options)
          .withMetadata({ orientation: i + 1 })
          .toBuffer(),
      );
      const { width, height, channels, data } = await readImage(path);
      assert.deepEqual([width, height], [8 * rows[0]!.length, 8 * rows.length], `orientation ${i + 1}`);
      for (const [y, row] of rows.entries())
        for (const [x, value] of row.entries()) {
          const got = data[((8 * y + 4) * width + 8 * x + 4) * channels]!;
          assert.ok(Math.abs(got - value) <= 1, `orientation ${i + 1} at ${x}, ${y}: ${got}, expected ${value}`);
        }
    }
  });

test('inks become the greys they were made from, as in Pillow', async (t) => {
  const path = join(tempDir(t), 'a.tif');
  // C, M, Y, K; Pillow's convert('RGB') gives the second list.
  const inks = [[255, 255, 255, 0], [155, 155, 155, 0], [0, 0, 0, 0], [0, 0, 0, 200], [252, 3, 254, 0], [100, 50, 0, 128]]; // biome-ignore format: a table
  const want = [[0, 0, 0], [100, 100, 100], [255, 255, 255], [55, 55, 55], [3, 252, 1], [77, 102, 127]]; // biome-ignore format: a table
  writeFileSync(path, tiff({ width: 6, height: 1, bits: 8, photometric: 5, channels: 4, data: Buffer.from(inks.flat()) }));
  const { channels, data } = await readImage(path);
  assert.equal(channels, 3);
  assert.deepEqual(Array.from(data), want.flat());
});

test('a TIFF that counts from white is turned, also where its 16 bits hold 12', async (t) => {
  const path = join(tempDir(t), 'a.tif');
  const values = [0, 1000, 4095];
  const read = async (bits: number, photometric: number, data: Buffer): Promise<number[]> => {
    writeFileSync(path, tiff({ width: 3, height: 1, bits, photometric, data }));
    return Array.from((await readImage(path)).data);
  };
  const words = (factor: number): Buffer => Buffer.from(Uint16Array.from(values, (v) => v * factor).buffer);
  assert.deepEqual(await read(8, 0, Buffer.from([0, 100, 255])), [255, 155, 0]);
  assert.deepEqual(await read(16, 1, words(1)), values);
  assert.deepEqual(await read(16, 0, words(1)), [4095, 3095, 0]);
  assert.deepEqual(await read(16, 0, words(15)), [65535, 50535, 65535 - 61425]);
  assert.deepEqual(await read(1, 0, Buffer.from([0b01000000])), [255, 0, 255]);
  await assert.rejects(read(12, 1, Buffer.alloc(6)), /is a TIFF with 12 bits a value; save it with 8 or 16 bits/);
  writeFileSync(path, tiff({ width: 1, height: 1, bits: 8, photometric: 6, channels: 3, data: Buffer.from([149, 44, 23]) }));
  await assert.rejects(readImage(path), /has colours as YCbCr; save it as grey or RGB/);
  writeFileSync(path, tiff({ width: 1, height: 1, bits: 8, photometric: 8, channels: 3, data: Buffer.from([149, 44, 23]) }));
  await assert.rejects(readImage(path), /has colours as lab; save it as grey or RGB/); // libvips would not come to an end
});

/** A TIFF of one strip, little-endian. */
function tiff(image: { width: number; height: number; bits: number; photometric: number; channels?: number; data: Buffer }): Buffer {
  const { width, height, bits, photometric, channels = 1, data } = image;
  const padded = Buffer.concat([data, Buffer.alloc(data.length % 2)]);
  const bitsAt = 8 + padded.length;
  const tags: [tag: number, type: number, count: number, value: number][] = [
    [256, 3, 1, width],
    [257, 3, 1, height],
    [258, 3, channels, channels > 2 ? bitsAt : bits],
    [259, 3, 1, 1],
    [262, 3, 1, photometric],
    [273, 4, 1, 8],
    [277, 3, 1, channels],
    [278, 3, 1, height],
    [279, 4, 1, data.length],
  ];
  const bytes = Buffer.alloc(bitsAt + 2 * channels + 2 + 12 * tags.length + 4);
  bytes.write('II*\0', 0, 'latin1');
  bytes.writeUInt32LE(bitsAt + 2 * channels, 4);
  padded.copy(bytes, 8);
  for (let c = 0; c < channels; c++) bytes.writeUInt16LE(bits, bitsAt + 2 * c);
  let at = bytes.writeUInt16LE(tags.length, bitsAt + 2 * channels);
  for (const [tag, type, count, value] of tags) {
    at = bytes.writeUInt16LE(type, bytes.writeUInt16LE(tag, at));
    at = bytes.writeUInt32LE(value, bytes.writeUInt32LE(count, at));
  }
  return bytes;
}

test('a BMP is read: palettes, 24 and 32 bits, from either end; rare kinds are named', async (t) => {
  const path = join(tempDir(t), 'a.bmp');
  const colours = [[10, 20, 30], [200, 100, 50], [0, 255, 7], [90, 90, 90]]; // biome-ignore format: a table
  for (const bits of [1, 8, 24, 32])
    for (const topDown of [false, true]) {
      const shown = bits === 1 ? [0, 1, 1, 0, 1, 0] : [0, 1, 2, 3, 2, 1];
      writeFileSync(path, bmp(colours, shown, bits, topDown));
      const { width, height, channels, data } = await readImage(path);
      assert.deepEqual([width, height, channels], [3, 2, 3]);
      assert.deepEqual(
        Array.from(data),
        shown.flatMap((i) => colours[i]!),
        `${bits} bits, ${topDown ? 'top' : 'bottom'} first`,
      );
    }
  const whole = bmp(colours, [0, 1, 2, 3, 2, 1], 24, false);
  writeFileSync(path, whole.subarray(0, whole.length - 5));
  await assert.rejects(readImage(path), /a\.bmp: is a truncated or damaged image/);
  for (const rare of [bmp(colours, [0, 1, 2, 3, 2, 1], 4, false), Buffer.from(whole)]) {
    if (rare.readUInt16LE(28) === 24) rare.writeUInt32LE(1, 30); // runs
    writeFileSync(path, rare);
    await assert.rejects(readImage(path), /is a BMP of a rare kind .*; save it as PNG/);
  }
  whole.writeInt32LE(20000, 18);
  whole.writeInt32LE(-20000, 22);
  writeFileSync(path, whole);
  await assert.rejects(readImage(path), /has 20000 × 20000 = 400 million pixels/);
});

/** Three pixels a row and two rows, given by their colours' numbers. */
function bmp(colours: readonly number[][], shown: readonly number[], bits: number, topDown: boolean): Buffer {
  const palette = bits <= 8 ? colours.slice(0, 2 ** bits).map(([r, g, b]) => [b!, g!, r!, 0]) : [];
  const row = (y: number): Buffer => {
    const line = Buffer.alloc(Math.ceil((3 * bits) / 32) * 4);
    for (let x = 0; x < 3; x++) {
      const i = shown[3 * y + x]!;
      if (bits <= 8) line[(x * bits) >> 3]! |= i << (8 - bits - ((x * bits) % 8));
      else line.set([...colours[i]!].reverse(), (x * bits) / 8);
    }
    return line;
  };
  const body = Buffer.concat([Buffer.from(palette.flat()), ...(topDown ? [row(0), row(1)] : [row(1), row(0)])]);
  const bytes = Buffer.concat([Buffer.alloc(54), body]);
  bytes.write('BM', 0, 'latin1');
  for (const [at, value] of [[2, bytes.length], [10, 54 + 4 * palette.length], [14, 40], [18, 3], [46, palette.length]] as const) // biome-ignore format: a table
    bytes.writeUInt32LE(value, at);
  bytes.writeInt32LE(topDown ? -2 : 2, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(bits, 28);
  return bytes;
}

test('a picture of too many pixels is refused with its size, before anything is decoded', async (t) => {
  const path = join(tempDir(t), 'a.png');
  for (const [width, height, size] of [
    [16000, 16000, '16000 × 16000 = 256 million'],
    [13000, 12000, '13000 × 12000 = 156 million'],
  ] as const) {
    // biome-ignore format: a table
    const header = Buffer.from('IHDR\0\0\0\0\0\0\0\0\x08\0\0\0\0', 'latin1');
    header.writeUInt32BE(width, 4);
    header.writeUInt32BE(height, 8);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(header));
    const start = (await encodePng({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) })).subarray(0, 8);
    writeFileSync(path, Buffer.concat([start, Buffer.of(0, 0, 0, 13), header, sum, Buffer.from('\0\0\0\0IDAT\x35\xaf\x06\x1e', 'latin1')]));
    await assert.rejects(readImage(path), (error: Error) => {
      assert.ok(error instanceof FileError && error.message.includes(`a.png: has ${size} pixels`), error.message);
      assert.match(error.message, /at most 150 million/);
      return true;
    });
  }
});

test('four large pictures are shrunk while they are decoded, as they come out in full', async (t) => {
  const path = join(tempDir(t), 'a.png');
  const [width, height] = [6000, 4500];
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[y * width + x] = 40 + Math.round((x * 120) / width + (y * 60) / height);
  const picture = sharp(data, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
  writeFileSync(path, await picture.png({ compressionLevel: 1 }).withMetadata({ orientation: 6 }).toBuffer());
  const [small] = await Promise.all(Array.from({ length: 4 }, () => readImage(path, { side: 64 })));
  const { width: across, height: down, channels, data: shrunk } = small!;
  assert.ok(across >= 256 && across < 512 && Math.abs(across / down - height / width) < 0.01, `${across} × ${down}`);
  const at = (x: number, y: number): number => shrunk[(Math.floor(y * down) * across + Math.floor(x * across)) * channels]!;
  // Turned by 90° to the right: what rose to the right now rises downwards.
  assert.ok(Math.abs(at(0.5, 0.25) - 100) < 2 && Math.abs(at(0.25, 0.5) - 145) < 2, `${at(0.5, 0.25)}, ${at(0.25, 0.5)}`);
  assert.equal((await readImage(path)).height, width, 'without a side nothing is shrunk');
});

test('formats that are not read are named, with the way round', async (t) => {
  const folder = tempDir(t);
  const at = (offset: number, signature: string): Buffer =>
    Buffer.concat([Buffer.alloc(offset), Buffer.from(signature, 'latin1'), Buffer.alloc(400)]);
  const nifti = at(344, 'n+1\0');
  nifti.writeInt32LE(348, 0);
  const cases: [string, Buffer | string, RegExp][] = [
    ['a.dcm', at(128, 'DICM\x02\0\0\0UL'), /is a truncated or damaged DICOM file/],
    ['no-preamble', at(0, '\x08\0\x05\0CS'), /is a DICOM data set without the header of a file .*dcmconv \+F/],
    ['a.jp2', at(0, '\0\0\0\x0cjP  \r\n\x87\n'), /is a JPEG 2000 file: convert it to PNG/],
    ['a.j2k', at(0, '\xff\x4f\xff\x51'), /is a JPEG 2000 file/],
    ['a.heic', at(0, '\0\0\0\x18ftypheic'), /is a HEIC or AVIF file/],
    ['a.pdf', '%PDF-1.7\n', /is a PDF file/],
    ['a.nii', nifti, /is a NIfTI file: a volume, .*`roentgen drr`/],
    ['a.nii.gz', at(0, '\x1f\x8b\x08'), /is compressed by gzip.*NIfTI/],
    ['pointer.png', 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n', /is a git-lfs pointer.*git lfs pull/],
    ['page.png', '\ufeff\n<!DOCTYPE html><html><body>Sign in</body></html>', /is an HTML page, .*Download it again/],
    [
      'a.svg',
      '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      /is an SVG drawing: convert it to PNG/,
    ],
    ['a.zip', at(0, 'PK\x03\x04'), /is a ZIP archive: unpack it/],
    ['a.pgm', 'P5\n2 2\n255\n\0\0\0\0', /is a PNM file/],
    ['a.npy', at(0, '\x93NUMPY\x01\0'), /is a NumPy array/],
    ['BM.txt', 'BM is not a bitmap, whatever its first letters say', /is not an image/],
  ];
  for (const [name, bytes, message] of cases) {
    writeFileSync(join(folder, name), bytes);
    await assert.rejects(readImage(join(folder, name)), (error: Error) => error instanceof FileError && message.test(error.message), name);
  }
});

test('a missing, empty, truncated or foreign file is an error that names it', async (t) => {
  const folder = tempDir(t);
  const path = (name: string): string => join(folder, name);
  const picture = sharp(ramp(100 * 100), { raw: { width: 100, height: 100, channels: 1 } });
  const [png, jpeg] = [await picture.png().toBuffer(), await picture.jpeg().toBuffer()];
  writeFileSync(path('cut.png'), png.subarray(0, png.length / 2));
  writeFileSync(path('cut.jpg'), jpeg.subarray(0, jpeg.length / 2));
  writeFileSync(path('header.jpg'), jpeg.subarray(0, 30));
  writeFileSync(path('text.png'), 'not a picture');
  writeFileSync(path('empty.png'), '');
  writeFileSync(path('drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  const cases: [string, RegExp][] = [
    ['none.png', /none\.png: cannot be read: there is no such file/],
    ['cut.png', /cut\.png: is a truncated or damaged image/],
    ['cut.jpg', /cut\.jpg: is a truncated or damaged image/],
    ['header.jpg', /header\.jpg: is a truncated or damaged image/],
    ['text.png', /text\.png: is not an image/],
    ['empty.png', /empty\.png: is empty, not an image/],
    ['drawing.png', /drawing\.png: is an SVG drawing/],
  ];
  for (const [name, message] of cases)
    await assert.rejects(readImage(path(name)), (error: Error) => {
      assert.ok(error instanceof FileError, name);
      assert.match(error.message, message);
      return true;
    });
});

/** The chunks of a PNG, with their checksums verified. */
function chunks(png: Uint8Array): { type: string; body: Buffer }[] {
  const bytes = Buffer.from(png);
  const found: { type: string; body: Buffer }[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    assert.equal(crc32(bytes.subarray(at + 4, at + 8 + length)), bytes.readUInt32BE(at + 8 + length));
    found.push({ type: bytes.toString('latin1', at + 4, at + 8), body: bytes.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return found;
}

test('texts lie in chunks before the pixels: ASCII as tEXt, anything else as UTF-8 in iTXt', async () => {
  const text = { prompt: 'Large effusion.\nNo other.', seed: '7', note: 'synthetic, not for diagnosis', translated: '大量胸水' };
  const found = chunks(await encodePng({ width: 3, height: 2, channels: 1, data: ramp(6) }, text));
  const types = found.map(({ type }) => type);
  assert.equal(types[0], 'IHDR');
  assert.equal(types.at(-1), 'IEND');
  assert.ok(types.lastIndexOf('tEXt') < types.indexOf('IDAT') && types.indexOf('iTXt') < types.indexOf('IDAT'));
  const plain = found.filter(({ type }) => type === 'tEXt').map(({ body }) => body.toString('latin1').split('\0'));
  assert.deepEqual(Object.fromEntries(plain), { prompt: text.prompt, seed: '7', note: text.note });
  assert.equal(found.find(({ type }) => type === 'iTXt')!.body.toString('utf8'), `translated\0\0\0\0\0${text.translated}`);
});

test('texts are read back from the file; a damaged one is an error', async (t) => {
  const path = join(tempDir(t), 'a.png');
  const image = { width: 3, height: 2, channels: 1, data: ramp(6) } as const;
  const text = { prompt: 'Epanchement pleural, côté gauche\nsecond line', negative_prompt: '', beyond: '胸部X線 ✓' };
  await writePng(path, image, text);
  assert.deepEqual(await readPngText(path), text);
  assert.deepEqual(await readImage(path), image, 'the pixels are the same');
  // As other programs see it.
  const comments = (await sharp(path).metadata()).comments;
  assert.deepEqual(
    comments,
    Object.entries(text).map(([keyword, value]) => ({ keyword, text: value })),
  );
  const bytes = readFileSync(path);
  const at = bytes.indexOf('second');
  writeFileSync(path, Buffer.concat([bytes.subarray(0, at), Buffer.from('S'), bytes.subarray(at + 1)]));
  await assert.rejects(readPngText(path), /checksum of its chunk iTXt at byte 33 is wrong/);
  writeFileSync(path, bytes.subarray(0, at));
  await assert.rejects(readPngText(path), /is truncated/);
  writeFileSync(path, 'GIF89a');
  await assert.rejects(readPngText(path), /is not a PNG file/);
});

test('the same picture and text give the same bytes, a wrong size or keyword is refused', async (t) => {
  const image = { width: 4, height: 4, channels: 1, data: ramp(16) } as const;
  assert.deepEqual(await encodePng(image, { seed: '1' }), await encodePng(image, { seed: '1' }));
  await assert.rejects(encodePng({ ...image, width: 5 }), /5×4 with 1 channels needs 20 values, got 16/);
  for (const keyword of ['', ' a', 'ä', 'x'.repeat(80)]) await assert.rejects(encodePng(image, { [keyword]: 'a' }), /text keyword/);
  const path = join(tempDir(t), 'a.png');
  await writePng(path, image, { seed: '1' });
  assert.deepEqual(new Uint8Array(readFileSync(path)), new Uint8Array(await encodePng(image, { seed: '1' })));
});

test('real radiographs are grey squares', async (t) => {
  const folder = sharedData('nih', 'images_512');
  if (!folder) return t.skip('the shared data are missing');
  const { width, height, channels } = await readImage(join(folder, '00000001_000.jpg'));
  assert.deepEqual([width, height, channels], [512, 512, 1]);
});
