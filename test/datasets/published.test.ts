/** Public collections as they are published, on invented files of their layouts: noise for pictures, invented sentences for reports. */
import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Dataset, loadPixels, openDataset, openMimic, openOpenI, openSplit, subset } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { type Headers, type Pack, pack } from 'tar-stream';
import { dicomFile, words } from '../dicom';
import { sharedData, tempDir } from '../support';
import { picture, records, refused, write } from './invented';

/** Both years' tables: of 2017 with a comma behind every line and ages in DICOM's form, of 2020 with plain years. */
const nihTables = {
  'Data_Entry_2017.csv': {
    header:
      'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],',
    ages: ['058Y', '013M', '005D', '414Y', '003W'],
    tail: '2682,2749,0.143,0.143,',
  },
  'Data_Entry_2017_v2020.csv': {
    header:
      'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]',
    ages: ['58', '1', '0', '414', '0'],
    tail: '2682,2749,0.143,0.143',
  },
  'sample_labels.csv': {
    header:
      'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImageWidth,OriginalImageHeight,OriginalImagePixelSpacing_x,OriginalImagePixelSpacing_y',
    ages: ['058Y', '013M', '005D', '414Y', '000D'],
    tail: '2682,2749,0.143,0.143',
  },
};

/** Ten pictures of five patients, in the folders that are asked for. */
async function nih(folder: string, name: keyof typeof nihTables, place: (i: number) => string): Promise<void> {
  const { header, ages, tail } = nihTables[name];
  const rows = Array.from({ length: 10 }, (_, i) => {
    const patient = Math.floor(i / 2);
    const image = `${String(patient + 1).padStart(8, '0')}_00${i % 2}.png`;
    const labels = ['No Finding', 'Cardiomegaly|Effusion', 'Pleural_Thickening'][i % 3];
    return { image, line: `${image},${labels},${i % 2},${patient + 1},${ages[patient]},${'MF'[i % 2]},${['PA', 'AP'][i % 2]},${tail}` };
  });
  for (const [i, { image }] of rows.entries()) await picture(join(folder, place(i), image));
  write(join(folder, name), [header, ...rows.map(({ line }) => line)].join('\r\n'));
}

for (const name of Object.keys(nihTables) as (keyof typeof nihTables)[])
  test(`NIH ChestX-ray14 as published opens: ${name}`, async (t) => {
    for (const place of [
      (i: number) => `images_00${1 + Math.floor(i / 4)}/images`,
      () => 'images',
      () => '.',
      (i: number) => `images_0${10 + (i % 3)}`,
    ]) {
      const folder = tempDir(t);
      await nih(folder, name, place);
      write(join(folder, 'BBox_List_2017.csv'), 'Image Index,Finding Label,Bbox [x,y,w,h],,,\n');
      write(join(folder, 'test_list.txt'), '00000001_000.png\n00000001_001.png\n');
      write(join(folder, 'train_val_list.txt'), '00000002_000.png\r\n');
      const dataset = await openDataset({ data: folder });
      assert.equal(dataset.length, 10);
      assert.deepEqual(dataset.notes, []);
      assert.deepEqual(
        [0, 1, 2, 4, 6].map((i) => dataset.record(i).text),
        [
          'PA chest X-ray of a 58-year-old man. No finding.',
          'AP chest X-ray of a 58-year-old woman. Cardiomegaly, effusion.',
          'PA chest X-ray of a 1-year-old boy. Pleural thickening.',
          'PA chest X-ray of a baby boy. Cardiomegaly, effusion.',
          'PA chest X-ray of a man. No finding.',
        ],
      );
      assert.deepEqual(
        records(dataset).map(({ patient }) => patient),
        ['1', '1', '2', '2', '3', '3', '4', '4', '5', '5'],
      );
      assert.deepEqual(
        [0, 2, 4, 6, 8].map((i) => dataset.record(i).age),
        [58, 1, 0, undefined, 0],
      );
      assert.deepEqual(
        [0, 1, 2, 3].map((i) => dataset.record(i).split),
        ['test', 'test', 'train', undefined],
      );
      assert.equal((await dataset.pixels(9, 8)).length, 64);
    }
  });

