import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError } from 'roentgen-lab/files';
import { writeFileAtomic } from '#files/atomic';
import { root, tempDir } from '../support';

test('a file is replaced as a whole, in a folder that is made, with nothing left beside it', async (t) => {
  const folder = join(tempDir(t), 'a', 'b');
  const path = join(folder, 'x.txt');
  await writeFileAtomic(path, 'first');
  await writeFileAtomic(path, [Buffer.from('sec'), Buffer.from('ond')]);
  assert.equal(readFileSync(path, 'utf8'), 'second');
  assert.deepEqual(readdirSync(folder), ['x.txt']);
});

test('a producer that fails halfway leaves the old file and its own error', async (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'x.txt');
  await writeFileAtomic(path, 'old');
  await assert.rejects(
    writeFileAtomic(
      path,
      (function* () {
        yield Buffer.from('half');
        throw new Error('interrupted');
      })(),
    ),
    /x\.txt: cannot be written \(4 bytes, failed after 4\): interrupted/,
  );
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['x.txt']);
});

test('what a killed process left of the same file is removed, a living one is let be', async (t) => {
  const folder = tempDir(t);
  const dead = spawnSync(process.execPath, ['-e', '0']).pid;
  writeFileSync(join(folder, `.x.txt.${hostname()}.${dead}-0.tmp`), 'half');
  const living = `.x.txt.${hostname()}.${process.ppid}-0.tmp`;
  writeFileSync(join(folder, living), 'half');
  await writeFileAtomic(join(folder, 'x.txt'), 'new');
  assert.deepEqual(readdirSync(folder).sort(), [living, 'x.txt']);
});

test('a path below a file is refused by name', async (t) => {
  const folder = tempDir(t);
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(writeFileAtomic(join(folder, 'file', 'x'), 'a'), FileError);
  mkdirSync(join(folder, 'folder'));
  await assert.rejects(writeFileAtomic(join(folder, 'folder'), 'a'), /folder: cannot be written \(1 bytes/);
});

/** Runs code with a writable file system of 64 KiB at `small` and a read-only one at `fixed`, in a mount namespace of its own. */
function inSmallFileSystems(folder: string, code: string): ReturnType<typeof spawnSync> {
  mkdirSync(join(folder, 'small'));
  mkdirSync(join(folder, 'fixed'));
  const mounts = `mount -t tmpfs -o size=64k none '${folder}/small' && mount -t tmpfs -o ro none '${folder}/fixed'`;
  return spawnSync('unshare', ['-rm', 'sh', '-c', `${mounts} || exit 77; exec "$0" -e "$1"`, process.execPath, code], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
}

test('a full disk: the error names path, bytes and reason, the old file stays, nothing else does', (t) => {
  const folder = tempDir(t);
  const path = join(folder, 'small', 'x.bin');
  const result = inSmallFileSystems(
    folder,
    `const { writeFileAtomic } = require('#files/atomic');
const { writeSafetensors } = require('roentgen-lab/files');
     const { readdirSync, readFileSync } = require('node:fs');
     (async () => {
       const path = ${JSON.stringify(path)};
       await writeFileAtomic(path, 'old');
       const errors = [];
       const keep = (e) => errors.push({ name: e.name, code: e.code, message: e.message });
       await writeFileAtomic(path, new Uint8Array(100000)).catch(keep);
       await writeSafetensors(path, { x: { shape: [50000], data: new Float32Array(50000) } }).catch(keep);
       await writeFileAtomic(${JSON.stringify(join(folder, 'fixed', 'x.bin'))}, 'abc').catch(keep);
       const left = readdirSync(${JSON.stringify(join(folder, 'small'))});
       console.log(JSON.stringify({ errors, left, old: readFileSync(path, 'utf8') }));
     })();`,
  );
  if (result.error || result.status === 77 || /unshare/.test(String(result.stderr))) return t.skip('no mount namespaces here');
  assert.equal(result.status, 0, String(result.stderr));
  const { errors, left, old } = JSON.parse(String(result.stdout).trim().split('\n').at(-1)!);
  assert.equal(errors.length, 3);
  assert.deepEqual(
    errors.map((e: { name: string; code: string }) => [e.name, e.code]),
    [
      ['FileError', 'ENOSPC'],
      ['FileError', 'ENOSPC'],
      ['FileError', 'EROFS'],
    ],
  );
  assert.match(errors[0].message, /x\.bin: cannot be written \(100000 bytes, failed after \d+\): the disk is full; free some space/);
  assert.match(errors[2].message, /x\.bin: cannot be written .*read-only/);
  assert.deepEqual(left, ['x.bin']);
  assert.equal(old, 'old');
});
