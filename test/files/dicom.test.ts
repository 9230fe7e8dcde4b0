/** DICOM images: values, windows, codings, and what is wrong with a file. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { FileError, type ReadImageOptions, readImage } from 'roentgen-lab/files';
import sharp from 'sharp';
import { modalityValues, openDicom, readHeader, readStored, voiValues } from '#files/dicom/index';
import { decodeJpegLossless } from '#files/dicom/jpeg-lossless';
import { dicomFile, type Element, EXPLICIT, words } from '../dicom';
import { losslessJpeg } from '../lossless-jpeg';
import { tempDir } from '../support';

const ramp = (n: number, most: number): number[] => Array.from({ length: n }, (_, i) => (i * 7919) % (most + 1));

/** Writes a file and reads its first frame's stored values. */
async function stored(t: TestContext, bytes: Buffer): Promise<number[]> {
  const path = join(tempDir(t), 'a.dcm');
  writeFileSync(path, bytes);
  const file = await openDicom(path);
  return Array.from(await readStored(file, readHeader(file)));
}

const size = (rows: number, columns: number): Element[] => [
  ['00280010', 'US', rows],
  ['00280011', 'US', columns],
];

test('unsigned and signed values keep the bits that are stored, and no others', async (t) => {
  // Bits above the twelve hold an overlay.
  assert.deepEqual(await stored(t, dicomFile({ elements: [['7fe00010', 'OW', words([0, 4095, 0x1001, 0xf800])]] })), [0, 4095, 1, 2048]);
  const signed: Element[] = [
    ['00280103', 'US', 1],
    ['7fe00010', 'OW', words([0, 2047, -1, -2048])],
  ];
  assert.deepEqual(await stored(t, dicomFile({ elements: signed })), [0, 2047, -1, -2048]);
});

test('a deflated file is unpacked', async (t) => {
  const plain = dicomFile({ syntax: '1.2.840.10008.1.2.1.99', elements: [['7fe00010', 'OW', words([5, 6, 7, 8])]] });
  const meta = 132 + 12 + plain.readUInt32LE(140);
  assert.deepEqual(await stored(t, Buffer.concat([plain.subarray(0, meta), deflateRawSync(plain.subarray(meta))])), [5, 6, 7, 8]);
});

test('runs of RLE are unpacked, the high byte first', async (t) => {
  const values = [0x0102, 0x0103, 0x0103, 0x0103, 0x0103, 0x0abc];
  const header = Buffer.alloc(64);
  const high = Buffer.from([253, 1, 0, 1, 0, 0x0a]); // four ones, then 1 and 0a as literals
  const low = Buffer.from([0, 2, 253, 3, 128, 0, 0xbc]); // 128 is no run
  header.writeUInt32LE(2, 0);
  header.writeUInt32LE(64, 4);
  header.writeUInt32LE(64 + high.length, 8);
  const elements = size(2, 3);
  const file = dicomFile({ syntax: '1.2.840.10008.1.2.5', elements, fragments: [Buffer.concat([header, high, low])] });
  assert.deepEqual(await stored(t, file), values);
  const cut = Buffer.concat([header, high, low.subarray(0, 3)]);
  await assert.rejects(
    stored(t, dicomFile({ syntax: '1.2.840.10008.1.2.5', elements, fragments: [cut] })),
    /image in RLE .*its runs end after 5 of 6 pixels/,
  );
});

test('lossless JPEG gives every value back: each predictor, restarts, 8 to 16 bits', () => {
  for (const bits of [8, 12, 16])
    for (let predictor = 1; predictor <= 7; predictor++)
      for (const restartRows of [0, 2]) {
        const values = ramp(13 * 7, 2 ** bits - 1);
        const got = decodeJpegLossless(losslessJpeg(values, { width: 13, height: 7, bits, predictor, restartRows }));
        assert.deepEqual([got.width, got.height, got.components, got.bits], [13, 7, 1, bits]);
        assert.deepEqual(Array.from(got.data), values, `${bits} bits, predictor ${predictor}, restarts ${restartRows}`);
      }
  const shifted = decodeJpegLossless(losslessJpeg(ramp(20, 4095), { width: 5, height: 4, bits: 12, predictor: 4, shift: 2 }));
  assert.deepEqual(Array.from(shifted.data), ramp(20, 4095).map((value) => (value >> 2) << 2)); // biome-ignore format: one case
});

