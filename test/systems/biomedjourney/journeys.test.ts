/** Instruction data: who is paired with whom, what the words say, and what of a bad table is refused, or counted. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Dataset, type ImageRecord, openCovid, openNih } from 'roentgen-lab/datasets';
import { writePng } from 'roentgen-lab/files';
import { journeyPixels, labelJourneys, phantomJourneys, progressionOfLabels, someJourneys, tableJourneys } from 'roentgen-lab/systems';
import { sharedData, tempDir } from '../../support';

test('the phantom pairs consecutive studies of one patient and view, and has the exact image', async () => {
  const journeys = phantomJourneys({ seed: 9, count: 40, cache: false });
  assert.equal(journeys.length, 40);
  assert.deepEqual(phantomJourneys({ seed: 9, count: 5, cache: false }).instructions, journeys.instructions.slice(0, 5));
  for (let i = 0; i < journeys.length; i++) {
    const [prior, later] = [journeys.priors.record(i), journeys.laters.record(i)];
    assert.deepEqual([prior.patient, prior.view], [later.patient, later.view]);
    assert.notEqual(prior.id, later.id);
    assert.ok(journeys.instructions[i]!.length > 5);
  }
  const same = journeys.instructions.findIndex((text) => /^No interval change\./.test(text));
  const other = journeys.instructions.findIndex((text) => /resolved|New|developed/i.test(text));
  const change = async (i: number): Promise<number> => {
    const [prior, exact] = [await journeys.priors.pixels(i, 32), await journeys.exact!.pixels(i, 32)];
    return prior.reduce((sum, value, k) => sum + Math.abs(value - exact[k]!), 0) / prior.length;
  };
  assert.ok(same >= 0 && other >= 0, 'both kinds of journeys');
  assert.ok((await change(same)) < (await change(other)));
  await assert.rejects(journeys.exact!.pixels(40, 32), RangeError);
  assert.throws(() => phantomJourneys({ count: 0 }), /count: expected a whole number from 1/);
});

test('patients who move lie elsewhere in the later image, by no more than was asked; registration brings them back', async () => {
  const options = { seed: 9, count: 6, cache: false } as const;
  const [still, moved] = [phantomJourneys(options), phantomJourneys({ ...options, moved: { turn: 6, scale: 0.06, shift: 0.05 } })];
  assert.deepEqual(moved.instructions, still.instructions);
  assert.notEqual(moved.laters.fingerprint, still.laters.fingerprint);
  const distance = (a: Float32Array, b: Float32Array): number => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
  for (let i = 0; i < 6; i++) {
    assert.deepEqual(await moved.laters.pixels(i, 32), await moved.laters.pixels(i, 32));
    assert.deepEqual(await moved.priors.pixels(i, 32), await still.priors.pixels(i, 32));
    assert.deepEqual(await moved.exact.pixels(i, 32), await still.exact.pixels(i, 32));
    assert.ok(distance(await moved.laters.pixels(i, 32), await still.laters.pixels(i, 32)) > 0.01);
  }
  const nowhere = phantomJourneys({ ...options, moved: { turn: 0, scale: 0, shift: 0 } });
  assert.deepEqual(await nowhere.laters.pixels(0, 32), Float32Array.from(await still.laters.pixels(0, 32)));
  const rows = async (journeys: typeof moved, registered: boolean): Promise<Float32Array> => {
    const settings = { kind: 'similarity', drop: 0, least_score: -1 } as const;
    const { laters } = await journeyPixels(journeys, 64, registered ? settings : undefined);
    return laters.read(Int32Array.from({ length: 6 }, (_, i) => i));
  };
  const [there, registered, asTheyLie] = [await rows(still, true), await rows(moved, true), await rows(moved, false)];
  assert.ok(distance(registered, there) < 0.5 * distance(asTheyLie, there));
  const { prior, later } = moved.studies(2);
  assert.equal(prior.number + 1, later.number);
  assert.throws(() => moved.studies(6), RangeError);
});

test('labels become words: new, gone, unchanged, and nothing of what is not known', () => {
  assert.equal(
    progressionOfLabels({ effusion: 0, edema: 1, nodule: 1, mass: 1, hernia: 1 }, { effusion: 1, edema: 0, nodule: 0, mass: 1 }),
    'New effusion. Edema and nodule have resolved. Unchanged mass.',
  );
  assert.equal(progressionOfLabels({ edema: 0 }, { edema: 0, mass: 1 }), 'No change.');
  assert.equal(progressionOfLabels({ 'covid-19': 1 }, { 'covid-19': 0 }), 'COVID-19 has resolved.');
});

const records = (all: readonly Partial<ImageRecord>[]): Dataset => {
  const images = all.map(
    (one, i): ImageRecord => ({ id: `image ${i}`, patient: 'a', text: '', labels: {}, sides: {}, view: 'PA', ...one }),
  );
  return {
    name: 'invented',
    credit: '',
    findings: [],
    length: images.length,
    record: (i) => images[i]!,
    pixels: async (_, size) => new Float32Array(size * size),
  };
};

test('images are paired in the order of time, by patient and view; the others are counted', () => {
  const journeys = labelJourneys(
    records([
      { day: 9, labels: { edema: 1 } },
      { day: 2, labels: { edema: 0 } },
      { day: 4, view: 'lateral' },
      { day: 5, view: 'AP' },
      { day: 3, patient: 'b' },
      { day: 9 },
      {},
      { id: 'b/00000012_001.png', patient: 'c' },
      { id: 'a/00000012_010.png', patient: 'c' },
    ]),
  );
  assert.deepEqual(journeys.instructions, ['New edema.', 'No change.']);
  assert.deepEqual([journeys.priors.record(1).id, journeys.laters.record(1).id], ['b/00000012_001.png', 'a/00000012_010.png']);
  assert.deepEqual(journeys.notes, [
    '1 of 9 images have no frontal view and are left out.',
    '1 of 9 images say nothing of when they were taken and are left out.',
    '1 of 9 images were taken with the one before and are left out.',
  ]);
  assert.throws(() => labelJourneys(records([{ day: 1 }])), /no pair of one patient's images/);
});

test('NIH and the COVID collection hold the journeys that are known of them', async (t) => {
  const [nih, covid] = [sharedData('nih'), sharedData('covid_chestxray')];
  if (!nih || !covid) return t.skip('the shared data are missing');
  const pairs = labelJourneys(await openNih(nih));
  assert.equal(pairs.length, 712);
  assert.ok(labelJourneys(await openCovid(covid)).length > 50);
});

/** A folder in InstructX2X's form, with images of 32 × 32 whose grey is their name. */
async function folderOf(t: TestContext, rows: readonly string[]): Promise<{ folder: string; csv: string }> {
  const folder = tempDir(t);
  for (const name of ['past', 'current']) mkdirSync(join(folder, name));
  for (const [name, grey] of [['past/a.png', 40], ['past/b.png', 80], ['current/c.png', 120]] as const) // biome-ignore format: pairs
    await writePng(join(folder, name), { width: 32, height: 32, channels: 1, data: new Uint8Array(1024).fill(grey) });
  writeFileSync(join(folder, 'pairs.csv'), ['split,past_dicom_id,current_dicom_id,instruction', ...rows, ''].join('\n'));
  return { folder, csv: 'pairs.csv' };
}

