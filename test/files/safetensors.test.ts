import assert from 'node:assert/strict';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { FileError, readSafetensors, writeSafetensors } from 'roentgen-lab/files';
import { randomBits } from '#engine/internal';
import { openSafetensors } from '#files/safetensors';
import { fixtures, tempDir } from '../support';

/** A file with this header and data, as any writer could have left it. */
function assemble(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values);

test('every value, shape, name and metadata entry survives writing and reading', async (t) => {
  const path = join(tempDir(t), 'a.safetensors');
  const tensors = {
    'b.weight': { shape: [2, 3], data: Float32Array.of(0, -0, 1e-40, Number.NaN, Number.NEGATIVE_INFINITY, 3.4e38) },
    'a.Größe': { shape: [], data: Float32Array.of(7) },
    ids: { shape: [3], data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) },
    none: { shape: [0, 4], data: new Float32Array(0) },
  };
  await writeSafetensors(path, tensors, { format: 'pt', note: 'ä "quoted"' });
  const back = await readSafetensors(path);
  assert.deepEqual(Object.keys(back).sort(), Object.keys(tensors).sort());
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    assert.deepEqual(back[name]!.shape, shape);
    assert.deepEqual(new Uint8Array(back[name]!.data.buffer), new Uint8Array(data.buffer), name);
  }
  const file = await openSafetensors(path);
  assert.deepEqual({ ...file.metadata }, { format: 'pt', note: 'ä "quoted"' });
  await file.close();
  assert.equal((await readFile(path)).readBigUInt64LE() % 8n, 0n, 'tensors start at a multiple of 8');
});

test('values that do not fill their shape are refused, and no file is left', async (t) => {
  const folder = tempDir(t);
  const tensors = { x: { shape: [3], data: new Float32Array(2) } };
  await assert.rejects(writeSafetensors(join(folder, 'a.safetensors'), tensors), /tensor "x": F32 \[3\] needs 3 values, got 2/);
  assert.deepEqual(await readdir(folder), []);
});

test('each number format is decoded to the values its bits mean', async (t) => {
  const path = join(tempDir(t), 'a.safetensors');
  const cases: [dtype: string, bytes: Uint8Array, values: number[]][] = [
    // 1, -2, smallest subnormal 2^-24, largest 65504, infinity, NaN
    ['F16', new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x7e00).buffer), [1, -2, 2 ** -24, 65504, Infinity, NaN]],
    ['BF16', new Uint8Array(Uint16Array.of(0x3f80, 0xc040, 0xff80).buffer), [1, -3, Number.NEGATIVE_INFINITY]],
    ['F64', new Uint8Array(Float64Array.of(0.1, 1e300).buffer), [Math.fround(0.1), Number.POSITIVE_INFINITY]],
    ['F32', new Uint8Array(Float32Array.of(0.5).buffer), [0.5]],
    ['I64', new Uint8Array(BigInt64Array.of(-5n, 2147483647n, -2147483648n).buffer), [-5, 2147483647, -2147483648]],
    ['U64', new Uint8Array(BigUint64Array.of(5n).buffer), [5]],
    ['I32', new Uint8Array(Int32Array.of(-7).buffer), [-7]],
    ['U32', new Uint8Array(Uint32Array.of(9).buffer), [9]],
    ['I16', new Uint8Array(Int16Array.of(-300).buffer), [-300]],
    ['U16', new Uint8Array(Uint16Array.of(65535).buffer), [65535]],
    ['I8', bytesOf(255), [-1]],
    ['U8', bytesOf(255, 0), [255, 0]],
    ['BOOL', bytesOf(1, 0, 1), [1, 0, 1]],
  ];
  for (const [dtype, bytes, values] of cases) {
    await writeFile(path, assemble({ x: { dtype, shape: [values.length], data_offsets: [0, bytes.length] } }, bytes));
    const { x } = await readSafetensors(path);
    assert.equal(x!.dtype, dtype);
    assert.deepEqual(Array.from(x!.data), values, dtype);
    assert.ok(dtype.includes('F') ? x!.data instanceof Float32Array : x!.data instanceof Int32Array, dtype);
  }
});

