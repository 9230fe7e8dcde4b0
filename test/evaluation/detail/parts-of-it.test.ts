import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { openPhantom, renderStudy } from 'roentgen-lab/datasets';
import { dispose, key, uniformArray } from 'roentgen-lab/engine';
import type { DetailStage } from 'roentgen-lab/evaluation';
import { divided } from '#evaluation/detail/images';
import { pairLosses } from '#evaluation/detail/pairs';
import { verdictSentence, verdictsOf } from '#evaluation/detail/verdict';
import { RIBS, TUBES } from '#evaluation/networks/part-reader';
import { imageNetFeatures } from '#evaluation/spaces/imagenet';
import { perceptualDistance, perceptualDistances } from '#metrics/internal';
import { assertClose, noLeaks } from '../../support';

const SIZE = 16;
const AREA = SIZE * SIZE;
/** The first pixels' difference. */
const byHand = {
  definition: 'by hand',
  between: async (a: Float32Array, b: Float32Array) =>
    Float32Array.from({ length: a.length / AREA }, (_, i) => Math.abs(a[i * AREA]! - b[i * AREA]!)),
  dispose: () => undefined,
};

test('pairs: what is equal has lost nothing but what rounding hides; a grey added is what the formulas say', async () => {
  const images = uniformArray(key(1), 3 * AREA).map((value) => 0.8 * value);
  const options = { perceptual: byHand, key: key(2), draws: 20 };
  const same = await pairLosses(images, images, SIZE, options);
  assert.ok(Math.abs(same.psnr.value - 10 * Math.log10(12 * 255 ** 2)) < 1e-9);
  assert.deepEqual([same.images, same.mae.value, same.perceptual.value], [3, 0, 0]);
  assert.ok(Math.abs(same.ssim.value - 1) < 1e-6);
  const brighter = await pairLosses(
    images,
    images.map((value) => value + 0.1),
    SIZE,
    options,
  );
  assert.ok(Math.abs(brighter.psnr.value - 20) < 1e-4 && Math.abs(brighter.mae.value - 0.1) < 1e-6, JSON.stringify(brighter));
  assert.ok(Math.abs(brighter.perceptual.value - 0.1) < 1e-6 && brighter.ssim.value < 0.999);
  await assert.rejects(() => pairLosses(images, images.subarray(AREA), SIZE, options), /768 and 512 values are not as many 16 × 16 images/);
  await assert.rejects(() => pairLosses(images, images, 48, options), /are not as many 48 × 48 images/);
});

test('prompts are measured against other patients: further ones, or where these are few one half against the other', () => {
  const patients = Array.from({ length: 96 }, (_, i) => `p${Math.floor(i / 2)}`);
  const further = divided(patients, 39, key(1)); // p19 has an image on either side
  assert.deepEqual([further.cases.length, further.cases[38]], [39, 38]);
  assert.deepEqual([further.reference.length, further.reference[0]], [39, 40]);
  const half = divided(patients.slice(0, 50), 48, key(1));
  assert.ok(half.cases.length === half.reference.length && half.cases.length >= 22, `${half.cases.length}`);
  const own = new Set(Array.from(half.cases, (row) => patients[row]));
  assert.ok(Array.from(half.reference).every((row) => row < 48 && !own.has(patients[row])));
  assert.throws(() => divided(patients.slice(0, 10), 10, key(1)), /expected 8 images in each half/);
});

const around = (value: number, reach: number) => ({ value, low: value - reach, high: value + reach });
const found = (autoencoder: number, diffusion: number, reach: number, none: number) => {
  const row = (stage: DetailStage, value: number) => ({
    model: 'm',
    stage,
    count: 90,
    accuracy: around(value, reach),
    auroc: around(value, reach),
  });
  const power = (stage: DetailStage) => ({
    model: 'm',
    stage,
    rings: [],
    bands: [around(1, 0.01), around(stage === 'autoencoder' ? none : 1, 0.01)],
  });
  return verdictsOf(
    [row('autoencoder', autoencoder), row('generated', 1), row('diffusion', diffusion)],
    [power('autoencoder'), power('diffusion')],
  );
};

