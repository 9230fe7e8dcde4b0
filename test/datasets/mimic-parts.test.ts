/** The paper's parts of MIMIC-CXR, on invented files of its layout. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Dataset, openMimicParts } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { tempDir } from '../support';
import { picture, records, refused, write } from './invented';

interface Image {
  readonly patient: number;
  readonly study: number;
  readonly view: string;
  readonly part: string;
  readonly noFinding: boolean;
}

/** 30 patients, every third of p19, every fifth of the published test part, with two images each. */
const images: readonly Image[] = Array.from({ length: 30 }, (_, i) => {
  const patient = (i % 3 === 0 ? 19_000_000 : 10_000_000 + 1_000_000 * (i % 9)) + i;
  const part = i % 5 === 0 ? 'test' : i % 7 === 0 ? 'validate' : 'train';
  return ['PA', 'AP'].map((view, n) => ({ patient, study: 50_000_000 + 2 * i + n, view, part, noFinding: i % 2 === 0 }));
}).flat();

async function mimic(t: TestContext, all: readonly Image[] = images): Promise<string> {
  const folder = tempDir(t);
  const dicom = ({ patient, study }: Image): string => `d${patient}-${study}`;
  for (const image of all) {
    const { patient, study } = image;
    const place = join(folder, 'files', `p${String(patient).slice(0, 2)}`, `p${patient}`);
    await picture(join(place, `s${study}`, `${dicom(image)}.jpg`));
    write(join(place, `s${study}.txt`), 'FINAL REPORT\n\n IMPRESSION: Nothing of note here.\n');
  }
  const table = (name: string, header: string, row: (image: Image) => unknown[]): void =>
    write(join(folder, `mimic-cxr-2.0.0-${name}.csv`), [header, ...all.map((image) => row(image).join(','))].join('\n'));
  table('metadata', 'dicom_id,subject_id,study_id,ViewPosition', (image) => [dicom(image), image.patient, image.study, image.view]);
  table('chexpert', 'subject_id,study_id,Cardiomegaly,No Finding', ({ patient, study, noFinding }) => [
    patient,
    study,
    noFinding ? '' : '1.0',
    noFinding ? '1.0' : '',
  ]);
  table('split', 'dicom_id,study_id,subject_id,split', (image) => [dicom(image), image.study, image.patient, image.part]);
  return folder;
}

const patientsOf = (dataset: Dataset): Set<string> => new Set(records(dataset).map(({ patient }) => patient));

test('p10 to p18 without the test part train and develop, p19 is held out, no patient is in two parts', async (t) => {
  const folder = await mimic(t);
  const { train, development, heldOut, test: tested } = await openMimicParts(folder, { key: key(1), developmentFraction: 0.2 });
  const parts = [train, development, heldOut, tested];
  assert.equal(
    parts.reduce((sum, { length }) => sum + length, 0),
    images.length,
  );
  assert.equal(new Set(parts.flatMap((part) => [...patientsOf(part)])).size, 30);
  assert.equal(tested.length, images.filter(({ part }) => part === 'test').length);
  assert.ok([...patientsOf(heldOut)].every((patient) => patient.startsWith('19')));
  assert.ok([...patientsOf(train), ...patientsOf(development)].every((patient) => !patient.startsWith('19')));
  assert.ok(development.length >= 2 && development.length < train.length);
  const again = await openMimicParts(folder, { key: key(1), developmentFraction: 0.2 });
  assert.deepEqual(patientsOf(again.development), patientsOf(development));
});

test('views are filtered, images without finding capped in every part, by the key, and counted', async (t) => {
  const folder = await mimic(t);
  const options = { key: key(2), developmentFraction: 0.2, views: ['PA'], noFindingFraction: 0.25 };
  const { train, heldOut } = await openMimicParts(folder, options);
  for (const part of [train, heldOut]) {
    const all = records(part);
    assert.ok(all.every(({ view }) => view === 'PA'));
    const normal = all.filter(({ labels }) => labels['no finding'] === 1).length;
    assert.ok(normal > 0 && normal <= 0.25 * all.length, `${normal} of ${all.length}`);
    assert.match(part.notes!.at(-1)!, /^\d+ of \d+ images without finding are left out, so that they are at most 0\.25 of all\.$/);
  }
  assert.deepEqual(records((await openMimicParts(folder, options)).train), records(train));
});

test('a patient in two parts is told by number and not by name; so is a table that lacks images, or is not here', async (t) => {
  const torn = images.map((image, i) => (i === 0 ? { ...image, part: 'train' } : image));
  await assert.rejects(openMimicParts(await mimic(t, torn), { key: key(1) }), (error: Error) => {
    refused(/has 1 of the 6 patients of the test part in another part too/)(error);
    assert.doesNotMatch(error.message, new RegExp(String(images[0]!.patient)));
    return true;
  });
  const folder = await mimic(t);
  write(join(folder, 'mimic-cxr-2.0.0-split.csv'), 'dicom_id,study_id,subject_id,split\nother,1,1,test\n');
  await assert.rejects(openMimicParts(folder, { key: key(1) }), refused(/lacks images that the metadata have/));
  await assert.rejects(
    openMimicParts(folder, { key: key(1), noFindingFraction: 1 }),
    /noFindingFraction: expected a number from 0 to below 1/,
  );
});
