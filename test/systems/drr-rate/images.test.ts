/** Images of both domains: labels under one set of names, the phantom's volumes projected, and data sets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, type ImageRecord, openPhantom, radiographOf } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { type Domain, labelsOfDomains, openDomain, phantomLabels, phantomReconstructions } from 'roentgen-lab/systems';
import { datasetImages } from '#systems/drr-rate/data/dataset-images';
import { sharperReconstruction, withLungTexture } from '#systems/drr-rate/data/ways';
import { answersOf, recordLabels } from '#systems/drr-rate/labels';
import { tempDir } from '../../support';
import { tinyRecipe } from './tiny';

test('labels of both collections go by one name each', () => {
  const domains: readonly (readonly Domain[])[] = [['drr'], ['x-ray'], ['drr', 'x-ray']];
  assert.deepEqual(
    domains.map((of) => labelsOfDomains(of, 'all').length),
    [18, 14, 26],
  );
  assert.equal(labelsOfDomains(['x-ray'], 'common').length, 6);
  const phantom = openPhantom({
    seed: 3,
    count: 40,
    views: ['AP'],
    findings: ['nodule', 'effusion', 'hiatal hernia', 'edema'],
    cache: false,
  });
  for (let i = 0; i < 40; i++) {
    const study = phantom.study(i);
    const has = (kind: string): number => (study.findings.some((found) => found.kind === kind) ? 1 : 0);
    const [drr, xray] = [phantomLabels(study, 'drr'), phantomLabels(study, 'x-ray')];
    assert.deepEqual(
      [drr['lung nodule'], drr['pleural effusion'], drr['hiatal hernia'], drr['interlobular septal thickening'], drr.lymphadenopathy],
      [has('nodule'), has('effusion'), has('hiatal hernia'), has('edema'), 0],
    );
    for (const label of labelsOfDomains(['drr'], 'common')) assert.equal(drr[label], xray[label], label);
    assert.equal(xray['lung lesion'], undefined);
  }
  const seen = { labels: { 'lung lesion': 1, edema: 0 } as const };
  const all = ['lung lesion', 'edema', 'fracture'];
  assert.deepEqual(recordLabels(seen, 'x-ray', all), { 'lung nodule': 1, edema: 0, fracture: 0 });
  assert.deepEqual(recordLabels(seen, 'drr', all), { 'lung nodule': 1, edema: 0 });
  assert.deepEqual(recordLabels({ labels: { Nodule: 1, Mass: 0, Effusion: 1 } }, 'drr', []), {
    'lung nodule': 1,
    'lung opacity': 0,
    'pleural effusion': 1,
  });
  assert.deepEqual(Array.from(answersOf([{ edema: 1 }], ['edema', 'fracture'])), [1, -1]);
});

test("the phantom's volumes are projected once and kept; a scan's two reconstructions are near-duplicates", async (t) => {
  process.chdir(tempDir(t)); // where projections are kept
  const recipe = await tinyRecipe(1);
  let made = 0;
  const options = { lateral: true, onProgress: () => void made++ };
  const { train, test: held } = await openDomain(recipe, 'drr', {}, options);
  assert.deepEqual([train.images.length, held.images.length, made > 0], [28, 16, true]);
  assert.ok(!held.images.some(({ patient }) => train.images.some((image) => image.patient === patient)));
  const area = 32 * 32;
  const [one, two, other] = [0, 1, 2].map((row) => train.pixels.AP.read([row])) as [
    Promise<Float32Array>,
    Promise<Float32Array>,
    Promise<Float32Array>,
  ];
  const apart = async (a: Promise<Float32Array>, b: Promise<Float32Array>): Promise<number> => {
    const [x, y] = await Promise.all([a, b]);
    return x.reduce((sum, value, i) => sum + Math.abs(value - y[i]!), 0) / area;
  };
  const [twins, strangers] = [await apart(one, two), await apart(one, other)];
  assert.ok(twins > 0 && twins < 0.3 * strangers, `${twins} against ${strangers}`);
  assert.ok((await apart(one, train.pixels.LATERAL!.read([0]))) > twins);
  assert.deepEqual(train.images[0], train.images[1]);

  const again = await openDomain(recipe, 'drr', {}, options);
  assert.deepEqual(await again.test.pixels.LATERAL!.read([5]), await held.pixels.LATERAL!.read([5]));
  const zero = await phantomReconstructions(recipe.phantom, 'test', { size: 32 }, { mode: 'drr-rate', threshold: 0 });
  assert.notEqual(zero.pixels.AP.identity, held.pixels.AP.identity);
});

test('texture is in aerated lung alone; a sharper kernel changes values a little everywhere', async () => {
  const shape = [40, 30, 12] as const;
  const data = Float32Array.from({ length: 40 * 30 * 12 }, (_, i) => {
    const x = i % 40;
    return x < 4 || x > 35 ? -1000 : x < 16 ? -800 : 30;
  });
  const volume = { data, shape, spacing: [8, 8, 20] as const, affine: [] as number[] };
  const { data: grained } = withLungTexture(volume, key(1));
  const differences = data.map((value, i) => grained[i]! - value);
  assert.ok(differences.every((value, i) => (data[i] === -800 ? true : value === 0)));
  const lung = differences.filter((_, i) => data[i] === -800);
  const spread = Math.sqrt(lung.reduce((sum, value) => sum + value * value, 0) / lung.length);
  assert.ok(spread > 60 && spread < 120, `${spread} HU`);
  assert.deepEqual(withLungTexture(volume, key(1)).data, grained);
  const sharp = sharperReconstruction(volume, 4).data;
  assert.ok(Math.abs(sharp.reduce((sum, value, i) => sum + value - data[i]!, 0) / data.length) < 2);
  await radiographOf({ ...volume, data: grained }, { size: 16, mode: 'drr-rate' });
});

/** A data set of invented records, each image grey by its number. */
function invented(records: readonly Partial<ImageRecord>[]): Dataset {
  return {
    name: 'invented',
    credit: '',
    findings: [],
    length: records.length,
    record: (i) => ({ id: `${i}`, patient: 'p', text: '', labels: {}, sides: {}, ...records[i] }),
    pixels: async (i, size) => new Float32Array(size * size).fill(i / 100),
  };
}