test('NIH: of a partial download the images that are there are taken, the others are counted', async (t) => {
  const folder = tempDir(t);
  await nih(folder, 'Data_Entry_2017.csv', (i) => `images_00${1 + Math.floor(i / 4)}/images`);
  rmSync(join(folder, 'images_002'), { recursive: true });
  const dataset = await openDataset({ data: folder });
  assert.deepEqual(dataset.notes, ['4 of 10 rows of Data_Entry_2017.csv have no image here and are left out.']);
  assert.deepEqual(
    records(dataset).map(({ patient }) => patient),
    ['1', '1', '2', '2', '5', '5'],
  );
  const parts = await openSplit({ data: folder, counts: { train: 1, test: 1 }, key: key(1), size: 4 });
  assert.equal(parts.train.length + parts.test.length, 6);
  assert.deepEqual(parts.train.notes, dataset.notes);
  for (const part of ['images_001', 'images_003']) rmSync(join(folder, part), { recursive: true });
  await assert.rejects(openDataset({ data: folder }), refused(/holds none of the 10 images of Data_Entry_2017\.csv; extract the archives/));
});

test('NIH as published: a cell that is not what it should be is named with file, row and column', async (t) => {
  const folder = tempDir(t);
  await nih(folder, 'Data_Entry_2017_v2020.csv', () => 'images');
  const { header } = nihTables['Data_Entry_2017_v2020.csv'];
  const cases: [string, RegExp][] = [
    ['00000001_000.png,Mass,0,1,58H,M,PA,1,1,1,1', /v2020\.csv: row 2: column Patient Age: expected years or nothing, got "58H"/],
    ['00000001_000.png,Mass,0,1,58,X,PA,1,1,1,1', /row 2: column Patient Sex: expected M, F or nothing, got "X"/],
    ['00000001_000.png,Mess,0,1,58,M,PA,1,1,1,1', /row 2: column Finding Labels: expected "No Finding" or labels of/],
    ['00000001_000.png,Mass,0,,58,M,PA,1,1,1,1', /row 2: column Patient ID: expected an identifier/],
    ['00000001_000.png,Mass,0,1,58,M', /row 2: expected 11 cells, as the header has, got 6/],
  ];
  for (const [row, message] of cases) {
    write(join(folder, 'Data_Entry_2017_v2020.csv'), `${header}\n${row}\n`);
    await assert.rejects(openDataset({ data: folder }), refused(message));
  }
  write(
    join(folder, 'Data_Entry_2017_v2020.csv'),
    `${header.replace('Patient ID', 'Patient')}\n00000001_000.png,Mass,0,1,58,M,PA,1,1,1,1\n`,
  );
  await assert.rejects(openDataset({ data: folder }), refused(/has no column "Patient ID"; its columns are Image Index, Finding Labels/));
  await assert.rejects(
    openDataset({ data: folder, textColumn: 'Finding Labels' }),
    /Data_Entry_2017_v2020\.csv is read by its own columns/,
  );
});

/** Three reports: of two images each; the second without an impression. */
async function indiana(folder: string, images: string): Promise<void> {
  write(
    join(folder, 'indiana_reports.csv'),
    'uid,MeSH,Problems,image,indication,comparison,findings,impression\n' +
      '1,normal,normal,Xray Chest PA and Lateral,Cough,None.,"Clear, both lungs.","No acute, active disease."\n' +
      '2,normal,normal,Chest 2 views,Pain,None.,Clear.,\n' +
      '40,Cardiomegaly,Cardiomegaly,Chest 2 views,XXXX,None.,Large heart.,Cardiomegaly.\n',
  );
  const names = ['1_IM-0001-4001', '1_IM-0001-3001', '2_IM-0652-1001', '2_IM-0652-2001', '40_IM-1902-1001', '40_IM-1902-2001'];
  const rows = names.map((name, i) => `${name.split('_')[0]},${name}.dcm.png,${i % 2 ? 'Lateral' : 'Frontal'}`);
  write(join(folder, 'indiana_projections.csv'), ['uid,filename,projection', ...rows].join('\n'));
  for (const name of names) await picture(join(folder, images, `${name}.dcm.png`));
}

