/** CheXNet on invented images: what it learns, how it goes on, and how it is kept. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, flatten, key, type Tree } from 'roentgen-lab/engine';
import { measureLabels } from 'roentgen-lab/evaluation';
import { rowsOf } from 'roentgen-lab/files';
import {
  type CheXNetParams,
  type DomainImages,
  estimateCheXNetMemory,
  foldsOf,
  leakOf,
  loadCheXNet,
  loadDrrRateRecipe,
  predictLabels,
  randomResizedCrops,
  saveCheXNet,
  trainCheXNet,
  treeOf,
} from 'roentgen-lab/systems';
import { loadDenseNet } from 'roentgen-lab/vision';
import { noLeaks, tempDir } from '../../support';
import { tinyRecipe } from './tiny';

const SIZE = 32;

/** Images with a bright part where the label is: below for an effusion, in the middle for a large heart; two of each patient. */
function invented(count: number): DomainImages {
  const images: DomainImages['images'][number][] = [];
  const [AP, LATERAL] = [new Float32Array(count * SIZE * SIZE), new Float32Array(count * SIZE * SIZE)];
  for (let i = 0; i < count; i++) {
    const [effusion, heart] = [i % 2, (i >> 1) % 2];
    for (let y = 0; y < SIZE; y++)
      for (let x = 0; x < SIZE; x++) {
        const grain = (((i * 31 + y * 17 + x * 7) * 2654435761) % 1000) / 5000;
        const at = i * SIZE * SIZE + y * SIZE + x;
        AP[at] = 0.3 + grain + (effusion && y > 24 ? 0.3 : 0) + (heart && Math.hypot(x - 16, y - 14) < 7 ? 0.3 : 0);
        LATERAL[at] = 0.2 + grain;
      }
    images.push({ patient: `p${i >> 1}`, labels: { 'pleural effusion': effusion as 0 | 1, cardiomegaly: heart as 0 | 1 } });
  }
  return { domain: 'drr', images, pixels: { AP: rowsOf(AP, SIZE * SIZE), LATERAL: rowsOf(LATERAL, SIZE * SIZE) } };
}

const bytesOf = (params: CheXNetParams): Record<string, number[]> =>
  Object.fromEntries(Object.entries(flatten(params as unknown as Tree)).map(([path, leaf]) => [path, Array.from(leaf.dataSync())]));

test(
  'it learns what images show; stopped and called again it ends with the same bytes, and its folder gives the same network',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe(40);
    const folder = tempDir(t);
    const images = invented(48);
    const { training, heldOut } = foldsOf(images, 'patient', 4)[0]!;
    const options = { recipe, sets: [{ images, rows: training }], views: ['AP'] as const, key: key(2) };
    const whole = await trainCheXNet(options);
    const scores = await predictLabels(whole, images, { rows: heldOut });
    const measured = measureLabels(
      { images: Array.from(heldOut, (i) => images.images[i]!), labels: whole.config.labels, scores },
      { key: key(3), draws: 20 },
    );
    for (const { label, auroc, prevalence } of measured.slice(0, 2))
      assert.ok(auroc.value > 0.95 && auroc.low <= auroc.value && prevalence > 0.2, `${label}: ${auroc.value}`);
    assert.deepEqual(measured.map(({ label }) => label), ['cardiomegaly', 'pleural effusion', 'mean of the six']); // biome-ignore format: one line

    const checkpoints = { folder: join(folder, 'checkpoints'), identity: 'one', resume: 'always', every: 10 } as const;
    const stop = new AbortController();
    const stopped = trainCheXNet({
      ...options,
      checkpoints,
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 13) stop.abort();
      },
    });
    await assert.rejects(stopped, { name: 'AbortError' });
    const again = await trainCheXNet({ ...options, checkpoints });
    assert.deepEqual(bytesOf(again.params), bytesOf(whole.params));

    await saveCheXNet(join(folder, 'model'), again);
    const loaded = await loadCheXNet(join(folder, 'model'));
    assert.deepEqual(await predictLabels(loaded, images, { rows: heldOut }), scores);
    const view = await loadDenseNet(join(folder, 'model', 'AP'));
    assert.equal(view.config.num_classes, 18);
    dispose(treeOf(whole.params), treeOf(again.params), treeOf(loaded.params), view.params as unknown as Tree);
  }),
);