test('lossless JPEG in a file is told apart from a truncated one and from another size', async (t) => {
  const values = ramp(30 * 20, 4095);
  const coded = losslessJpeg(values, { width: 30, height: 20, bits: 12, predictor: 1 });
  const syntax = '1.2.840.10008.1.2.4.70';
  assert.deepEqual(await stored(t, dicomFile({ syntax, elements: size(20, 30), fragments: [coded] })), values);
  assert.deepEqual(
    await stored(t, dicomFile({ syntax, elements: size(20, 30), fragments: [coded.subarray(0, 100), coded.subarray(100)] })),
    values,
  );
  const half = coded.subarray(0, coded.length >> 1);
  await assert.rejects(
    stored(t, dicomFile({ syntax, elements: size(20, 30), fragments: [half] })),
    /truncated or damaged image in lossless JPEG/,
  );
  await assert.rejects(
    stored(t, dicomFile({ syntax, elements: size(30, 30), fragments: [coded] })),
    /announced as 30 × 30 pixels, its compressed image as 30 × 20/,
  );
});

interface Encoder {
  getDecodedBuffer(frame: object): Uint8Array;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
}

/** Twelve-bit values, coded by the packages whose decoders are used. */
async function coded(pack: string, encoder: string, values: Uint16Array, width: number): Promise<Buffer> {
  const codec = (await (require(pack) as () => Promise<Record<string, new () => Encoder>>)())[encoder]!;
  const one = new codec();
  const height = values.length / width;
  one
    .getDecodedBuffer({ width, height, bitsPerSample: 12, componentCount: 1, isSigned: false, isUsingColorTransform: false })
    .set(new Uint8Array(values.buffer));
  one.encode();
  return Buffer.from(one.getEncodedBuffer());
}

test('JPEG 2000 and JPEG-LS give every value back, signed ones too; JPEG and colours come close', async (t) => {
  const [width, height] = [64, 48];
  const values = Uint16Array.from({ length: width * height }, (_, i) => Math.round(2048 + 2000 * Math.sin(i / 37) * Math.cos(i / 311)));
  const codings = [
    ['1.2.840.10008.1.2.4.90', await coded('@cornerstonejs/codec-openjpeg/wasmjs', 'J2KEncoder', values, width)],
    ['1.2.840.10008.1.2.4.80', await coded('@cornerstonejs/codec-charls/wasmjs', 'JpegLSEncoder', values, width)],
  ] as const;
  for (const [syntax, bytes] of codings) {
    const elements = size(height, width);
    assert.deepEqual(await stored(t, dicomFile({ syntax, elements, fragments: [bytes] })), Array.from(values), syntax);
    const signed: Element[] = [...elements, ['00280103', 'US', 1]];
    const want = Array.from(values, (value) => (value > 2047 ? value - 4096 : value));
    assert.deepEqual(await stored(t, dicomFile({ syntax, elements: signed, fragments: [bytes] })), want, `${syntax}, signed`);
    const half = bytes.subarray(0, bytes.length >> 2);
    await assert.rejects(stored(t, dicomFile({ syntax, elements, fragments: [half] })), /truncated or damaged image/, `${syntax}, cut`);
  }
  const rgb = Buffer.from(Array.from(values, (value) => [value >> 4, 255 - (value >> 4), 90]).flat());
  const jpeg = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 98, chromaSubsampling: '4:4:4' })
    .toBuffer();
  const colour: Element[] = [...size(height, width), ['00280002', 'US', 3], ['00280004', 'CS', 'YBR_FULL_422'], ['00280100', 'US', 8], ['00280101', 'US', 8], ['00280102', 'US', 7]]; // biome-ignore format: one case
  const got = await stored(t, dicomFile({ syntax: '1.2.840.10008.1.2.4.50', elements: colour, fragments: [jpeg] }));
  const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - rgb[i]!)), 0);
  assert.ok(worst < 8, `${worst} levels`);
});