test("Open-i: Kaggle's two tables, joined by uid, wherever the images lie", async (t) => {
  for (const images of ['images/images_normalized', 'images', '.']) {
    const folder = tempDir(t);
    await indiana(folder, images);
    const dataset = await openDataset({ data: folder });
    assert.deepEqual(
      records(dataset).map(({ patient, text, view }) => [patient, text, view]),
      [
        ['1', 'No acute, active disease.', 'frontal'],
        ['40', 'Cardiomegaly.', 'frontal'],
      ],
    );
    assert.deepEqual(dataset.notes, [
      '3 of 6 rows of indiana_projections.csv are lateral and are left out.',
      '1 of 6 rows of indiana_projections.csv have no impression and are left out.',
    ]);
    rmSync(join(folder, images, '1_IM-0001-4001.dcm.png'));
    const part = await openDataset({ data: folder });
    assert.equal(part.length, 1);
    assert.ok(part.notes!.includes('1 of 6 rows of indiana_projections.csv have no image here and are left out.'));
    write(join(folder, 'indiana_projections.csv'), 'uid,filename,projection\n1,x.png,Frontal\n7,y.png,Frontal\n');
    await assert.rejects(openDataset({ data: folder }), refused(/projections\.csv: row 3: column uid: there is no such report/));
    write(join(folder, 'indiana_projections.csv'), 'uid,filename,projection\n1,x.png,Oblique\n');
    await assert.rejects(openDataset({ data: folder }), refused(/row 2: column projection: expected Frontal or Lateral, got "Oblique"/));
  }
});

const report = (id: string, impression: string, images: readonly string[]): string => `<?xml version="1.0" encoding="utf-8"?>
<eCitation><meta type="rr"/><uId id="${id}"/><MedlineCitation Owner="Indiana University"><Article><Abstract>
  <AbstractText Label="FINDINGS">Lungs &amp; heart are clear.</AbstractText>
  ${impression === '' ? '<AbstractText Label="IMPRESSION"/>' : `<AbstractText Label="IMPRESSION">${impression}</AbstractText>`}
  </Abstract></Article></MedlineCitation>
${images.map((image) => `<parentImage id="${image}"><caption>PA and lateral</caption></parentImage>`).join('\n')}
</eCitation>`;

test('Open-i as published: XML reports, and images by the ids that they name', async (t) => {
  for (const [reports, images] of [
    ['ecgen-radiology', '.'],
    ['NLMCXR_reports/ecgen-radiology', 'NLMCXR_png'],
  ] as const) {
    const folder = tempDir(t);
    write(
      join(folder, reports, '1.xml'),
      report('CXR1', 'Heart &lt; half\n   of the chest.', ['CXR1_1_IM-0001-3001', 'CXR1_1_IM-0001-4001']),
    );
    write(join(folder, reports, '2.xml'), report('CXR2', '', ['CXR2_IM-0652-1001']));
    write(join(folder, reports, '3.xml'), report('CXR3', 'Normal.', []));
    write(join(folder, reports, '4.xml'), report('CXR4', 'Normal.', ['CXR4_IM-2050-1001']));
    for (const name of ['CXR1_1_IM-0001-3001', 'CXR1_1_IM-0001-4001', 'CXR2_IM-0652-1001'])
      await picture(join(folder, images, `${name}.png`));
    const dataset = await openDataset({ data: folder });
    assert.deepEqual(
      records(dataset).map(({ id, patient, text }) => [id, patient, text]),
      [
        ['CXR1_1_IM-0001-3001', 'CXR1', 'Heart < half of the chest.'],
        ['CXR1_1_IM-0001-4001', 'CXR1', 'Heart < half of the chest.'],
      ],
    );
    assert.match(
      dataset.notes!.join('\n'),
      /1 of 4 images that the reports name have no impression.*\n1 of 4 .* have no image here.*\n.*do not say which image is frontal/,
    );
    write(join(folder, reports, '5.xml'), '<eCitation><uId id="CXR5"/><Abstract></eCitation>');
    await assert.rejects(openDataset({ data: folder }), refused(/5\.xml: is not valid XML: /));
  }
});