test(
  'with a lateral view two networks add up; radiographs beside reconstructions give a network of both',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe(2);
    const images = invented(12);
    const two = await trainCheXNet({ recipe, sets: [{ images }], views: ['AP', 'LATERAL'], key: key(1) });
    assert.deepEqual(Object.keys(two.params), ['AP', 'LATERAL']);
    const folder = join(tempDir(t), 'two');
    await saveCheXNet(folder, two);
    const loaded = await loadCheXNet(folder);
    assert.deepEqual(await predictLabels(loaded, images), await predictLabels(two, images));

    const radiographs: DomainImages = { ...images, domain: 'x-ray', pixels: { AP: images.pixels.AP } };
    const both = await trainCheXNet({ recipe, sets: [{ images }, { images: radiographs }], views: ['AP'], key: key(1) });
    assert.equal(both.config.labels.length, 18 + 14 - 6);
    const sets = [{ images: radiographs }];
    await assert.rejects(trainCheXNet({ recipe, sets, views: ['AP', 'LATERAL'], key: key(1) }), /have no LATERAL view/);
    await assert.rejects(
      predictLabels(both, { ...images, pixels: { AP: rowsOf(new Float32Array(12 * 64), 64) } }),
      /expected images of 32 × 32/,
    );
    const { MiB } = estimateCheXNetMemory(recipe, sets, ['AP']);
    assert.ok(MiB > 100 && MiB < 1500, `${MiB} MiB`);
    dispose(treeOf(two.params), treeOf(loaded.params), treeOf(both.params));
  }),
);

test('folds by image put patients on both sides, by patient never; every image is held out once', () => {
  const images = invented(40);
  for (const by of ['image', 'patient'] as const) {
    const folds = foldsOf(images, by, 5);
    assert.deepEqual(folds.flatMap(({ heldOut }) => Array.from(heldOut)).sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => i)); // biome-ignore format: one line
    for (const fold of folds) {
      assert.deepEqual([fold.heldOut.length, fold.training.length], [8, 32]);
      const leak = leakOf(images, fold);
      assert.ok(by === 'patient' ? leak === 0 : leak > 0.4, `${by}: ${leak}`);
    }
  }
  assert.throws(() => foldsOf(images, 'patient', 21), /expected at least 21 patients, got 20/);
});

test('a crop of the whole image is the image; others are squares of it', () => {
  const image = Float32Array.from({ length: 2 * SIZE * SIZE }, (_, i) => (i % SIZE) + 100 * (Math.floor(i / SIZE) % SIZE));
  assert.deepEqual(randomResizedCrops(image, SIZE, [1, 1], key(1)), image);
  const cropped = randomResizedCrops(image, SIZE, [0.25, 0.25], key(1));
  const step = cropped[5 * SIZE + 11]! - cropped[5 * SIZE + 10]!;
  assert.ok(Math.abs(step - 0.5) < 1e-3, `half the side is shown twice as large: ${step}`);
  assert.ok(Math.abs(cropped[6 * SIZE + 10]! - cropped[5 * SIZE + 10]! - 50) < 0.01);
  assert.notDeepEqual(cropped.slice(0, SIZE * SIZE), cropped.slice(SIZE * SIZE), 'each image has its own');
  assert.notDeepEqual(randomResizedCrops(image, SIZE, [0.25, 0.25], key(2)), cropped);
});

test('the recipes are whole', async () => {
  for (const name of ['laptop', 'small', 'paper']) assert.equal((await loadDrrRateRecipe(name)).name, name);
  await assert.rejects(loadDrrRateRecipe('nothing'), /no recipe "nothing"; there are laptop, small and paper/);
});
