/** Data from elsewhere: paths and links that lead out of the folder, images that cannot be read. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataset, openFolder, withoutUnreadable } from 'roentgen-lab/datasets';
import { dicomFile, words } from '../dicom';
import { tempDir } from '../support';
import { picture, records, refused, write } from './invented';

test('no table that comes with the data reads an image outside its folder; a table that is named by the caller may', async (t) => {
  const above = tempDir(t);
  const folder = join(above, 'data');
  await picture(join(above, 'secret.png'));
  await picture(join(folder, 'a.png'));
  for (const path of ['../secret.png', 'x/../../secret.png', join(above, 'secret.png')]) {
    write(join(folder, 'metadata.csv'), `file_name,text\na.png,One.\n${path},Two.\n`);
    await assert.rejects(openDataset({ data: folder }), (error: Error) => {
      return (
        refused(/metadata\.csv: row 3: its image lies outside the folder; expected a path from the folder/)(error) &&
        !/secret/.test(error.message)
      );
    });
    const own = { data: folder, csv: join(folder, 'metadata.csv'), imageColumn: 'file_name', textColumn: 'text' };
    assert.equal((await openDataset(own)).length, 2);
    assert.equal((await openFolder({ folder, csv: 'metadata.csv', imageColumn: 'file_name', textColumn: 'text' })).length, 2);
  }
  write(join(folder, 'metadata.csv'), 'file_name,text\n..a.png,One.\n');
  await picture(join(folder, '..a.png'));
  assert.equal((await openDataset({ data: folder })).length, 1);
  const nih = join(above, 'nih');
  mkdirSync(nih);
  write(join(nih, 'manifest.csv'), 'image,patient_id,age,sex,view,labels\n../secret.png,1,50,M,PA,Mass\n');
  await assert.rejects(openDataset({ data: nih }), refused(/manifest\.csv: row 2: its image lies outside the folder/));
});

test('links are followed within the folder and refused where they lead out of it', async (t) => {
  const above = tempDir(t);
  const folder = join(above, 'data');
  await picture(join(folder, 'images', 'a.png'));
  write(join(folder, 'images', 'a.txt'), 'One.');
  symlinkSync(join(folder, 'images', 'a.png'), join(folder, 'b.png'));
  write(join(folder, 'b.txt'), 'Two.');
  assert.deepEqual(
    records(await openDataset({ data: folder })).map(({ text }) => text),
    ['Two.', 'One.'],
  );
  write(join(above, 'secret.txt'), 'secret');
  symlinkSync(join(above, 'secret.txt'), join(folder, 'c.txt'));
  await assert.rejects(openDataset({ data: folder }), refused(/c\.txt: is a link that leads out of the folder of data; name the folder/));
  const linked = join(above, 'linked');
  symlinkSync(join(folder, 'images'), linked);
  assert.equal((await openDataset({ data: linked })).length, 1);
});

/** The beginning of a PNG of a billion pixels. */
function bomb(png: Buffer): Buffer {
  const bytes = Buffer.from(png);
  bytes.writeUInt32BE(40_000, 16);
  bytes.writeUInt32BE(25_000, 20);
  return bytes;
}

test('images that cannot be read stop where they are used, or are skipped, counted and listed where that is asked for', async (t) => {
  const folder = tempDir(t);
  for (const name of ['a', 'b']) await picture(join(folder, `${name}.png`));
  const png = readFileSync(join(folder, 'a.png'));
  const bad = {
    'c.png': png.subarray(0, 60),
    'd.png': Buffer.from('<html>'),
    'e.png': bomb(png),
    'f.dcm': dicomFile({ syntax: '1.2.840.10008.1.2.4.100', fragments: [Buffer.alloc(8)] }),
    'g.dcm': dicomFile({ elements: [['04000500', 'SQ', [[['04000510', 'UI', '1.2']]]]] }),
    'h.png': Buffer.alloc(0),
  };
  for (const [name, bytes] of Object.entries(bad)) write(join(folder, name), bytes);
  write(join(folder, 'i.dcm'), dicomFile({ elements: [['7fe00010', 'OW', words([0, 1, 2, 3])]] }));
  for (const name of 'abcdefghi') write(join(folder, `${name}.txt`), `Text of ${name}.`);
  const dataset = await openDataset({ data: folder });
  assert.equal(dataset.length, 9);
  const { dataset: readable, unreadable } = await withoutUnreadable(dataset);
  assert.deepEqual(
    records(readable).map(({ file }) => file),
    ['a.png', 'b.png', 'i.dcm'],
  );
  assert.deepEqual(
    unreadable.map(({ index }) => index),
    [2, 3, 4, 5, 6, 7],
  );
  for (const [i, message] of [
    /c\.png: is a truncated or damaged image|c\.png: is not an image/,
    /d\.png: is an HTML page/,
    /e\.png: (has 40000 × 25000 = 1000 million pixels|is a truncated or damaged image)/,
    /f\.dcm: is a video/,
    /g\.dcm: has no pixels: its attributes are encrypted/,
    /h\.png: is empty, not an image/,
  ].entries()) {
    assert.match(unreadable[i]!.error.message, message);
    await assert.rejects(dataset.pixels(unreadable[i]!.index, 8), refused(message));
  }
  assert.deepEqual(readable.notes, ['6 of 9 images cannot be read and are left out (of the images number 3, 4, 5, 6, 7 and 1 others).']);
  assert.deepEqual(records(await openDataset({ data: folder, skipUnreadable: true })), records(readable));
  for (const name of ['a.png', 'b.png', 'i.dcm']) write(join(folder, name), 'x');
  await assert.rejects(openDataset({ data: folder, skipUnreadable: true }), refused(/none of the images can be read; the first: .*a\.png/));
});

test('an empty folder says what is expected', async (t) => {
  await assert.rejects(openDataset({ data: tempDir(t) }), refused(/is of no known layout; name a table of texts with --csv/));
});