test('Open-i: the real reports are read as they are', async (t) => {
  const archive = sharedData('open_i', 'NLMCXR_reports.tgz');
  if (!archive) return t.skip('the shared data are missing');
  const folder = tempDir(t);
  await unpack(archive, folder);
  const [packed, unpacked] = [await openOpenI(dirname(archive)), await openDataset({ data: folder })];
  const withoutLabels = (dataset: Dataset) => records(dataset).map((record) => ({ ...record, labels: {} }));
  assert.deepEqual(withoutLabels(packed), withoutLabels(unpacked));
  await picture(join(folder, 'CXR1_1_IM-0001-3001.png'));
  const dataset = await openDataset({ data: folder });
  assert.equal(dataset.withoutImages, undefined);
  assert.deepEqual(
    records(dataset).map(({ patient, text }) => [patient, text]),
    [['CXR1', 'Normal chest x-.']],
  );
  assert.match(dataset.notes!.join(), /7469 of 7470 images that the reports name have no image here/);
});

test('Open-i: reports alone make a dataset without images, from XML or from their archive, with gold labels', async (t) => {
  const archive = pack();
  for (const i of [1, 2, 3])
    archive.entry({ name: `ecgen-radiology/${i}.xml` }, report(`CXR${i}`, i === 2 ? '' : `Finding XXXX number ${i}.`, [`CXR${i}_IM`]));
  archive.entry({ name: 'ecgen-radiology/link.xml', type: 'symlink', linkname: '/etc/passwd' });
  archive.finalize();
  const folder = tempDir(t);
  const path = join(folder, 'NLMCXR_reports.tgz');
  write(path, gzipSync(await buffer(archive)));
  const gold = join(folder, 'openi_gld_std14.csv');
  write(gold, 'filename,Effusion,Pleural_Thickening,normal\nCXR1,1,0,0\nCXR2,0,0,1\n');
  const dataset = await openDataset({ data: folder });
  assert.deepEqual(records(dataset), [
    {
      id: 'CXR1',
      source: 'Open-i',
      patient: 'CXR1',
      study: 'CXR1',
      text: 'Finding number 1.',
      sections: { findings: 'Lungs & heart are clear.', impression: 'Finding number 1.' },
      labels: { effusion: 1, 'pleural thickening': 0, 'no finding': 0 },
      sides: {},
    },
    {
      id: 'CXR3',
      source: 'Open-i',
      patient: 'CXR3',
      study: 'CXR3',
      text: 'Finding number 3.',
      sections: { findings: 'Lungs & heart are clear.', impression: 'Finding number 3.' },
      labels: {},
      sides: {},
    },
  ]);
  assert.deepEqual(dataset.notes, [
    '1 of 3 reports have no impression and are left out.',
    '1 of 2 reports are not in the table of gold labels and have none.',
    'There are no images here: each of the 2 reports counts as one.',
  ]);
  const message = /has no images; these are reports alone: extract NLMCXR_png\.tgz of Open-i into the folder/;
  await assert.rejects(dataset.pixels(0, 8), refused(message));
  await assert.rejects(loadPixels(subset(dataset, [1]), 8), refused(message));
  await assert.rejects(
    openSplit({ data: folder, counts: { train: 1, test: 1 }, key: key(1), size: 4 }),
    refused(/has no images to train on; these are/),
  );

  const outside = join(folder, 'labels.csv');
  write(outside, 'filename,normal\nCXR1,1\nCXR3,1\n');
  assert.deepEqual(
    records(await openOpenI(folder, { gold: outside })).map(({ labels }) => labels),
    [{ 'no finding': 1 }, { 'no finding': 1 }],
  );
  write(gold, 'filename,normal\nCXR1,1\nCXR1,0\n');
  await assert.rejects(openOpenI(folder), refused(/gld_std14\.csv: row 3: column filename: the report has a row already/));
  rmSync(gold);
  const bytes = gzipSync(await buffer(tarOf([{ name: '../1.xml' }, report('CXR1', 'Clear.', [])])));
  for (const [content, message] of [
    [bytes, /member 1: its name leads out of the archive/],
    [
      gzipSync(await buffer(tarOf([{ name: 'a/1.xml' }, report('CXR1', 'Clear.', [])]))).subarray(0, -30),
      /is a truncated or damaged archive/,
    ],
    [Buffer.from('<html>not found</html>'), /is a truncated or damaged archive, or none/],
    [gzipSync(await buffer(tarOf([{ name: 'a/1.txt' }, 'Clear.']))), /holds no reports; expected the XML files/],
    [
      gzipSync(
        await buffer(tarOf([{ name: 'a/1.xml' }, report('CXR1', 'Clear.', [])], [{ name: 'a/2.xml' }, report('CXR1', 'Clear.', [])])),
      ),
      /a\/2\.xml has the report id of a\/1\.xml/,
    ],
  ] as const) {
    write(path, content);
    await assert.rejects(openDataset({ data: folder }), refused(message));
  }
});

