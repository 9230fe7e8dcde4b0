/** `roentgen drr`: one picture, and a tree in DRR-RATE's layout that is gone on with and divided. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DRR_RATE_LABELS, openDataset } from 'roentgen-lab/datasets';
import { readImage } from 'roentgen-lab/files';
import { readPngText } from '#files/internal';
import { type InventedCt, niftiFile, sliceFile, writeSeries } from '../ct-files';
import { tempDir } from '../support';
import { roentgen } from './run';

const ct: InventedCt = {
  shape: [60, 40, 20],
  spacing: [6, 6, 15],
  hu: (x, y) =>
    ((x - 30) / 27) ** 2 + ((y - 20) / 17) ** 2 < 1 ? (Math.abs(Math.abs(x - 30) - 13) < 8 && Math.abs(y - 20) < 11 ? -800 : 20) : -1000,
};

/** The same volume as NIfTI, its axes as they are or mirrored as most programs store them. */
function niftiOf({ shape, spacing, hu }: InventedCt, mirrored: boolean): Buffer {
  const [nx, ny, nz] = shape;
  const values: number[] = [];
  for (let z = 0; z < nz; z++)
    for (let y = 0; y < ny; y++) for (let x = 0; x < nx; x++) values.push(mirrored ? hu(nx - 1 - x, ny - 1 - y, z) : hu(x, y, z));
  const sign = mirrored ? 1 : -1;
  return niftiFile({
    shape,
    affine: [
      [sign * spacing[0], 0, 0, 0],
      [0, sign * spacing[1], 0, 0],
      [0, 0, spacing[2], 0],
    ],
    values,
  });
}

test('a series becomes a PNG that says how it was projected', async (t) => {
  const folder = tempDir(t);
  writeSeries(join(folder, 'ct'), ct);
  const out = join(folder, 'a.png');
  const picture = ['drr', join(folder, 'ct'), '--out', out, '--size', '64'];
  const ended = await roentgen([...picture, '--mode', 'physical', '--views', 'oblique:-30', '--json']);
  assert.equal(ended.status, 0, ended.stderr);
  const { width, azimuth, mode } = JSON.parse(ended.stdout) as Record<string, unknown>;
  assert.deepEqual([width, azimuth, mode], [64, 330, 'physical']);
  const image = await readImage(out);
  assert.deepEqual([image.width, image.height, image.channels], [64, 64, 1]);
  assert.ok(new Set(image.data).size > 20, 'it shows something');
  const text = await readPngText(out);
  assert.match(text.Comment!, /not for diagnosis/);
  assert.equal((JSON.parse(text.Projection!) as { azimuth: number }).azimuth, 330);

  const plain = await roentgen([...picture, '--views', 'lateral']);
  assert.equal(plain.status, 0, plain.stderr);
  assert.match(plain.stdout, /64 × 64, 90° from AP, source 1300 mm from the middle/);
});

test('wrong usage and bad input end with 2, and leave no picture', async (t) => {
  const folder = tempDir(t);
  writeSeries(join(folder, 'ct'), ct);
  const out = join(folder, 'a.png');
  const cases: [string[], RegExp][] = [
    [['ct', '--out', out], /a \.png file holds one view of one CT/],
    [['ct', '--out', out, '--views', 'top'], /expected AP, PA, LATERAL or oblique/],
    [['ct', '--out', out, '--views', 'AP,ap'], /AP comes twice/],
    [['ct', '--out', out, '--views', 'AP', '--size', '8'], /whole number from 16/],
    [['ct', '--out', out, '--views', 'AP', '--mode', 'physical', '--threshold', '0'], /--threshold has no effect in the mode physical/],
    [['ct', '--out', out, '--views', 'AP', '--noise', '0'], /--noise has no effect in the mode drr-rate/],
    [['ct', '--out', out, '--views', 'AP', '--shard', '0/2'], /--shard belongs to a tree/],
    [['ct', '--out', join(out, 'tree'), '--shard', '0/2', '--merge'], /--shard makes a part and --merge none/],
    [['none', '--out', out, '--views', 'AP'], /there is no such file or folder/],
  ];
  for (const [[source, ...rest], message] of cases) {
    const ended = await roentgen(['drr', join(folder, source!), ...rest]);
    assert.equal(ended.status, 2, ended.stderr);
    assert.match(ended.stderr, message);
  }
  assert.ok(!existsSync(out));
});