test('slope and intercept, tables and windows become grey values', async (t) => {
  const path = join(tempDir(t), 'a.dcm');
  const values = async (elements: readonly Element[]): Promise<{ modality: number[]; voi: number[] }> => {
    writeFileSync(path, dicomFile({ elements: [['7fe00010', 'OW', words([0, 1000, 2000, 4095])], ...elements] }));
    const file = await openDicom(path);
    const header = readHeader(file);
    const modality = modalityValues(await readStored(file, header), header);
    return { modality: Array.from(modality), voi: Array.from(voiValues(modality, header)) };
  };
  const rescale: Element[] = [
    ['00281052', 'DS', '-1024'],
    ['00281053', 'DS', '2'],
  ];
  assert.deepEqual((await values(rescale)).modality, [-1024, 976, 2976, 7166]);
  const exact: Element[] = [
    ['00281050', 'DS', '1500\\100'],
    ['00281051', 'DS', '1000\\50'],
    ['00281056', 'CS', 'LINEAR_EXACT'],
  ];
  assert.deepEqual((await values(exact)).voi, [0, 0, 4095, 4095]);
  const table: Element = [
    '00283010',
    'SQ',
    [
      [
        ['00283002', 'US', [3, 999, 8]],
        ['00283006', 'OW', words([10, 20, 250])],
      ],
    ],
  ];
  assert.deepEqual((await values([...exact, table])).voi, [10, 20, 250, 250]);
});

/** 0, 1000, 2000 and 4000 of twelve bits, with elements of their own. */
async function image(t: TestContext, elements: readonly Element[], options: ReadImageOptions = {}): Promise<number[]> {
  const path = join(tempDir(t), 'a.dcm');
  writeFileSync(path, dicomFile({ elements: [['7fe00010', 'OW', words([500, 1500, 2500, 4500 & 4095])], ...elements] }));
  return Array.from((await readImage(path, options)).data);
}

test("an image's greys go over its range, a window, or the file's own; MONOCHROME1 is turned over", async (t) => {
  // 404 to 2500
  const range = [500, 1500, 2500, 404].map((value) => Math.floor(((value - 404) / 2096) * 255));
  assert.deepEqual(await image(t, []), range);
  assert.deepEqual(await image(t, [['00280004', 'CS', 'MONOCHROME1']]), range.map((value) => 255 - value)); // biome-ignore format: one case
  assert.deepEqual(await image(t, [], { greys: { centre: 1500, width: 1001 } }), [0, 128, 255, 0]);
  const window: Element[] = [
    ['00281050', 'DS', '1500'],
    ['00281051', 'DS', '2001'],
  ];
  assert.deepEqual(await image(t, window, { greys: 'file' }), [0, 128, 255, 0]);
  assert.deepEqual(await image(t, [], { greys: 'file' }), range, 'without a window the range is taken');
});