function tarOf(...members: readonly (readonly [Headers, string])[]): Pack {
  const archive = pack();
  for (const [header, text] of members) archive.entry(header, text);
  archive.finalize();
  return archive;
}

async function unpack(archive: string, folder: string): Promise<void> {
  const { execFileSync } = await import('node:child_process');
  execFileSync('tar', ['xzf', archive, '-C', folder]);
}

const mimicReport = (impression: string): string =>
  `                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ with cough\n \n FINDINGS: \n \n The lungs are clear.\n \n${impression}`;

/** Two patients, three studies, five images; tables as they are, or zipped. */
async function mimic(t: TestContext, zipped: boolean, reports: string): Promise<string> {
  const folder = tempDir(t);
  const table = (name: string, text: string): void => {
    const path = join(folder, `mimic-cxr-2.0.0-${name}.csv`);
    if (zipped) write(`${path}.gz`, gzipSync(text));
    else write(path, text);
  };
  const images = [
    ['02aa804e-bde0afdd', '10000032', '50414267', 'PA'],
    ['174413ec-4ec4c1f7', '10000032', '50414267', 'LATERAL'],
    ['2a2277a9-b0ded155', '10000032', '53189527', 'AP'],
    ['e084de3b-be89b11e', '11000935', '50578979', 'AP'],
    ['f7b7a7fe-40f8ba31', '11000935', '50578979', ''],
  ] as const;
  table(
    'metadata',
    `dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime\n${images.map(([dicom, subject, study, view]) => `${dicom},${subject},${study},"CHEST (PA AND LAT)",${view},3056,2544,21800506,213014.531`).join('\n')}\n`,
  );
  table(
    'chexpert',
    'subject_id,study_id,Atelectasis,No Finding,Pleural Effusion\n10000032,50414267,,1.0,\n10000032,53189527,-1.0,,1.0\n11000935,50578979,0.0,,0.0\n',
  );
  table(
    'split',
    'dicom_id,study_id,subject_id,split\n02aa804e-bde0afdd,50414267,10000032,train\n2a2277a9-b0ded155,53189527,10000032,validate\n',
  );
  for (const [dicom, subject, study] of images)
    await picture(join(folder, 'files', `p${subject.slice(0, 2)}`, `p${subject}`, `s${study}`, `${dicom}.jpg`));
  const texts = {
    s50414267: mimicReport(' IMPRESSION: \n \n No acute\n cardiopulmonary process.\n'),
    s53189527: mimicReport(' IMPRESSION:  New effusion.\n \n NOTIFICATION:  Told to Dr. ___ by phone.\n'),
    s50578979: mimicReport(''),
  };
  for (const [study, text] of Object.entries(texts)) {
    const patient = study === 's50578979' ? 'p11/p11000935' : 'p10/p10000032';
    write(join(folder, reports, 'files', patient, `${study}.txt`), text);
  }
  return folder;
}