test('volumes become a tree that opens as a data set; one that fails is named, and what is there stays', {
  timeout: 600_000,
}, async (t) => {
  const folder = tempDir(t);
  const volumes = ['train_1_a_1', 'train_1_a_2', 'train_2_a_1', 'valid_1_b_1'].map((name) => join(folder, `${name}.nii`));
  for (const [i, path] of volumes.entries()) writeFileSync(path, niftiOf(ct, i === 1));
  writeFileSync(volumes[2]!, 'no volume');
  const labels = join(folder, 'labels.csv');
  const row = (name: string, ...shown: string[]) => [name, ...DRR_RATE_LABELS.map((label) => (shown.includes(label) ? 1 : 0))].join(',');
  writeFileSync(
    labels,
    [['VolumeName', ...DRR_RATE_LABELS].join(','), row('train_1_a_1.nii.gz', 'Cardiomegaly'), row('valid_1_b_1.nii.gz'), ''].join('\n'),
  );
  const reports = join(folder, 'reports.csv');
  writeFileSync(
    reports,
    'VolumeName,ClinicalInformation_EN,Technique_EN,Findings_EN,Impressions_EN\ntrain_1_a_1.nii.gz,Cough,,"The heart is large, otherwise nothing.",Large heart.\n',
  );
  const metadata = join(folder, 'metadata.csv');
  writeFileSync(metadata, 'VolumeName,PatientSex,PatientAge,Manufacturer\ntrain_1_a_1.nii.gz,F,062Y,Invented\n');
  const out = join(folder, 'tree');
  const given = ['--labels', labels, '--reports', reports, '--metadata', metadata];
  const command = ['drr', ...volumes, '--out', out, '--size', '32', '--views', 'AP,LATERAL,oblique:30', ...given];

  const first = await roentgen([...command, '--shard', '1/2', '--json']);
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual([JSON.parse(first.stdout).volumes, JSON.parse(first.stdout).written], [2, 6]);
  const image = (name: string): string => join(out, name);
  const kept = statSync(image('train/AP/train_1/train_1_a/train_1_a_2.png')).mtimeMs;
  const early = await roentgen([...command, '--merge']);
  assert.equal(early.status, 1);
  assert.match(early.stderr, /train_1_a_1\.nii: AP, LATERAL, OBLIQUE_30 are not there yet; its part \(--shard I\/N\) makes them/);
  assert.match(early.stdout, /0 images written, 6 were there; 2 of 4 volumes failed/);
  const all = await roentgen(command);
  assert.equal(all.status, 1, all.stderr);
  assert.match(all.stderr, /train_2_a_1\.nii: is not a NIfTI file/);
  assert.match(all.stdout, /3 images written, 6 were there; 1 of 4 volumes failed/);
  assert.equal(statSync(image('train/AP/train_1/train_1_a/train_1_a_2.png')).mtimeMs, kept);

  // A mirrored affine is the same picture.
  const bytes = async (name: string) => (await readImage(image(name))).data;
  for (const view of ['AP', 'LATERAL', 'OBLIQUE_30'])
    assert.deepEqual(
      await bytes(`train/${view}/train_1/train_1_a/train_1_a_1.png`),
      await bytes(`train/${view}/train_1/train_1_a/train_1_a_2.png`),
    );
  const record = JSON.parse(readFileSync(image('geometry/valid/LATERAL/valid_1/valid_1_b/valid_1_b_1.json'), 'utf8'));
  assert.deepEqual([record.azimuth, record.projecting.threshold, record.volume.shape], [90, -100, [60, 40, 20]]);
  assert.doesNotMatch(JSON.stringify(record), /roentgen-test/);

  const data = await openDataset({ data: out });
  assert.equal(data.length, 9);
  const records = Array.from({ length: data.length }, (_, i) => data.record(i));
  const one = records.find(({ id }) => id === 'train_1_a_1-LATERAL')!;
  assert.deepEqual(
    [one.patient, one.study, one.split, one.view, one.text, one.age, one.sex, one.labels.cardiomegaly, one.labels['lung nodule']],
    ['train_1', 'train_1_a', 'train', 'lateral', 'Large heart.', 62, 'F', 1, 0],
  );
  assert.deepEqual(one.sections, { indication: 'Cough', findings: 'The heart is large, otherwise nothing.', impression: 'Large heart.' });
  const bare = records.find(({ id }) => id === 'train_1_a_2-AP')!;
  assert.deepEqual([bare.labels, bare.age], [{}, undefined]);
  assert.equal(records.find(({ id }) => id === 'valid_1_b_1-AP')!.split, 'validate');
  assert.match(readFileSync(image('metadata/train_metadata.csv'), 'utf8'), /train_1_a_1\.png,F,062Y,40,60,20,"\[6, 6\]",15,Invented/);

  // What a killed process left out is made again; what is not the same is refused.
  rmSync(image('geometry/train/AP/train_1/train_1_a/train_1_a_1.json'));
  writeFileSync(volumes[2]!, niftiOf(ct, false));
  const mended = await roentgen([...command, '--json']);
  assert.equal(mended.status, 0, mended.stderr);
  assert.equal(JSON.parse(mended.stdout).written, 4);
  const other = await roentgen([...command, '--threshold', '0']);
  assert.equal(other.status, 2);
  assert.match(other.stderr, /was projected with other options; give the same, or another folder/);
  writeFileSync(volumes[0]!, niftiOf({ ...ct, hu: () => -1000 }, false));
  assert.match((await roentgen(command)).stderr, /shows another volume/);
});