test('an integer beyond 32 bits is refused by place, in the second piece of a long tensor too', async (t) => {
  const path = join(tempDir(t), 'a.safetensors');
  const count = 2 ** 21 + 3; // pieces hold 2^21 of these
  for (const [dtype, value] of [
    ['I64', 2n ** 31n],
    ['I64', -(2n ** 31n) - 1n],
    ['U64', 2n ** 31n],
  ] as const) {
    const values = new BigInt64Array(count);
    values[count - 1] = value;
    await writeFile(path, assemble({ x: { dtype, shape: [count], data_offsets: [0, 8 * count] } }, new Uint8Array(values.buffer)));
    await assert.rejects(readSafetensors(path), new RegExp(`tensor "x": element ${count - 1} \\(${dtype}\\) does not fit`));
  }
});

test('a small tensor of a 6 GiB file is read without holding the file', async (t) => {
  const path = join(tempDir(t), 'large.safetensors');
  const large = 6 * 2 ** 30;
  const header = assemble({
    large: { dtype: 'F32', shape: [large / 4], data_offsets: [0, large] },
    small: { dtype: 'F32', shape: [2], data_offsets: [large, large + 8] },
  });
  const handle = await open(path, 'w'); // a sparse file: the hole takes no space
  await handle.write(header);
  await handle.write(new Uint8Array(Float32Array.of(3, 4).buffer), 0, 8, header.length + large);
  await handle.close();
  const before = process.memoryUsage.rss();
  const file = await openSafetensors(path);
  assert.deepEqual(Array.from(await file.read('small')), [3, 4]);
  await file.close();
  assert.ok(process.memoryUsage.rss() - before < 100 * 2 ** 20);
});

const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
const four = new Uint8Array(4);

test('every broken rule of the format is an error that names the file and the tensor', async (t) => {
  const path = join(tempDir(t), 'broken.safetensors');
  const cases: [what: RegExp, content: Uint8Array][] = [
    [/has 3 bytes, fewer than its first field/, bytesOf(1, 2, 3)],
    [/header would be 0 bytes/, new Uint8Array(8)],
    [/header would be \d+ bytes, the limit is 100000000/, bytesOf(0, 0, 0, 0, 0, 0, 0, 1, 1)],
    [/is truncated: its header ends at byte 1008, the file at 10/, Buffer.concat([bytesOf(0xe8, 3, 0, 0, 0, 0, 0, 0), bytesOf(123, 125)])],
    [/PyTorch pickle or zip archive.*convert it once in Python/, Buffer.from('PK\x03\x04 and more bytes')],
    [/PyTorch pickle.*weights_only=True/, bytesOf(0x80, 2, 0x7d, 0, 0, 0, 0, 0, 0)],
    [/header is not JSON/, assemble('{"x": ')],
    [/header is not JSON.*start with/, assemble(' {}')],
    [/header is not JSON/, assemble('[]')],
    [/header is not JSON/, Buffer.concat([assemble('{"x').subarray(0, 8), bytesOf(0x7b, 0xff, 0xfe)])],
    [/has the key "x" twice/, assemble(`{"x":${JSON.stringify(entry)},"x":${JSON.stringify(entry)}}`, four)],
    [/has the key "shape" twice/, assemble('{"x":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', four)],
    [/has the key "x\\"y" twice/, assemble('{"x\\"y":1,"x\\u0022y":2}')],
    [/__metadata__ that is not a map of strings/, assemble({ __metadata__: { a: 1 } })],
    [/tensor "x": its header entry is not an object/, assemble({ x: null })],
    [/tensor "x": its header entry has no dtype/, assemble({ x: { ...entry, dtype: 1 } }, four)],
    [/tensor "x": dtype "F8_E4M3" is not known; expected one of F64, F32/, assemble({ x: { ...entry, dtype: 'F8_E4M3' } }, four)],
    [/tensor "x": dtype "constructor" is not known/, assemble({ x: { ...entry, dtype: 'constructor' } }, four)],
    [/tensor "x": its shape is not a list/, assemble({ x: { ...entry, shape: [-1] } }, four)],
    [/tensor "x": its shape is not a list/, assemble({ x: { ...entry, shape: [1.5] } }, four)],
    [/tensor "x": its data_offsets are not two/, assemble({ x: { ...entry, data_offsets: [0, 2, 4] } }, four)],
    [/tensor "x": F32 \[2\] takes 8 bytes, but its data_offsets are 0 to 4/, assemble({ x: { ...entry, shape: [2] } }, four)],
    [/tensor "x": F32 .* takes .* bytes/, assemble({ x: { ...entry, shape: [2 ** 50, 2 ** 50, 2 ** 50] } }, four)],
    [/tensor "x": ends at data byte 4, but the file has 3: it is truncated/, assemble({ x: entry }, new Uint8Array(3))],
    [/has 1 bytes behind its last tensor/, assemble({ x: entry }, new Uint8Array(5))],
    [/tensor "y": overlaps with "x"/, assemble({ x: entry, y: entry }, four)],
    [/tensor "x": leaves a hole behind the header/, assemble({ x: { ...entry, data_offsets: [4, 8] } }, new Uint8Array(8))],
    [/tensor "a.__proto__.b": this name is not allowed/, assemble({ 'a.__proto__.b': entry }, four)],
  ];
  for (const [what, content] of cases) {
    await writeFile(path, content);
    const error = await openSafetensors(path).then(
      () => assert.fail(`opened in spite of ${what}`),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof FileError, String(what));
    assert.match(error.message, what);
    assert.equal(error.path, path);
  }
});

