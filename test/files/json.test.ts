import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError, writeJson } from 'roentgen-lab/files';
import { formatJson, parseJson, readJson } from '#files/json';
import { tempDir } from '../support';

test("Python's tokens for numbers are read and written, and strings that look like them stay strings", async (t) => {
  const path = join(tempDir(t), 'a.json');
  writeFileSync(path, '\ufeff{"low": -Infinity, "high": [Infinity, NaN], "text": "NaN, -Infinity \\" NaN", "NaN": 1}');
  const value = await readJson<Record<string, unknown>>(path);
  assert.deepEqual(value, { low: -Infinity, high: [Infinity, NaN], text: 'NaN, -Infinity " NaN', NaN: 1 });
  await writeJson(path, value);
  assert.match(readFileSync(path, 'utf8'), /"low": -Infinity,/);
  assert.deepEqual(await readJson(path), value);
});

test('what Python cannot read either is an error that names the file', async (t) => {
  const path = join(tempDir(t), 'a.json');
  for (const text of ['', '{', '{"a": Infinityx}', '{"a": NaN,}', '{"a": "unclosed NaN', '[Infinity', '{"a": +Infinity}']) {
    writeFileSync(path, text);
    await assert.rejects(
      readJson(path),
      (error: Error) => error instanceof FileError && /a\.json: is not valid JSON/.test(error.message),
      text,
    );
  }
  await assert.rejects(readJson(join(path, '..', 'b.json')), /b\.json: cannot be read: there is no such file/);
});

test('the error has no piece of the text, which may be a report', () => {
  for (const text of [
    '["large effusion" x]',
    '["large effusion',
    '{"report": large effusion}',
    '{"a": "large effusion",}',
    'large effusion',
  ])
    assert.throws(
      () => parseJson('x.json', text),
      (error: Error) => error instanceof FileError && /is not valid JSON: ./.test(error.message) && !/effus|arge/.test(error.message),
      text,
    );
});

test('a long damaged file is refused in linear time', { timeout: 10_000 }, () => {
  assert.throws(() => parseJson('x.json', `{"a": "${'\\\\'.repeat(1_000_000)}${'a'.repeat(5_000_000)}`), FileError);
  assert.throws(() => parseJson('x.json', `["${'a'.repeat(5_000_000)}", NaN, ${'"b", '.repeat(200_000)}`), FileError);
});

test('formatting is stable', () => {
  assert.equal(formatJson({ b: 1, a: [Number.NEGATIVE_INFINITY] }), '{\n  "b": 1,\n  "a": [\n    -Infinity\n  ]\n}\n');
});
