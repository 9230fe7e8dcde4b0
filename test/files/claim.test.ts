import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FileError } from 'roentgen-lab/files';
import { claimFolder } from '#files/claim';
import { tempDir } from '../support';

test("a folder is free, the command's own, or refused with what it holds", (t) => {
  const folder = tempDir(t);
  const claim = (): void => claimFolder(folder, 'a run', ['config.json', 'checkpoints/last']);
  claimFolder(join(folder, 'none'), 'a run', []);
  claim();
  for (const name of ['.gitkeep', '.DS_Store', 'lock']) writeFileSync(join(folder, name), 'x');
  claim();
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(folder, name), 'precious');
  assert.throws(claim, (error: Error) => {
    assert.ok(error instanceof FileError);
    assert.match(error.message, /: holds a, b, c and 1 others, but not a run; nothing was written, give a new or empty folder$/);
    return true;
  });
  mkdirSync(join(folder, 'checkpoints'));
  assert.throws(claim, FileError);
  writeFileSync(join(folder, 'checkpoints', 'last'), 'step-00000001');
  claim();
  assert.throws(() => claimFolder(join(folder, 'a'), 'a run', ['config.json']), /a: is a file; give a folder for a run/);
});
