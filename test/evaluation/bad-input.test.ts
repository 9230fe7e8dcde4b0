/** What cannot be measured is an error that says why, or a caveat of the result: never a number that nobody knows to be none. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Dataset } from 'roentgen-lab/datasets';
import { dispose, key, startEngine, uniformArray } from 'roentgen-lab/engine';
import {
  type Bench,
  distancesOf,
  type EvaluationResult,
  evaluateAugmentation,
  evaluateDiversity,
  evaluateInstruments,
  evaluateRetrieval,
  evaluateSubgroups,
  type FeatureSpace,
  featuresOf,
  openBench,
  overSeeds,
  realImages,
  writeImageTable,
  writeResult,
} from 'roentgen-lab/evaluation';
import { kernelDistance, manifoldMeasures } from 'roentgen-lab/metrics';
import { initConvNet } from 'roentgen-lab/vision';
import { captionOf, reportCaptionOf } from '#evaluation/captions';
import { saveHeads } from '#evaluation/networks/image-classifier';
import { presenceHeads } from '#training/internal';
import { noLeaks, tempDir } from '../support';
import { phantomBench } from './bench';
import { tinyBench } from './tiny-bench';

const features = (seed: number, rows: number, columns: number) => ({
  values: Float32Array.from(uniformArray(key(seed), rows * columns)),
  rows,
  columns,
});

/** The same images with other labels. */
const labelled = (dataset: Dataset, labels: Readonly<Record<string, 0 | 1>>): Dataset => ({
  ...dataset,
  record: (i) => ({ ...dataset.record(i), labels, text: 'chest' }),
});

/** The mean grey of an image, and what it is told. */
const greySpace = (extra: (image: number) => number): FeatureSpace => ({
  name: 'grey',
  definition: 'mean grey',
  identity: `grey/${extra(3)}`,
  width: 2,
  extract: async (pixels, size) =>
    Float32Array.from({ length: (2 * pixels.length) / size ** 2 }, (_, i) =>
      i % 2 === 0 ? pixels[(i / 2) * size ** 2]! : extra((i - 1) / 2),
    ),
  dispose: () => undefined,
});

test(
  'sets of fewer images than features are wide have distances; of fewer than neighbours, or none, an error',
  noLeaks(async () => {
    await startEngine();
    const options = { key: key(1), draws: 5 };
    const few = await distancesOf(features(1, 12, 40), features(2, 10, 40), options);
    for (const { value, low, high } of Object.values(few)) assert.ok([value, low, high].every(Number.isFinite));
    await assert.rejects(distancesOf(features(1, 12, 4), features(2, 5, 4), options), /expected fewer than the 12 and 5 rows, got 5/);
    await assert.rejects(distancesOf(features(1, 0, 4), features(2, 12, 4), options), /expected fewer than the 0 and 12 rows/);
    await assert.rejects(distancesOf(features(1, 12, 4), features(2, 12, 5), options), /4 and 5 wide/);
  }),
);

test(
  'features that are no numbers are refused with the image that gives them, wherever they come in',
  noLeaks(async (t) => {
    await startEngine();
    const bench = await phantomBench(tempDir(t), { train: 8, test: 8 });
    const images = await realImages(bench, 'test');
    const space = greySpace((image) => (image === 5 ? Number.NaN : 1));
    await assert.rejects(featuresOf(bench, space, images), /grey features: image 5 of real gives NaN/);
    const [good, bad] = [features(1, 12, 4), features(2, 12, 4)];
    bad.values[4 * 7 + 2] = Number.NaN;
    await assert.rejects(distancesOf(good, bad, { key: key(1), draws: 2 }), /row 7 holds NaN/);
    assert.throws(() => kernelDistance(bad, good), /kernelDistance: .*row 7 holds NaN/);
    assert.throws(() => manifoldMeasures(good, bad, 3), /manifoldMeasures: .*row 7 holds NaN/);
  }),
);

test(
  'labels of one class alone: augmentation and retrieval say that there is nothing to tell apart',
  noLeaks(async (t) => {
    await startEngine();
    const bench = await phantomBench(tempDir(t), { train: 60, test: 12 });
    const absent = Object.fromEntries(bench.test.findings.map((finding) => [finding, 0 as const]));
    const one: Bench = {
      ...bench,
      test: labelled(bench.test, absent),
      records: bench.records.map((record) => ({ ...record, labels: absent })),
    };
    await assert.rejects(
      evaluateAugmentation(one, { few: 8 }),
      /augmentation: none of .*no finding is known to be present in some and absent in others of 12 test images/,
    );
    const none: Bench = {
      ...one,
      test: labelled(bench.test, {}),
      records: one.records.map((record) => ({ ...record, labels: {}, text: 'chest' })),
    };
    await assert.rejects(evaluateAugmentation(none, { few: 8 }), /give more images, or data with labels/);
    await assert.rejects(evaluateRetrieval(none), /0 findings have enough of them/);
  }),
);