test('what is wrong with a file is said, with what to do', async (t) => {
  const folder = tempDir(t);
  const good: Element = ['7fe00010', 'OW', words([1, 2, 3, 4])];
  const whole = dicomFile({ elements: [good] });
  const cases: [string, Buffer, RegExp][] = [
    ['cut.dcm', whole.subarray(0, whole.length - 3), /truncated/],
    ['cut-header.dcm', whole.subarray(0, 200), /truncated|has no Rows/],
    ['no-pixels.dcm', dicomFile({}), /has no pixels \(7FE0,0010\)/],
    [
      'encrypted.dcm',
      dicomFile({ elements: [['04000500', 'SQ', [[['04000510', 'UI', '1.2']]]]] }),
      /its attributes are encrypted .*Decrypt it/,
    ],
    ['envelope.dcm', Buffer.concat([Buffer.from('308006092a864886f70d010703a080', 'hex'), Buffer.alloc(300)]), /is encrypted/],
    ['video.dcm', dicomFile({ syntax: '1.2.840.10008.1.2.4.102', fragments: [Buffer.alloc(10)] }), /is a video .*take single frames/],
    [
      'htj2k.dcm',
      dicomFile({ syntax: '1.2.840.10008.1.2.4.201', fragments: [Buffer.alloc(10)] }),
      /High-Throughput JPEG 2000.*gdcmconv --raw/,
    ],
    ['unknown.dcm', dicomFile({ syntax: '1.2.3', elements: [good] }), /transfer syntax 1\.2\.3/],
    ['bits32.dcm', dicomFile({ elements: [good, ['00280100', 'US', 32]] }), /has 32 bits a value; expected 8 or 16/],
    ['bits.dcm', dicomFile({ elements: [good, ['00280101', 'US', 17]] }), /17 bits up to bit 11 are used of 16/],
    ['high-bit.dcm', dicomFile({ elements: [good, ['00280102', 'US', 15]] }), /12 bits up to bit 15/],
    ['none.dcm', dicomFile({ elements: [good, ['00280010', 'US', 0]] }), /there is no image/],
    ['no-rows.dcm', dicomFile({ elements: [good, ['00280010', null]] }), /has no Rows/],
    ['bomb.dcm', dicomFile({ elements: [good, ...size(40000, 40000)] }), /announces 40000 × 40000 pixels/],
    ['short.dcm', dicomFile({ elements: [good, ...size(100, 100)] }), /its pixels end after 8 of 20000 bytes/],
    ['palette.dcm', dicomFile({ elements: [good, ['00280004', 'CS', 'PALETTE COLOR']] }), /of the kind PALETTE COLOR/],
    ['window.dcm', dicomFile({ elements: [good, ['00281050', 'DS', '5'], ['00281051', 'DS', '0']] }), /Window Width of 0/],
    [
      'number.dcm',
      dicomFile({ elements: [good, ['00281053', 'DS', 'one'], ['00281052', 'DS', '0']] }),
      /"one" where a number belongs \(\(0028,1053\)\)/,
    ],
    ['coded.dcm', dicomFile({ elements: [], fragments: [Buffer.alloc(8)] }), /compressed pixels, but says that they are not/],
    ['j2k.dcm', dicomFile({ syntax: '1.2.840.10008.1.2.4.90', fragments: [Buffer.from('ff4fff510000', 'hex')] }), /image in JPEG 2000/],
    ['jls.dcm', dicomFile({ syntax: '1.2.840.10008.1.2.4.80', fragments: [Buffer.from('ffd8fff70000', 'hex')] }), /image in JPEG-LS/],
    ['jpeg.dcm', dicomFile({ syntax: '1.2.840.10008.1.2.4.50', fragments: [Buffer.from('ffd8ffe00000', 'hex')] }), /image in JPEG/],
  ];
  for (const [name, bytes, message] of cases) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const error = await readImage(path).then(
      () => assert.fail(`${name} was read`),
      (e: Error) => e,
    );
    assert.ok(
      error instanceof FileError && error.message.startsWith(`${path}: `) && message.test(error.message),
      `${name}: ${error.message}`,
    );
  }
});

test('a frame of JPEG 2000 or JPEG-LS that announces another size is refused before it is decoded', async (t) => {
  const siz = Buffer.alloc(60);
  siz.write('ff4fff510029', 'hex');
  siz.writeUInt32BE(60000, 8);
  siz.writeUInt32BE(60000, 12);
  siz[42] = 11;
  await assert.rejects(
    stored(t, dicomFile({ syntax: '1.2.840.10008.1.2.4.90', fragments: [siz] })),
    /announced as 2 × 2 pixels, its compressed image as 60000 × 60000/,
  );
});

test('no message of an error holds what a file says of its patient', async (t) => {
  const path = join(tempDir(t), 'a.dcm');
  const elements: Element[] = [
    ['00100010', 'PN', 'Secret^Name'],
    ['00100020', 'LO', 'SECRET-ID'],
  ];
  const bytes = dicomFile({ syntax: EXPLICIT, elements });
  for (let length = 140; length <= bytes.length; length += 7) {
    writeFileSync(path, bytes.subarray(0, length));
    const error = await readImage(path).catch((e: Error) => e);
    assert.ok(error instanceof FileError && !/secret/i.test(error.message), String(error));
  }
  assert.ok(readFileSync(path).includes('SECRET-ID'));
});