test("a table of InstructX2X's columns is read; rows without text or image are counted", async (t) => {
  const options = await folderOf(t, [
    'train,a,c,"Effusion has\tresolved, mostly."',
    'val,b,c.png,Worse.',
    'train,a,c,',
    'test,nowhere,c,New edema.',
  ]);
  const journeys = await tableJourneys(options);
  assert.deepEqual(journeys.instructions, ['Effusion has resolved, mostly.', 'Worse.']);
  assert.deepEqual(journeys.notes, [
    '1 of 4 rows of pairs.csv have no instruction and are left out.',
    '1 of 4 rows of pairs.csv have no image here and are left out.',
  ]);
  assert.ok(Math.abs((await journeys.priors.pixels(1, 32))[0]! - 80 / 255) < 1e-6);
  assert.equal((await tableJourneys({ ...options, split: 'validate' })).length, 1);
});

test('a table that can not be worked with is refused, without its texts', async (t) => {
  const bad = async (...rows: string[]) => tableJourneys(await folderOf(t, rows));
  await assert.rejects(
    bad('early,a,c,SECRET'),
    (error: Error) => /row 2: column split: expected train/.test(error.message) && !/SECRET/.test(error.message),
  );
  await assert.rejects(bad('train,,c,SECRET'), /row 2: column past_dicom_id is empty/);
  await assert.rejects(
    bad('train,x,y,SECRET'),
    (error: Error) => /no row to learn from. 1 of 1 rows/.test(error.message) && !/SECRET/.test(error.message),
  );
  const { folder } = await folderOf(t, ['train,a,c,Worse.']);
  writeFileSync(join(folder, 'other.csv'), 'split,past,current,instruction\ntrain,a,c,x\n');
  await assert.rejects(tableJourneys({ folder, csv: 'other.csv' }), /past_dicom_id/);
  await assert.rejects(tableJourneys({ folder: tempDir(t), csv: 'pairs.csv' }), /has no folder past/);
});

test('the pairs that fit worst are dropped and counted; without registration none is', async () => {
  const journeys = someJourneys(phantomJourneys({ seed: 9, count: 12, cache: false }), [0, 1, 2, 3, 4, 5, 6, 7]);
  const settings = { kind: 'similarity', drop: 0.25, least_score: 0 } as const;
  const { kept, scores, notes, instructions, priors, laters } = await journeyPixels(journeys, 32, settings);
  assert.equal(kept.length, 6);
  const worst = Math.max(...scores.filter((_, i) => !kept.includes(i)));
  assert.ok(kept.every((i) => scores[i]! >= worst));
  assert.deepEqual([instructions.length, priors.length, laters.length], [6, 6, 6]);
  assert.match(notes[0]!, /^2 of 8 pairs are dropped/);
  assert.equal((await journeyPixels(journeys, 32, undefined)).kept.length, 8);
  await assert.rejects(journeyPixels(journeys, 32, { ...settings, least_score: 1.1 }), /8 of 8 pairs are dropped.*Lower least_score/);
});
