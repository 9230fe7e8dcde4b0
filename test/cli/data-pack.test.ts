/** `roentgen data pack` on a folder, and what it refuses. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { picture, write } from '../datasets/invented';
import { tempDir } from '../support';
import { roentgen } from './run';

test('data pack writes shards of a folder with a table, which other commands take as data', async (t) => {
  const folder = tempDir(t);
  const out = join(folder, 'out');
  for (const name of ['a', 'b']) await picture(join(folder, `${name}.png`));
  write(join(folder, 'texts.csv'), 'file;report;who\na.png;Clear lungs.;1\nb.png;Left effusion.;2\n');
  const columns = ['--csv', 'texts.csv', '--image-column', 'file', '--text-column', 'report', '--patient-column', 'who'];
  const { status, stdout, stderr } = await roentgen(['data', 'pack', folder, '--out', out, ...columns, '--json']);
  assert.equal(status, 0, stderr);
  const { shards, images, bytes } = JSON.parse(stdout) as Record<string, number>;
  assert.deepEqual([shards, images], [1, 2]);
  assert.ok(bytes! > 1024);
  assert.doesNotMatch(stdout + stderr, /effusion|Clear/);
  const labels = join(folder, 'labels.csv');
  const labelled = await roentgen(['data', 'label', out, '--out', labels]);
  assert.match(labelled.stdout, /labels\.csv: 2 reports/, labelled.stderr);
});

test('data pack leaves out images that cannot be read where that is asked for, and says so', async (t) => {
  const folder = tempDir(t);
  for (const name of ['a', 'b']) await picture(join(folder, `${name}.png`));
  write(join(folder, 'b.png'), 'no image');
  for (const name of ['a', 'b']) write(join(folder, `${name}.txt`), 'Clear.');
  const args = ['data', 'pack', folder, '--size', '8', '--out', join(folder, 'out')];
  const stopped = await roentgen(args);
  assert.equal(stopped.status, 2);
  assert.match(stopped.stderr, /b\.png: is not an image/);
  const { status, stdout, stderr } = await roentgen([...args.slice(0, -1), join(folder, 'other'), '--skip-unreadable', '--json']);
  assert.equal(status, 0, stderr);
  assert.equal((JSON.parse(stdout) as { images: number }).images, 1);
  assert.match(stderr, /1 of 2 images cannot be read and are left out \(of the images number 2\)/);
});

test('data pack refuses drawn images without a size, a folder in use, reports without images', async (t) => {
  const folder = tempDir(t);
  write(join(folder, 'ecgen-radiology', '1.xml'), '<a><uId id="CXR1"/><AbstractText Label="IMPRESSION">Clear.</AbstractText></a>');
  for (const [args, message] of [
    [['phantom', '--out', join(folder, 'new')], /the images of phantom are drawn and have no files to copy; give a size/],
    [['phantom', '--size', '16', '--out', folder], /holds ecgen-radiology, but not shards; nothing was written/],
    [[folder, '--out', join(folder, 'new')], /has no images to pack; these are reports alone/],
    [['phantom', '--csv', 'x.csv', '--out', join(folder, 'new')], /data pack: --csv and its columns describe a folder of images/],
  ] as const) {
    const { status, stdout, stderr } = await roentgen(['data', 'pack', ...args]);
    assert.equal(status, 2, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});
