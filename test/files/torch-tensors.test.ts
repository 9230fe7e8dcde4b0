/** Files of PyTorch's first format, made here byte by byte. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTorchTensors } from '#files/torch-tensors';
import { tempDir } from '../support';

const bytes = (...values: number[]): Buffer => Buffer.from(values);
const text = (value: string): Buffer => Buffer.concat([bytes(0x58, value.length, 0, 0, 0), Buffer.from(value)]);
const small = (value: number): Buffer => bytes(0x4b, value);
const tuple = (...items: Buffer[]): Buffer => Buffer.concat([bytes(0x28), ...items, bytes(0x74)]);
const named = (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`);
const pickle = (...parts: Buffer[]): Buffer => Buffer.concat([bytes(0x80, 2), ...parts, bytes(0x2e)]);

const MAGIC = Buffer.from([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
const HEAD = [pickle(MAGIC), pickle(bytes(0x4d, 0xe9, 0x03)), pickle(bytes(0x7d))];

/** [2, 3] with the strides of its transpose, and a counter of whole numbers. */
function tensor(name: string, type: string, key: string, count: number, shape: number[], strides: number[]): Buffer {
  const storage = Buffer.concat([
    tuple(text('storage'), named('torch', type), text(key), text('cpu'), small(count), bytes(0x4e)),
    bytes(0x51),
  ]);
  const hooks = Buffer.concat([named('collections', 'OrderedDict'), bytes(0x29, 0x52)]);
  const args = tuple(storage, small(0), tuple(...shape.map(small)), tuple(...strides.map(small)), bytes(0x89), hooks);
  return Buffer.concat([text(name), named('torch._utils', '_rebuild_tensor_v2'), args, bytes(0x52)]);
}

function values(...list: Buffer[]): Buffer {
  return Buffer.concat(
    list.map((data) => {
      const count = Buffer.alloc(8);
      count.writeBigInt64LE(BigInt(data.length / (data.length === 8 ? 8 : 4)));
      return Buffer.concat([count, data]);
    }),
  );
}

const floats = (...list: number[]): Buffer => Buffer.from(Float32Array.from(list).buffer);
const dictionary = (...entries: Buffer[]): Buffer =>
  pickle(named('collections', 'OrderedDict'), bytes(0x29, 0x52, 0x28), ...entries, bytes(0x75));
const keys = (...list: string[]): Buffer => pickle(bytes(0x5d, 0x28), ...list.map(text), bytes(0x65));

function written(t: TestContext, ...parts: Buffer[]): string {
  const path = join(tempDir(t), 'weights.pth');
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

test('tensors come row by row wherever their strides say they lie; whole numbers are left out', async (t) => {
  const entries = [tensor('a', 'FloatStorage', '1', 6, [2, 3], [1, 2]), tensor('count', 'LongStorage', '2', 1, [], [])];
  const path = written(t, ...HEAD, dictionary(...entries), keys('1', '2'), values(floats(1, 2, 3, 4, 5, 6), Buffer.alloc(8)));
  const tensors = await readTorchTensors(path);
  assert.deepEqual(Object.keys(tensors), ['a']);
  assert.deepEqual(tensors.a!.shape, [2, 3]);
  assert.deepEqual([...tensors.a!.data], [1, 3, 5, 2, 4, 6]);
});

test('whatever is not a tensor is refused before anything is made of it', async (t) => {
  const call = pickle(named('os', 'system'), tuple(text('true')), bytes(0x52));
  await assert.rejects(
    readTorchTensors(written(t, ...HEAD, call)),
    /cannot be read as tensors: it asks for os system .*convert it to safetensors/,
  );
  const object = pickle(named('os', 'system'), bytes(0x29, 0x81)); // NEWOBJ
  await assert.rejects(readTorchTensors(written(t, ...HEAD, object)), /more than tensors need \(command 129\)/);
  await assert.rejects(readTorchTensors(written(t, Buffer.from('PK\u0003\u0004'))), /is not a file of PyTorch's first format/);
});

test('a damaged file is refused', async (t) => {
  const entry = tensor('a', 'FloatStorage', '1', 6, [2, 3], [1, 2]);
  const whole = [...HEAD, dictionary(entry), keys('1'), values(floats(1, 2, 3, 4, 5, 6))];
  const all = Buffer.concat(whole);
  await assert.rejects(readTorchTensors(written(t, all.subarray(0, all.length - 3))), /truncated or damaged at the values of 1/);
  await assert.rejects(readTorchTensors(written(t, all.subarray(0, 60))), /ends within a pickle/);
  const outside = tensor('a', 'FloatStorage', '1', 6, [2, 3], [1, 3]);
  await assert.rejects(
    readTorchTensors(written(t, ...HEAD, dictionary(outside), keys('1'), values(floats(1, 2, 3, 4, 5, 6)))),
    /lies outside of its values/,
  );
});
