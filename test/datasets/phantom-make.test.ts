import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import {
  type ImageRecord,
  openDataset,
  openFolder,
  openMimic,
  openPhantom,
  PHANTOM_FINDINGS,
  phantomVolume,
  type RadgraphReport,
  renderCounterfactual,
  renderStudy,
  writePhantom,
  writeProgression,
  writeReport,
} from 'roentgen-lab/datasets';
import { readImage } from 'roentgen-lab/files';
import { tempDir } from '../support';

type Row = Record<string, string>;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function table(folder: string, name: string): Row[] {
  const bytes = readFileSync(join(folder, name));
  return parse(name.endsWith('.gz') ? gunzipSync(bytes) : bytes, { columns: true }) as Row[];
}

/** All files of a folder and what is in them. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return new Map(names.map((e) => join(e.parentPath, e.name)).map((path) => [path.slice(folder.length), readFileSync(path, 'latin1')]));
}

test('a written phantom is read back as it was, by the loader of its layout and as a folder with a table', async (t) => {
  const [folder, count, size] = [tempDir(t), 40, 32];
  const written = await writePhantom({ folder, count, size, seed: 9, children: 0.2 });
  const phantom = openPhantom({ seed: 9, count, children: 0.2, style: 'impression', cache: false });
  const frontal = range(count).map((i): ImageRecord => {
    const study = phantom.study(i);
    const { impression, findings, indication, comparison } = writeReport(study);
    const labels = Object.entries(impression.labels).flatMap(([label, value]) => (value === -1 ? [] : [[label.toLowerCase(), value]]));
    const uncertain = Object.entries(impression.labels).flatMap(([label, value]) => (value === -1 ? [label.toLowerCase()] : []));
    const [id, patient, at] = [
      `phantom-9-${String(i).padStart(6, '0')}-${study.view.toLowerCase()}`,
      String(10_000_001 + study.patient.index),
      50_000_001 + i,
    ];
    return {
      id,
      source: 'MIMIC-CXR',
      file: `files/p10/p${patient}/s${at}/${id}.png`,
      patient,
      study: String(at),
      text: impression.text,
      sections: { findings: findings.text, impression: impression.text, indication, comparison },
      view: study.view,
      ...(uncertain.length === 0 ? {} : { uncertain }),
      labels: Object.fromEntries(labels) as ImageRecord['labels'],
      sides: {},
    };
  });
  const mimic = await openMimic(folder);
  const laterals = written.images - count;
  assert.ok(laterals > 5 && laterals < count, `${laterals} lateral views`);
  assert.deepEqual(
    range(mimic.length).map((i) => {
      const { group, day, split, sections, ...record } = mimic.record(i);
      const { technique, ...told } = sections!;
      assert.match(technique!, /^Chest radiograph, /);
      return { ...record, sections: told };
    }),
    frontal,
  );
  const listedIn = new Map(table(folder, 'records.csv').map((row) => [row.image, row]));
  for (const i of range(mimic.length)) assert.equal(mimic.record(i).split, listedIn.get(mimic.record(i).file!)!.split);
  for (const i of range(mimic.length - 1)) {
    const [{ patient, day }, next] = [mimic.record(i), mimic.record(i + 1)];
    if (patient === next.patient) assert.equal(String(next.day! - day!), listedIn.get(next.file!)!.days_since_prior);
  }
  assert.match(mimic.notes!.join(' '), new RegExp(`${laterals} .*no PA or AP view`));
  for (const i of [0, 7, 39]) {
    const want = Float32Array.from(renderStudy(phantom.study(i), size), (v) => v / 255);
    const got = await mimic.pixels(i, size);
    assert.ok(
      got.every((v, k) => Math.abs(v - want[k]!) < 1e-6),
      `pixels of study ${i}`,
    );
  }
  assert.equal((await openDataset({ data: folder })).name, 'MIMIC-CXR');

  const listed = await openFolder({
    folder,
    csv: 'records.csv',
    imageColumn: 'image',
    textColumn: 'impression',
    patientColumn: 'subject_id',
    labelColumns: PHANTOM_FINDINGS,
  });
  assert.equal(listed.length, written.images);
  const first = listed.record(0);
  assert.deepEqual([first.text, first.labels], [frontal[0]!.text, phantom.record(0).labels]);
});

test('the files of a written phantom agree with each other and with its parameters', async (t) => {
  const [folder, count, size] = [tempDir(t), 30, 48];
  const written = await writePhantom({ folder, count, size, seed: 3, volumes: 10 });
  const phantom = openPhantom({ seed: 3, count, style: 'impression', cache: false });
  const records = table(folder, 'records.csv');
  assert.equal(records.length, written.images);
  const bySplit = new Map(records.map((r) => [r.subject_id, r.split]));
  for (const { subject_id, split } of records) assert.equal(bySplit.get(subject_id), split, 'a patient is in one part');
  for (const name of ['metadata', 'split']) assert.equal(table(folder, `mimic-cxr-2.0.0-${name}.csv.gz`).length, written.images);
  assert.equal(table(folder, 'mimic-cxr-2.0.0-chexpert.csv.gz').length, count);

  const radgraph = JSON.parse(readFileSync(join(folder, 'radgraph.json'), 'utf8')) as Record<string, RadgraphReport>;
  assert.equal(Object.keys(radgraph).length, count);
  for (const [path, { text, entities }] of Object.entries(radgraph)) {
    const report = readFileSync(join(folder, 'files', path), 'utf8');
    assert.match(report, /^SYNTHETIC REPORT of an invented patient .*not for diagnosis\.\n/);
    for (const heading of ['INDICATION', 'COMPARISON', 'FINDINGS', 'IMPRESSION'])
      assert.match(report, new RegExp(`^${heading}: .+\\.$`, 'm'));
    const letters = (s: string): string => s.replace(/\s+/g, '');
    assert.ok(letters(report.replace('IMPRESSION:', '').slice(report.indexOf('FINDINGS:') + 9)).includes(letters(text)), text);
    for (const { tokens, start_ix, end_ix } of Object.values(entities))
      assert.equal(
        text
          .split(' ')
          .slice(start_ix, end_ix + 1)
          .join(' '),
        tokens,
      );
  }

  const boxes = table(folder, 'boxes.csv');
  assert.equal(boxes.length, written.masks);
  for (const { x, y, width, height, mask } of boxes.slice(0, 60)) {
    const image = await readImage(join(folder, mask!));
    assert.deepEqual([image.width, image.height], [size, size]);
    const on = range(size * size).filter((k) => image.data[k * image.channels]! > 127);
    const [left, top] = [Math.min(...on.map((k) => k % size)), Math.min(...on.map((k) => Math.floor(k / size)))];
    assert.deepEqual([left, top], [Number(x), Number(y)]);
    assert.ok(on.every((k) => k % size < Number(x) + Number(width) && Math.floor(k / size) < Number(y) + Number(height)));
  }

  // A NIfTI-1 header at its published places, then the values.
  const nifti = gunzipSync(readFileSync(join(folder, 'volumes', 's50000001.nii.gz')));
  const volume = phantomVolume(phantom.study(0), 10);
  assert.deepEqual([nifti.readInt32LE(0), nifti.toString('latin1', 344, 347), nifti.readInt16LE(70)], [348, 'n+1', 4]);
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => nifti.readInt16LE(40 + 2 * i)),
    [3, ...volume.shape],
  );
  assert.deepEqual(
    [280, 300, 320].map((at) => nifti.readFloatLE(at)),
    [-10, -10, 10],
    'x to the right and y to the front, as NIfTI has them',
  );
  assert.equal(nifti.length, 352 + 2 * volume.data.length);
  for (const i of [0, 12345, volume.data.length - 1]) assert.equal(nifti.readInt16LE(352 + 2 * i), Math.round(volume.data[i]!));

  const journeys = table(folder, 'journeys.csv');
  assert.equal(journeys.length, written.journeys);
  assert.ok(journeys.length > 5);
  for (const { past_dicom_id, current_dicom_id, instruction, counterfactual } of journeys) {
    const index = Number(current_dicom_id!.split('-')[2]);
    const prior = phantom.prior(index)!;
    assert.equal(Number(past_dicom_id!.split('-')[2]), index - 1);
    assert.equal(instruction, writeProgression(prior, phantom.study(index)).text);
    const image = await readImage(join(folder, counterfactual!));
    const want = renderCounterfactual(prior, phantom.study(index).findings, size);
    assert.ok(want.every((v, k) => v === image.data[k * image.channels]!));
  }
});

test('the same options write the same bytes, and nothing is written over', async (t) => {
  const [a, b] = [join(tempDir(t), 'a'), join(tempDir(t), 'b')];
  const options = { count: 6, size: 32, seed: 4 };
  const seen: number[] = [];
  await writePhantom({ ...options, folder: a, onProgress: (done, total) => seen.push(done / total) });
  await writePhantom({ ...options, folder: b });
  assert.equal(seen.at(-1), 1);
  assert.deepEqual(contents(a), contents(b));
  await assert.rejects(writePhantom({ ...options, folder: a }), /holds .*nothing was written/);
  await assert.rejects(writePhantom({ ...options, size: 8, folder: join(a, 'c') }), /size.*32 to 1024/);
  const controller = new AbortController();
  controller.abort();
  const stopped = join(tempDir(t), 'stopped');
  await assert.rejects(writePhantom({ ...options, folder: stopped, signal: controller.signal }), /abort/i);
  assert.ok(!existsSync(join(stopped, 'records.csv')));
});