test("a data set's frontal images are taken by the publishers' parts, with their lateral views where these are wanted", async () => {
  const view = (name: string, of: string, part: 'train' | 'validate'): Partial<ImageRecord> => ({
    id: `${name}-${of}`,
    patient: name.slice(0, 7),
    view: of === 'LATERAL' ? 'lateral' : of,
    split: part,
    labels: { 'lung nodule': 1 },
  });
  const dataset = invented([
    view('train_1_a_1', 'AP', 'train'),
    view('train_1_a_1', 'LATERAL', 'train'),
    view('train_1_a_1', 'OBLIQUE_30', 'train'),
    view('train_2_a_1', 'AP', 'train'),
    view('valid_1_a_1', 'AP', 'validate'),
    view('valid_1_a_1', 'LATERAL', 'validate'),
  ]);
  const { train, test: held } = await datasetImages(dataset, 'drr', { size: 16 });
  assert.deepEqual([train.images.map(({ patient }) => patient), held.images.length], [['train_1', 'train_2'], 1]);
  const notes: string[] = [];
  const both = await datasetImages(dataset, 'drr', { size: 16, lateral: true, onNote: (note) => void notes.push(note) });
  assert.equal(both.train.images.length, 1);
  assert.match(notes.join(), /1 of 2 frontal images have no lateral one/);
  assert.deepEqual(
    [(await both.train.pixels.AP.read([0]))[0], Math.fround((await both.train.pixels.LATERAL!.read([0]))[0]!)],
    [0, Math.fround(0.01)],
  );
  await assert.rejects(datasetImages(invented([view('train_1_a_1', 'LATERAL', 'train'), view('valid_1_a_1', 'AP', 'validate')]), 'drr', { size: 16 }), /has no frontal image/); // biome-ignore format: one line

  const plain = invented(
    Array.from({ length: 10 }, (_, i) => ({
      patient: `p${i}`,
      view: 'PA',
      labels: (i === 0 ? { Edema: 1 } : {}) as ImageRecord['labels'],
    })),
  );
  const divided = await datasetImages(plain, 'x-ray', { size: 16 });
  assert.equal(divided.train.images.length + divided.test.images.length, 10);
  assert.ok(divided.train.images.every(({ labels }) => labels.edema !== undefined));
});
