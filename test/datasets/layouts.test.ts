/** Folders of one’s own that open by themselves: metadata files, texts beside images; and what is said of others. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataset, openSplit } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { tempDir } from '../support';
import { picture, records, refused, write } from './invented';

test('a metadata file of images, as datasets and diffusers have it, with its own or other columns', async (t) => {
  const folder = tempDir(t);
  for (const name of ['a.png', 'sub/b.png', 'c.png']) await picture(join(folder, name));
  write(
    join(folder, 'metadata.jsonl'),
    '{"file_name": "a.png", "text": "One."}\n{"file_name": "sub/b.png", "text": null}\n{"file_name": "c.png", "text": "Three.", "who": 3}\n',
  );
  const dataset = await openDataset({ data: folder });
  assert.deepEqual(
    records(dataset).map(({ id, text }) => [id, text]),
    [
      ['a.png', 'One.'],
      ['c.png', 'Three.'],
    ],
  );
  assert.deepEqual(dataset.notes, ['metadata.jsonl: 1 of 3 rows have no text and are left out (row 2).']);
  await assert.rejects(
    openDataset({ data: folder, textColumn: 'caption' }),
    refused(/metadata\.jsonl: has no column "caption"; its columns are file_name, text, who/),
  );
  rmSync(join(folder, 'metadata.jsonl'));
  write(join(folder, 'metadata.csv'), 'file_name,caption,person\na.png,One.,1\nc.png,Three.,1\n');
  await assert.rejects(openDataset({ data: folder }), refused(/has no column "text"/));
  const other = await openDataset({ data: folder, textColumn: 'caption', patientColumn: 'person' });
  assert.deepEqual(
    records(other).map(({ patient, text }) => [patient, text]),
    [
      ['1', 'One.'],
      ['1', 'Three.'],
    ],
  );

  const nested = tempDir(t);
  await picture(join(nested, 'train', 'x', 'a.png'));
  write(join(nested, 'train', 'metadata.jsonl'), '{"file_name": "x/a.png", "text": "One."}');
  assert.equal((await openDataset({ data: nested })).record(0).text, 'One.');
  write(join(nested, 'test', 'metadata.csv'), 'file_name,text\n');
  await assert.rejects(
    openDataset({ data: nested }),
    refused(/has a table of metadata in 2 of its folders, the first is .*test.*; name one of these folders/),
  );
});

test('texts beside the images', async (t) => {
  for (const ending of ['txt', 'caption']) {
    const folder = tempDir(t);
    for (const name of ['10_chest/a.png', '10_chest/b.v2.png', 'c.png', 'd.png']) await picture(join(folder, name));
    write(join(folder, '10_chest', `a.${ending}`), '\ufeffLarge effusion,\nleft.\n');
    write(join(folder, '10_chest', `b.v2.${ending}`), 'Clear.');
    write(join(folder, `c.${ending}`), ' \n');
    write(join(folder, 'notes.txt'), 'about the folder');
    const dataset = await openDataset({ data: folder });
    assert.deepEqual(
      records(dataset).map(({ id, text }) => [id, text]),
      [
        ['10_chest/a.png', 'Large effusion,\nleft.'],
        ['10_chest/b.v2.png', 'Clear.'],
      ],
    );
    assert.deepEqual(dataset.notes, ['2 of 4 images have no text beside them and are left out.']);
    assert.equal((await dataset.pixels(1, 8)).length, 64);
    await assert.rejects(openDataset({ data: folder, textColumn: 'text' }), RangeError);
    write(join(folder, `c.${ending === 'txt' ? 'caption' : 'txt'}`), 'Clear.');
    await assert.rejects(openDataset({ data: folder }), refused(/c\.png: has two texts beside it, c\.txt and c\.caption; keep one/));
  }
});

test('a folder of no known layout is told by what it holds', async (t) => {
  const folder = tempDir(t);
  await picture(join(folder, 'a.png'));
  await assert.rejects(
    openDataset({ data: folder }),
    refused(/is of no known layout; name a table of texts with --csv, and its columns with --image-column and --text-column/),
  );
  write(join(folder, 'train-00000-of-00001.parquet'), 'x');
  await assert.rejects(openDataset({ data: folder }), refused(/name train-00000-of-00001\.parquet with --csv/));
  write(join(folder, 'labels.csv'), 'file,report\na.png,x\n');
  await assert.rejects(openDataset({ data: folder }), refused(/name labels\.csv with --csv/));
  for (const [name, message] of [
    ['texts.feather', /texts\.feather is a Feather file; save it as CSV/],
    ['00000.tar', /00000\.tar: is a truncated or damaged archive, or none/],
    ['images_001.tar.gz', /images_001\.tar\.gz is an archive/],
    ['texts.xlsx', /texts\.xlsx is an Excel workbook/],
  ] as const) {
    write(join(folder, name), 'x');
    await assert.rejects(openDataset({ data: folder }), refused(message));
    rmSync(join(folder, name));
  }
  await assert.rejects(openDataset({ data: join(folder, 'a.png') }), refused(/a\.png: there is no such folder/));
});

test('a set that is too small to be measured on is refused with the number that is enough', async (t) => {
  const folder = tempDir(t);
  for (let i = 0; i < 6; i++) {
    await picture(join(folder, `${i}.png`));
    write(join(folder, `${i}.txt`), `Text ${i}.`);
    const open = (least: number) => openSplit({ data: folder, counts: { train: 1, test: 1 }, key: key(i), size: 4, least });
    if (i === 0) await assert.rejects(open(1), RangeError);
    else if (i < 5) {
      await assert.rejects(
        open(2),
        refused(
          / pictures to train on and 1 of other patients to measure on are too few; expected 2 of each at least, which 6 patients give/,
        ),
      );
      await open(1);
    } else assert.equal((await open(2)).test.length, 2);
  }
});