test('volumes of other names are numbered; a folder of something else is refused, and Ctrl-C leaves whole images', {
  timeout: 600_000,
}, async (t) => {
  const folder = tempDir(t);
  const series = ['anna', 'bert', 'cleo'].map((name) => join(folder, name));
  for (const path of series) {
    writeSeries(path, ct);
    writeFileSync(
      join(path, '020.dcm'),
      sliceFile(ct, 0, [
        ['00100040', 'CS', 'M'],
        ['00101010', 'AS', '041Y'],
      ]),
    );
    writeFileSync(join(path, '001.dcm'), sliceFile(ct, 19, [['00100040', 'CS', 'M'], ['00101010', 'AS', '041Y']])); // biome-ignore format: one line
  }
  writeFileSync(join(series[1]!, '007.dcm'), sliceFile({ ...ct, shape: [50, 40, 20] }, 13)); // another size
  const out = join(folder, 'tree');
  const command = ['drr', ...series, '--out', out, '--size', '32', '--mode', 'physical', '--views', 'PA', '--part', 'valid'];
  const stopped = await roentgen(command, { interruptWhen: () => existsSync(join(out, 'geometry')) });
  assert.ok([130, 1].includes(stopped.status), stopped.stderr);
  assert.ok(!allFiles(out).some((name) => name.endsWith('.tmp')));
  const done = await roentgen(command);
  assert.equal(done.status, 1);
  assert.match(done.stderr, /bert: has 50 × 40 pixels|bert.*50 × 40/);
  assert.deepEqual(readdirSync(join(out, 'valid', 'PA')).sort(), ['valid_1', 'valid_3']);
  const table = readFileSync(join(out, 'metadata', 'validation_metadata.csv'), 'utf8');
  assert.match(table, /valid_1_a_1\.png,M,041Y/);
  assert.doesNotMatch(allFiles(out).join(), /anna|bert|cleo/);
  const labels = readFileSync(join(out, 'multi_abnormality_labels', 'valid_predicted_labels.csv'), 'utf8');
  assert.match(labels, /valid_3_a_1\.png,,,,/);

  mkdirSync(join(folder, 'photos'));
  writeFileSync(join(folder, 'photos', 'a.txt'), 'mine');
  const refused = await roentgen(['drr', series[0]!, '--out', join(folder, 'photos')]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /holds a\.txt, but not radiographs of CT volumes/);
});

const allFiles = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length)] : [],
      )
    : [];