test('the stage that loses most is the one whose loss is larger beyond both intervals', () => {
  const [accuracy, power] = found(1, 0.57, 0.05, 0.05);
  assert.deepEqual([accuracy!.most, power!.most], ['autoencoder', 'autoencoder']);
  assert.match(
    verdictSentence(power!),
    /^m, by power of the finest band: the autoencoder loses most \(autoencoder 0\.05 .*nothing lost: 1\.00\)\.$/,
  );
  assert.equal(found(0.55, 0.9, 0.1, 1)[0]!.most, 'diffusion model');
  assert.equal(found(0.7, 0.75, 0.1, 1)[0]!.most, 'undecided');
  assert.deepEqual(
    found(0.52, 0.53, 0.1, 1).map(({ most }) => most),
    ['neither', 'neither'],
  );
  // Too much of a frequency is a loss as well, and as large as too little by the same factor.
  assert.equal(found(1, 0.5, 0.05, 4)[1]!.most, 'autoencoder');
  assert.deepEqual(verdictsOf([{ model: 'table', stage: 'generated', count: 90, accuracy: around(1, 0), auroc: around(1, 0) }], []), []);
});

test('parts are left out of drawn chests, and nothing else where there are none', () => {
  const phantom = openPhantom({ count: 60, cache: false });
  const studies = Array.from({ length: phantom.length }, (_, i) => phantom.study(i));
  const tubed = studies.find((study) => TUBES.has(study))!;
  const plain = studies.find((study) => !TUBES.has(study))!;
  assert.ok(tubed.findings.some(({ kind }) => kind === 'endotracheal tube'));
  assert.notDeepEqual(TUBES.without(tubed, 64), renderStudy(tubed, 64));
  assert.deepEqual(TUBES.without(plain, 64), renderStudy(plain, 64));
  assert.ok(RIBS.has(plain));
  assert.deepEqual(RIBS.without(plain, 64), renderStudy(plain, 64, { ribs: 0 }));
});

test(
  'perceptual distances are one a pair, and their mean is the loss',
  noLeaks(() => {
    const network = {
      params: {},
      features: (_: object, images: tf.Tensor4D) => [tf.concat([images, tf.sub(1, images)], 3) as tf.Tensor4D],
    };
    const [a, b] = [1, 2].map((seed) => tf.tensor4d(uniformArray(key(seed), 3 * AREA), [3, SIZE, SIZE, 1])) as [tf.Tensor4D, tf.Tensor4D];
    const [each, mean] = [perceptualDistances(network, {}, a, b), perceptualDistance(network, {}, a, b)];
    const values = each.dataSync();
    assert.equal(values.length, 3);
    const [x, y] = [a.dataSync(), b.dataSync()];
    for (let i = 0; i < 3; i++) {
      let expected = 0;
      for (let k = i * AREA; k < (i + 1) * AREA; k++) {
        const [u, v] = [Math.hypot(x[k]!, 1 - x[k]!), Math.hypot(y[k]!, 1 - y[k]!)];
        expected += ((x[k]! / u - y[k]! / v) ** 2 + ((1 - x[k]!) / u - (1 - y[k]!) / v) ** 2) / AREA;
      }
      assert.ok(Math.abs(values[i]! - expected) < 1e-5, `${values[i]} of ${expected}`);
    }
    assertClose(mean, [(values[0]! + values[1]! + values[2]!) / 3], 1e-6);
    tf.dispose([a, b, each, mean]);
  }),
);

test('ImageNet has five maps from fine to coarse, which the caller disposes', async (t) => {
  const network = await imageNetFeatures();
  if (!network) return t.skip('efficientnet-lite0 was not got');
  const images = tf.zeros([1, 32, 32, 1]) as tf.Tensor4D;
  const before = tf.memory().numTensors;
  const maps = network.features(network.params, images);
  assert.deepEqual(
    maps.map(({ shape }) => shape.slice(1)),
    [
      [112, 112, 16],
      [56, 56, 24],
      [28, 28, 40],
      [14, 14, 112],
      [7, 7, 320],
    ],
  );
  tf.dispose(maps as tf.Tensor4D[]);
  assert.equal(tf.memory().numTensors, before);
  images.dispose();
  dispose(network.params);
});
