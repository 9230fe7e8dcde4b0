/** Text files: encodings, and what downloads leave in their place. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError, readText } from 'roentgen-lab/files';
import { loadTokenizer } from 'roentgen-lab/tokenizers';
import { readJson } from '#files/json';
import { tempDir } from '../support';

const text = 'Befund\nGröße des Herzens normal – kein Ödem\n';

const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();

test('UTF-8 with and without a mark, and UTF-16 with one, give the same text', async (t) => {
  const path = join(tempDir(t), 'a.csv');
  const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
  for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), wide, swapped(wide)]) {
    writeFileSync(path, bytes);
    assert.equal(await readText(path), text);
  }
  writeFileSync(path, '');
  assert.equal(await readText(path), '');
  writeFileSync(path, 'already lost: \ufffd'); // someone else's replacement character is text
  assert.equal(await readText(path), 'already lost: \ufffd');
});

test('other encodings are refused with the line, a guess and what to do', async (t) => {
  const path = join(tempDir(t), 'a.csv');
  const save = /save it as UTF-8/;
  const windows = Buffer.from('image,report\na.png,normal\nb.png,"Gr\xf6\xdfe normal"\nc.png,Lungen\xf6dem\n', 'latin1');
  const cases: [what: RegExp, bytes: Buffer][] = [
    [/line 3 is not UTF-8 \(Windows-1252\?\); save it as UTF-8/, windows],
    [/line 2 is not UTF-8 \(Windows-1252\?\)/, Buffer.from('first\nd\xe9but \x80 \x96 fin\nlast\n', 'latin1')],
    [/line 1 is not UTF-8; save/, Buffer.from('83538389835b8381838b0a', 'hex')], // Shift JIS
    [/line 1 has NUL characters: it is UTF-16 without a mark/, Buffer.from('PA chest.', 'utf16le')],
    [/line 1 has NUL characters/, swapped(Buffer.from('PA chest.', 'utf16le'))],
    [/line 2 ends within a character: it is truncated/, Buffer.from('first\nGröß').subarray(0, -1)],
    [/begins as UTF-16, but is not valid/, Buffer.from('\ufeffabc', 'utf16le').subarray(0, -1)],
    [/begins as UTF-16, but is not valid/, Buffer.from('\ufeffa\ud800b', 'utf16le')],
    [/is UTF-32/, Buffer.from('fffe000061000000', 'hex')],
    [/is UTF-32/, Buffer.from('0000feff00000061', 'hex')],
  ];
  for (const [what, bytes] of cases) {
    writeFileSync(path, bytes);
    await assert.rejects(
      readText(path),
      (error: Error) =>
        error instanceof FileError && what.test(error.message) && save.test(error.message) && !/Gr|Lungen|chest/.test(error.message),
      String(what),
    );
  }
  writeFileSync(path, Buffer.from('01020380ff0e0f1001020380ff0e0f10', 'hex'));
  await assert.rejects(readText(path), /holds binary data/);
});

test('what a failed download left is no text, whatever it was to be; texts that only resemble it are', async (t) => {
  const path = join(tempDir(t), 'vocab.txt');
  const refused: [what: RegExp, content: string | Buffer][] = [
    [/git-lfs pointer.*git lfs pull/, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n'],
    [/git-lfs pointer/, Buffer.from('\ufeffversion https://git-lfs.github.com/spec/v1\r\n', 'utf16le')],
    [/HTML page/, '\n  <!doctype html><html></html>'],
    [/XML document/, '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>'],
    [/server's error message/, '{"error":"Not found"}'],
    [/server's error message/, 'Repository not found'],
    [/server's error message/, '502 Bad Gateway\n'],
    [/looks like a zip archive.*xlsx.*save a table as CSV/, Buffer.from('PK\x03\x04\x14\0\x06\0\x08\0\xff', 'latin1')],
    [/gzip archive/, Buffer.from('1f8b0800', 'hex')],
    [/PNG picture/, Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
  ];
  for (const [what, content] of refused) {
    writeFileSync(path, content);
    await assert.rejects(readText(path), (error: Error) => error instanceof FileError && what.test(error.message), String(what));
    await assert.rejects(readJson(path), what);
    await assert.rejects(loadTokenizer(join(path, '..')), what);
  }
  const fine = [
    '500 ml pleural effusion',
    'not found',
    '<unk>\n<html\n',
    'version 2\noid',
    'BZh',
    'PK',
    '{"errors": 0}',
    '404 is a room',
    '<error>',
  ];
  for (const content of fine) {
    writeFileSync(path, content);
    assert.equal(await readText(path), content);
  }
});