test('MIMIC-CXR-JPG as published: frontal images, the impression of their report, labels', async (t) => {
  for (const [zipped, reports] of [
    [true, '.'],
    [false, 'mimic-cxr-reports'],
  ] as const) {
    const folder = await mimic(t, zipped, reports);
    const dataset = await openDataset({ data: folder });
    assert.deepEqual(records(dataset), [
      {
        id: '02aa804e-bde0afdd',
        source: 'MIMIC-CXR',
        file: 'files/p10/p10000032/s50414267/02aa804e-bde0afdd.jpg',
        patient: '10000032',
        study: '50414267',
        day: 76_827,
        split: 'train',
        text: 'No acute cardiopulmonary process.',
        sections: {
          findings: 'The lungs are clear.',
          impression: 'No acute cardiopulmonary process.',
          indication: 'with cough',
          technique: 'CHEST (PA AND LAT)',
        },
        view: 'PA',
        labels: { 'no finding': 1 },
        sides: {},
      },
      {
        id: '2a2277a9-b0ded155',
        source: 'MIMIC-CXR',
        file: 'files/p10/p10000032/s53189527/2a2277a9-b0ded155.jpg',
        patient: '10000032',
        study: '53189527',
        day: 76_827,
        split: 'validate',
        text: 'New effusion.',
        sections: {
          findings: 'The lungs are clear.',
          impression: 'New effusion.',
          indication: 'with cough',
          technique: 'CHEST (PA AND LAT)',
        },
        view: 'AP',
        labels: { 'pleural effusion': 1 },
        uncertain: ['atelectasis'],
        sides: {},
      },
    ]);
    assert.deepEqual(dataset.notes, [
      '2 of 5 rows of the metadata are no PA or AP view and are left out.',
      '1 of 5 rows of the metadata have no report with an impression here and are left out.',
    ]);
    rmSync(join(folder, 'files', 'p10', 'p10000032', 's53189527'), { recursive: true });
    const part = await openDataset({ data: folder });
    assert.equal(part.length, 1);
    assert.ok(part.notes!.includes('1 of 5 rows of the metadata have no image here and are left out.'));
    rmSync(join(folder, reports, 'files', 'p10', 'p10000032', 's50414267.txt'));
    await assert.rejects(
      openDataset({ data: folder }),
      refused(/metadata\.csv.*: names no PA or AP image that is here with its report\. 2 of 5/),
    );
  }
});

test('MIMIC-CXR: DICOM images, labels by NegBio where those by CheXpert are missing, lateral views where they are asked for', async (t) => {
  const folder = await mimic(t, false, '.');
  renameSync(join(folder, 'mimic-cxr-2.0.0-chexpert.csv'), join(folder, 'mimic-cxr-2.0.0-negbio.csv'));
  const study = join(folder, 'files', 'p10', 'p10000032', 's50414267');
  for (const id of ['02aa804e-bde0afdd', '174413ec-4ec4c1f7']) {
    rmSync(join(study, `${id}.jpg`));
    write(join(study, `${id}.dcm`), dicomFile({ elements: [['7fe00010', 'OW', words([0, 1365, 2730, 4095])]] }));
  }
  const dataset = await openMimic(folder, { views: ['LATERAL', 'PA'] });
  assert.deepEqual(
    records(dataset).map(({ file, view, labels }) => [file!.slice(-12), view, labels]),
    [
      ['bde0afdd.dcm', 'PA', { 'no finding': 1 }],
      ['4ec4c1f7.dcm', 'LATERAL', { 'no finding': 1 }],
    ],
  );
  const pixels = await dataset.pixels(0, 2);
  assert.ok(pixels[0] === 0 && pixels[3] === 1 && pixels[1]! < pixels[2]!, String(pixels));
  await assert.rejects(openMimic(folder, { views: ['LL'] }), refused(/names no LL image that is here with its report/));
  write(join(folder, 'mimic-cxr-2.0.0-split.csv'), 'dicom_id,split\n02aa804e-bde0afdd,tests\n');
  await assert.rejects(openMimic(folder), refused(/split\.csv: row 2: column split: expected train, validate or test/));
});

test('MIMIC-CXR-JPG: rows that are not what they should be, and a damaged archive', async (t) => {
  const folder = await mimic(t, true, '.');
  const path = join(folder, 'mimic-cxr-2.0.0-metadata.csv.gz');
  const header = 'dicom_id,subject_id,study_id,ViewPosition\n';
  write(path, gzipSync(`${header}a-b,p10000032,50414267,PA\n`));
  await assert.rejects(openDataset({ data: folder }), refused(/metadata\.csv\.gz: row 2: columns subject_id, study_id: expected numbers/));
  write(path, gzipSync(`${header}../../x,10000032,50414267,PA\n`));
  await assert.rejects(openDataset({ data: folder }), refused(/row 2: column dicom_id: expected a file's name without ending/));
  write(path, 'no gzip');
  await assert.rejects(openDataset({ data: folder }), refused(/metadata\.csv\.gz: cannot be read: /));
});