/** A valid file with a header of exactly this length, which spaces fill. */
function withHeaderOf(length: number): Buffer {
  const header = JSON.stringify({ x: entry });
  return assemble(header.padEnd(length), Uint8Array.of(0, 0, 128, 63));
}

test('a header of any length is read, also where its first bytes are those of a pickle or a zip archive', async (t) => {
  const path = join(tempDir(t), 'a.safetensors');
  const lengths = [
    ...[0, 1, 2, 3, 4, 5].flatMap((second) => [0x80 + 256 * second, 0x80 + 256 * second + 65536]), // 80 00 … 80 05
    0x4b50, // PK
    0x4b50 + 65536,
    0x8b1f, // gzip
    0xd8ff, // JPEG
    0x5089, // PNG's beginning
    ...Array.from({ length: 300 }, (_, i) => 60 + 8 * i),
  ];
  for (const length of lengths.filter((n) => n >= 60)) {
    await writeFile(path, withHeaderOf(length));
    const { x } = await readSafetensors(path);
    assert.deepEqual([...x!.data], [1], `header of ${length} bytes`);
  }
});

test('what is no safetensors file is named for what it is, with what to do', async (t) => {
  const path = join(tempDir(t), 'model.safetensors');
  const advice = /is not a safetensors file but looks like a PyTorch pickle or zip archive.*torch\.load\('FILE', weights_only=True\)/;
  // The first bytes of torch.save's zip archive, of its form before 1.6, and of pickle.dump with protocol 4, whose length would be 9.8 MB.
  const zip = Buffer.from('PK\x03\x04\0\0\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0archive/data.pkl', 'latin1');
  const legacy = Buffer.from('8002 8a0a 6cfc9c46f9206aa850 19 2e 8002 4d e903 2e'.replaceAll(' ', ''), 'hex');
  const frame = Buffer.from('8004 95 1600000000000000 7d 94 8c 06 776569676874 94 4b 01 732e'.replaceAll(' ', ''), 'hex');
  const lfs =
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
  const cases: [what: RegExp, content: Uint8Array | string][] = [
    [advice, zip],
    [advice, legacy],
    [advice, frame],
    [advice, Buffer.concat([frame, Buffer.alloc(16_000_000)])], // its "header" lies within the file, and is not JSON
    [advice, Buffer.concat([Buffer.from([0x50, 0x4b, 0, 0, 0, 0, 0, 0]), Buffer.alloc(20_000)])],
    [/git-lfs pointer.*git lfs pull/, lfs],
    [/git-lfs pointer/, lfs.replaceAll('\n', '\r\n')],
    [/HTML page/, '<!DOCTYPE html>\n<html lang="en"><head><title>Sign in</title></head></html>'],
    [/HTML page/, '\ufeff \n<HTML><BODY>moved</BODY></HTML>'],
    [/HTML page/, '<?xml version="1.0"?><!-- made by hand --><html xmlns="http://www.w3.org/1999/xhtml"/>'],
    [
      /XML document.*\(AccessDenied\)/,
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>',
    ],
    [/server's error message/, '{"error":"Repository not found"}'],
    [/server's error message/, '{"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}'],
    [/server's error message/, 'Entry not found'],
    [/server's error message/, '404: Not Found'],
    [/server's error message/, 'Invalid username or password.'],
    [/is empty/, ''],
    [/gzip archive/, Buffer.from('1f8b0800000000000003', 'hex')],
    [/HDF5/, Buffer.from('\x89HDF\r\n\x1a\n\0\0', 'latin1')],
    [/GGUF/, Buffer.from('GGUF\x03\0\0\0\0\0', 'latin1')],
  ];
  for (const [what, content] of cases) {
    await writeFile(path, content);
    await assert.rejects(
      openSafetensors(path),
      (error: Error) => error instanceof FileError && error.path === path && what.test(error.message),
      String(what),
    );
  }
  // A header that was begun as one is a damaged file of this format, whatever its length's bytes are.
  await writeFile(path, withHeaderOf(0x0280).subarray(0, 300));
  await assert.rejects(openSafetensors(path), /is truncated: its header ends at byte 648, the file at 300/);
});

test('a missing file, a folder and a missing tensor are named', async (t) => {
  const folder = tempDir(t);
  await assert.rejects(openSafetensors(join(folder, 'none.safetensors')), /none\.safetensors: cannot be read: there is no such file/);
  await assert.rejects(openSafetensors(folder), FileError);
  const path = join(folder, 'a.safetensors');
  await writeSafetensors(path, { x: { shape: [1], data: new Float32Array(1) } });
  const file = await openSafetensors(path);
  await assert.rejects(file.read('y'), /has no tensor "y" \(it has 1 others\)/);
  await file.close();
});

test('a file that shrinks while it is open is an error, not zeros', async (t) => {
  const path = join(tempDir(t), 'a.safetensors');
  await writeSafetensors(path, { x: { shape: [1000], data: new Float32Array(1000).fill(1) } });
  const file = await openSafetensors(path);
  await writeFile(path, (await readFile(path)).subarray(0, 200));
  await assert.rejects(file.read('x'), /ended at byte 200 while it was read/);
  await file.close();
});

test('2,000 random corruptions of a file give a typed error or tensors of the stated sizes, and never hang', {
  timeout: 120_000,
}, async (t) => {
  const path = join(tempDir(t), 'fuzzed.safetensors');
  await writeSafetensors(
    path,
    { 'a.weight': { shape: [3, 4], data: new Float32Array(12) }, b: { shape: [2], data: new Int32Array(2) } },
    { format: 'pt' },
  );
  const original = await readFile(path);
  const header = 8 + Number(original.readBigUInt64LE());
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const [kind, at, value, count] = randomBits(key(round), 4) as unknown as [number, number, number, number];
    let bytes = Buffer.from(original);
    if (kind % 4 === 0) bytes = bytes.subarray(0, at % bytes.length);
    else if (kind % 4 === 1) bytes = Buffer.concat([bytes.subarray(0, at % header), bytes.subarray((at % header) + 1 + (count % 8))]);
    else
      for (let n = 0; n <= count % 4; n++)
        bytes[(at + n * 7919) % header] = kind % 4 === 2 ? value >> (n * 8) : '{}[]",:0-9e'.charCodeAt((value >> n) % 11);
    await writeFile(path, bytes);
    try {
      for (const { shape, data } of Object.values(await readSafetensors(path)))
        assert.equal(
          data.length,
          shape.reduce((product, n) => product * n, 1),
        );
    } catch (error) {
      assert.ok(error instanceof FileError, `round ${round}: ${error}`);
      refused++;
    }
  }
  assert.ok(refused > 1500, `only ${refused} of 2000 corrupted files were refused`);
});

test('a header of a million open brackets is refused', async (t) => {
  const path = join(tempDir(t), 'deep.safetensors');
  await writeFile(path, assemble(`{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`));
  await assert.rejects(openSafetensors(path), FileError);
  await writeFile(path, assemble(`{"a":${'['.repeat(1_000_000)}`));
  await assert.rejects(openSafetensors(path), FileError);
});

test('what the Python library wrote is written again byte for byte', async (t) => {
  const models = fixtures('pipeline', 'tiny_sd');
  if (!models) return t.skip('the shared fixtures are missing');
  const path = join(tempDir(t), 'again.safetensors');
  const files = (await readdir(models, { recursive: true })).filter((name) => name.endsWith('.safetensors'));
  assert.ok(files.length >= 3);
  for (const name of files) {
    const file = await openSafetensors(join(models, name));
    await writeSafetensors(path, await readSafetensors(join(models, name)), file.metadata);
    await file.close();
    assert.ok((await readFile(path)).equals(await readFile(join(models, name))), name);
  }
});
