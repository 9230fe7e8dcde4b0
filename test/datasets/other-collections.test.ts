/** CheXpert, PadChest, VinDr-CXR and the COVID-19 collection: invented files of their layouts, and the real one where it is. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openDataset } from 'roentgen-lab/datasets';
import { dicomFile, words } from '../dicom';
import { sharedData, tempDir } from '../support';
import { picture, records, refused, write } from './invented';

const chexpertHeader = 'Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Cardiomegaly,Pleural Effusion,Support Devices';

test('CheXpert opens as published: both parts, patients and studies by their paths, labels with what is uncertain left open', async (t) => {
  const folder = tempDir(t);
  const rows = [
    ['train/patient00001/study1/view1_frontal.jpg', 'Male,58,Frontal,AP,,1.0,-1.0,0.0'],
    ['train/patient00001/study1/view2_lateral.jpg', 'Male,58,Lateral,,,1.0,-1.0,0.0'],
    ['train/patient00001/study2/view1_frontal.jpg', 'Male,59,Frontal,PA,1.0,,,'],
    ['train/patient00002/study1/view1_frontal.jpg', 'Female,0,Frontal,AP,,,1.0,1.0'],
    ['train/patient00003/study1/view1_frontal.jpg', 'Female,90,Frontal,LL,,,1.0,'],
  ] as const;
  for (const [path] of rows.slice(0, 4)) await picture(join(folder, path));
  write(join(folder, 'train.csv'), [chexpertHeader, ...rows.map(([path, rest]) => `CheXpert-v1.0-small/${path},${rest}`)].join('\n'));
  await picture(join(folder, 'valid/patient64541/study1/view1_frontal.jpg'));
  write(
    join(folder, 'valid.csv'),
    `${chexpertHeader}\nCheXpert-v1.0-small/valid/patient64541/study1/view1_frontal.jpg,Unknown,33,Frontal,PA,0,1,0,0`,
  );
  const dataset = await openDataset({ data: folder });
  assert.equal(dataset.name, 'CheXpert');
  assert.deepEqual(dataset.notes, ['1 of 6 rows of train.csv and valid.csv have no image here and are left out.']);
  const [first, second, third, fourth, valid] = records(dataset);
  assert.deepEqual(first, {
    id: 'train/patient00001/study1/view1_frontal.jpg',
    patient: 'train/patient00001',
    study: 'train/patient00001/study1',
    source: 'CheXpert',
    file: 'train/patient00001/study1/view1_frontal.jpg',
    split: 'train',
    text: 'AP chest X-ray of a 58-year-old man. Cardiomegaly.',
    view: 'AP',
    age: 58,
    sex: 'M',
    labels: { cardiomegaly: 1, 'support devices': 0 },
    uncertain: ['pleural effusion'],
    sides: {},
  });
  assert.deepEqual([second!.view, second!.study, second!.patient], ['lateral', first.study, first.patient]);
  assert.equal(third!.text, 'PA chest X-ray of a 59-year-old man. No finding.');
  assert.notEqual(third!.study, first.study);
  assert.equal(fourth!.text, 'AP chest X-ray of a woman. Pleural effusion, support devices.');
  assert.deepEqual([valid!.sex, valid!.patient, valid!.split], [undefined, 'valid/patient64541', 'validate']);
});

test('CheXpert: what is not as published is refused with its row, and no path leads out of the folder', async (t) => {
  const cases = [
    [`../../secret/study1/view1_frontal.jpg,Male,58,Frontal,AP,,,,`, /train\.csv: row 2: column Path: expected/],
    [`x/train/../../patient1/a/b.jpg,Male,58,Frontal,AP,,,,`, /row 2: column Path: expected/],
    [`x/train/patient1/study1/view1.jpg,Male,old,Frontal,AP,,,,`, /row 2: column Age: expected years or nothing/],
    [`x/train/patient1/study1/view1.jpg,Male,58,Oblique,AP,,,,`, /row 2: column Frontal\/Lateral: expected Frontal or Lateral/],
    [`x/train/patient1/study1/view1.jpg,Male,58,Frontal,AP,,maybe,,`, /row 2: column Cardiomegaly: expected 1, 0, -1 or nothing/],
    [`x/train/patient2/study1/view1.jpg,Male,58,Frontal,AP,,,,`, /train\.csv: names no image that is here\. 1 of 1 rows/],
  ] as const;
  for (const [row, message] of cases) {
    const folder = tempDir(t);
    await picture(join(folder, 'train/patient1/study1/view1.jpg'));
    write(join(folder, 'train.csv'), `${chexpertHeader}\n${row}\n`);
    await assert.rejects(openDataset({ data: folder }), refused(message));
  }
});

const padchestHeader = ',ImageID,ImageDir,StudyDate_DICOM,StudyID,PatientID,PatientBirth,PatientSex_DICOM,Projection,Report,Labels';

test('PadChest opens as published, also zipped: labels of its lists, days of its dates', async (t) => {
  const folder = tempDir(t);
  const rows = [
    `0,a.png,0,20150303,s1,p1,1950.0,M,PA,texto,"['cardiomegaly', 'pleural effusion', 'unchanged']"`,
    `1,b.png,0,20150310,s2,p1,1950.0,M,L,texto,['normal']`,
    `2,c.png,1,20160101,s3,p2,,F,AP_horizontal,texto,"[""child's mark""]"`,
    `3,d.png,1,20160101,s3,p2,1980,F,COSTAL,texto,['normal']`,
    `4,e.png,1,20160101,s4,p3,1980,F,PA,texto,['exclude']`,
    '5,gone.png,1,20160101,s5,p4,1980,F,PA,texto,',
  ];
  for (const name of ['0/a.png', '0/b.png', '1/c.png', '1/d.png', '1/e.png']) await picture(join(folder, name));
  write(join(folder, 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv.gz'), gzipSync([padchestHeader, ...rows].join('\n')));
  const dataset = await openDataset({ data: folder });
  assert.equal(dataset.name, 'PadChest');
  assert.equal(dataset.notes!.length, 3);
  const [first, second, third] = records(dataset);
  assert.deepEqual(first, {
    id: 'a.png',
    patient: 'p1',
    study: 's1',
    source: 'PadChest',
    file: '0/a.png',
    day: 16_497,
    text: 'PA chest X-ray of a 65-year-old man. Cardiomegaly, pleural effusion.',
    view: 'PA',
    age: 65,
    sex: 'M',
    labels: { cardiomegaly: 1, "child's mark": 0, 'pleural effusion': 1 },
    sides: {},
  });
  assert.equal(second!.day! - first.day!, 7);
  assert.equal(second!.text, 'Lateral chest X-ray of a 65-year-old man. No finding.');
  assert.deepEqual([third!.view, third!.age, third!.labels["child's mark"]], ['AP', undefined, 1]);

  write(
    join(folder, 'PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv'),
    `${padchestHeader}\n0,a.png,0,2015,s1,p1,1950,M,PA,texto,['normal']`,
  );
  await assert.rejects(openDataset({ data: folder }), refused(/row 2: column StudyDate_DICOM: expected a date of eight digits/));
});

const vindrClasses = 'Clavicle fracture,Lung Opacity,Nodule/Mass,Rib fracture,No finding';

test('VinDr-CXR opens as published: the majority of the readers, DICOM images, both parts', async (t) => {
  const folder = tempDir(t);
  const greys = (second: number): Buffer => dicomFile({ elements: [['7fe00010', 'OW', words([0, second, 2730, 4095])]] });
  for (const [i, name] of ['train/a', 'train/b', 'test/c'].entries()) write(join(folder, `${name}.dicom`), greys(1365 + i));
  const train = ['a,R1,0,1,1,0,0', 'a,R2,1,1,0,0,0', 'a,R3,0,0,0,1,0', 'b,R1,1,0,1,0,1', 'b,R2,0,0,0,0,1', 'gone,R1,0,0,0,0,1'];
  write(join(folder, 'annotations/image_labels_train.csv'), [`image_id,rad_id,${vindrClasses}`, ...train].join('\n'));
  write(join(folder, 'annotations/image_labels_test.csv'), `image_id,${vindrClasses}\nc,0,0,1,1,0\n`);
  write(
    join(folder, 'annotations/annotations_train.csv'),
    'image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R1,Lung Opacity,1,1,2,2\n',
  );
  const dataset = await openDataset({ data: folder });
  assert.equal(dataset.name, 'VinDr-CXR');
  assert.deepEqual(dataset.notes, [
    '1 of 4 images of image_labels_train.csv and image_labels_test.csv have no image here and are left out.',
  ]);
  const [first, second, third] = records(dataset);
  assert.deepEqual(first, {
    id: 'a',
    source: 'VinDr-CXR',
    file: 'train/a.dicom',
    patient: 'train/a.dicom',
    split: 'train',
    text: 'PA chest X-ray of a patient. Lung opacity.',
    view: 'PA',
    labels: { fracture: 0, 'lung opacity': 1, 'lung lesion': 0, 'no finding': 0 },
    sides: {},
  });
  assert.deepEqual([second!.labels, second!.uncertain], [{ 'lung opacity': 0, 'no finding': 1 }, ['fracture', 'lung lesion']]);
  assert.deepEqual([third!.split, third!.labels.fracture, third!.text], ['test', 1, 'PA chest X-ray of a patient. Fracture, lung lesion.']);
  assert.deepEqual(
    [...(await dataset.pixels(2, 2))].map((v) => Math.round(3 * v)),
    [0, 1, 2, 3],
  );

  for (const [row, message] of [
    ['a,R1,0,1,1,0,0\na,R1,0,1,1,0,0', /labels_train\.csv: row 3: the image and its reader have a row already, 2/],
    ['a,R1,0,maybe,1,0,0', /row 2: column Lung Opacity: expected 1, 0, -1 or nothing/],
    [',R1,0,1,1,0,0', /row 2: column image_id is empty/],
    ['../train/none,R1,0,1,1,0,0', /names no image that is here\. 1 of 1 images/],
  ] as const) {
    rmSync(join(folder, 'annotations/image_labels_test.csv'), { force: true });
    write(join(folder, 'annotations/image_labels_train.csv'), `image_id,rad_id,${vindrClasses}\n${row}\n`);
    await assert.rejects(openDataset({ data: folder }), refused(message));
  }
});

const covidHeader =
  'patientid,offset,sex,age,finding,survival,view,modality,date,location,folder,filename,doi,url,license,clinical_notes,other_notes';

test('the COVID-19 collection opens as published: days of journeys, diagnoses as labels', async (t) => {
  const folder = tempDir(t);
  const rows = [
    '7,0,F,54,Pneumonia/Viral/COVID-19,Y,PA,X-ray,2020,here,images,a.jpg,,,CC BY,"a course, told",',
    '7,5,F,54,Pneumonia/Viral/COVID-19,Y,AP Supine,X-ray,2020,here,images,b.jpg,,,CC BY,,',
    '8,,,,No Finding,,L,X-ray,,,images,c.jpg,,,CC0,,',
    '9,1,M,20,Pneumonia,,Axial,CT,,,images,d.jpg,,,CC0,,',
    '9,1,M,20,todo,,PA,X-ray,,,images,e.jpg,,,CC0,,',
    '9,1,M,20,Pneumonia,,PA,X-ray,,,images,gone.jpg,,,CC0,,',
  ];
  for (const name of ['a', 'b', 'c', 'd', 'e']) await picture(join(folder, 'images', `${name}.jpg`));
  write(join(folder, 'metadata.csv'), [covidHeader, ...rows].join('\n'));
  const dataset = await openDataset({ data: folder });
  assert.equal(dataset.length, 3);
  assert.equal((await openDataset({ data: relative(process.cwd(), folder) })).length, 3, 'named from the working folder');
  assert.equal(dataset.notes!.length, 3);
  const [first, second, third] = records(dataset);
  assert.deepEqual(first, {
    id: 'a.jpg',
    patient: '7',
    study: '7-0',
    source: 'COVID-19 image data collection',
    file: 'images/a.jpg',
    day: 0,
    text: 'PA chest X-ray of a 54-year-old woman. COVID-19.',
    view: 'PA',
    age: 54,
    sex: 'F',
    labels: { 'covid-19': 1, pneumonia: 1, viral: 1 },
    sides: {},
  });
  assert.deepEqual([second!.view, second!.day, second!.patient], ['AP', 5, '7']);
  assert.equal(third!.text, 'Lateral chest X-ray of a patient. No finding.');
  assert.deepEqual(third!.labels, { 'covid-19': 0, pneumonia: 0, viral: 0 });
  write(join(folder, 'metadata.csv'), `${covidHeader}\n7,soon,F,54,Pneumonia,Y,PA,X-ray,2020,here,images,a.jpg,,,CC BY,,`);
  await assert.rejects(openDataset({ data: folder }), refused(/row 2: column offset: expected a number or nothing/));
});

test('the real COVID-19 collection: every radiograph that is here, journeys of several studies', async (t) => {
  const folder = sharedData('covid_chestxray');
  if (folder === undefined) return t.skip('shared data are not here');
  const dataset = await openDataset({ data: folder });
  const ids = Array.from({ length: dataset.length }, (_, i) => dataset.record(i).id);
  assert.equal(new Set(ids).size, ids.length, 'the table names some files twice');
  assert.ok(dataset.length > 200, String(dataset.length));
  const all = records(dataset);
  const days = new Map<string, Set<number>>();
  for (const { patient, day } of all) if (day !== undefined) days.set(patient, (days.get(patient) ?? new Set()).add(day));
  assert.ok([...days.values()].filter((each) => each.size > 1).length >= 10);
  for (const { labels, view } of all) assert.ok(view && Object.values(labels).every((value) => value === 0 || value === 1));
  const pixels = await dataset.pixels(0, 64);
  assert.ok(pixels.some((value) => value > 0.2));
});