test(
  'a handful of images has no halves',
  noLeaks(async (t) => {
    await startEngine();
    const bench = await phantomBench(tempDir(t), { train: 8, test: 10 });
    await assert.rejects(evaluateInstruments(bench, { spaces: [] }), /10 images of .* patients: expected 8 images in each half at least/);
  }),
);

test(
  'a classifier of other labels measures no groups; without labels there is a note in place of AUROC',
  noLeaks(async (t) => {
    await startEngine();
    const folder = tempDir(t);
    const chest = join(folder, 'chest');
    const net = {
      kind: 'densenet',
      config: { growth_rate: 4, block_config: [1, 1], num_init_features: 8, bn_size: 2, num_classes: 1, in_channels: 1 },
    } as const;
    const params = initConvNet(net, key(2));
    await saveHeads(chest, { net, params, heads: presenceHeads(['Hernia']) }, 32);
    dispose(params);
    const bench: Bench = { ...(await phantomBench(folder, { train: 8, test: 24 })), networks: { chest } };
    const space = greySpace((image) => image % 5);
    await assert.rejects(evaluateSubgroups(bench, { space, least: 4 }), /the classifier knows Hernia; the data have .*: none in common/);
    const silent: Bench = { ...bench, records: bench.records.map((record) => ({ ...record, labels: {} })) };
    const { rows, notes } = await evaluateSubgroups(silent, { space, least: 4 });
    assert.equal(rows.length, 0);
    assert.ok(notes.includes('The data have no labels: there is no AUROC.'));
  }),
);

test(
  'images of a table: without a model beside them nothing has a tokenizer; with one alone of a prompt there is a note in place of MS-SSIM',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const opened = await tinyBench(folder, { prompts: 4 });
    const words = ['left', 'pleural', 'effusion', 'right'];
    const records = opened.records.map((record, i) => ({ ...record, text: words.slice(0, i + 1).join(' ') }));
    const table = await writeImageTable({ ...opened, records }, opened.models[0]!, join(folder, 'given'));
    const { recipe, out } = opened;
    const open = async (models: string[]): Promise<Bench> => ({
      ...(await openBench({ models, images: [table], data: { data: 'phantom' }, out, recipe, prompts: 4, quick: true })),
      records,
    });
    await assert.rejects(evaluateDiversity(await open([])), /images alone have no tokenizer; name a model beside them \(--model\)/);
    const { rows, notes } = await evaluateDiversity(await open([opened.models[0]!.folder]));
    assert.deepEqual(
      rows.map(({ model }) => model),
      ['tiny'],
    );
    assert.ok(notes.includes('given: its table has fewer than 4 images of a prompt, so that there is no MS-SSIM of it.'));
  }),
);

test(
  'numbers that there are none of are null in JSON, and empty in CSV',
  noLeaks(async (t) => {
    await startEngine();
    const out = tempDir(t);
    const bench = await phantomBench(out, { train: 4, test: 4 });
    const result: EvaluationResult = {
      evaluation: 'nothing',
      title: 'Nothing',
      paper: 'none',
      tables: [{ name: 'seeds', title: 'One seed', intervals: 'none', rows: [{ model: 'a', score: overSeeds([0.5]), other: Number.NaN }] }],
      figures: [],
      definitions: {},
      notes: [],
    };
    const { json } = await writeResult(bench, result, { seconds: 1, engine: 'a test' });
    const { tables } = JSON.parse(await readFile(json, 'utf8')) as { tables: { rows: unknown[] }[] };
    assert.deepEqual(tables[0]!.rows, [{ model: 'a', score: { value: 0.5, low: null, high: null }, other: null }]);
    assert.equal(await readFile(join(out, 'nothing', 'seeds.csv'), 'utf8'), 'model,score,score low,score high,other\na,0.5,,,\n');
  }),
);

test("patients' texts do not stand on pages, nor what a network wrote that learnt from them", () => {
  const text = 'Large left pleural effusion. No pneumothorax.';
  const record = { text };
  assert.equal(captionOf({ data: 'phantom' }, record, 3), text);
  assert.equal(captionOf({ data: '/data/mimic' }, record, 3), 'text 4');
  assert.equal(reportCaptionOf({ data: 'world' }, text), text);
  assert.equal(reportCaptionOf({ data: '/data/mimic' }, text), 'Pleural Effusion');
  assert.equal(reportCaptionOf({ data: '/data/mimic' }, 'Weather is fine.'), 'No Finding');
});
