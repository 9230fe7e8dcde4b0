import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { encodePng, FileError, readImage, readPngText, writePng } from 'roentgen-lab/files';
import sharp from 'sharp';
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

test('EXIF orientation does not turn the pixels', async (t) => {
  const path = join(tempDir(t), 'a.jpg');
  const picture = sharp(new Uint8Array(6 * 2).fill(100), { raw: { width: 6, height: 2, channels: 1 } });
  await picture.jpeg().withMetadata({ orientation: 6 }).toFile(path);
  const { width, height } = await readImage(path);
  assert.deepEqual([width, height], [6, 2]);
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
    ['drawing.png', /drawing\.png: is a svg, expected one of jpeg, png/],
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
