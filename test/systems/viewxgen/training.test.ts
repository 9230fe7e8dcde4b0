import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, flatten, key, type Tree } from 'roentgen-lab/engine';
import { readSafetensors, rowsOf, writeSafetensors } from 'roentgen-lab/files';
import {
  autoencoderHash,
  type ChestView,
  fitViewxgen,
  imageCodes,
  imagesOfCodes,
  loadViewxgen,
  loadViewxgenRecipe,
  phantomViewStudies,
  reportText,
  type ViewStudies,
  type ViewxgenModel,
  viewxgenParts,
  viewxgenWriter,
} from 'roentgen-lab/systems';
import { initVq, saveVq } from 'roentgen-lab/vq';
import { noLeaks, tempDir } from '../../support';
import { SIZE, tinyRecipe } from './tiny';

/** Pictures of noise, each study with as many views as its number says. */
function madeStudies(): ViewStudies {
  const views: readonly ChestView[] = ['PA', 'LATERAL', 'AP'];
  let row = 0;
  const studies = Array.from({ length: 12 }, (_, i) => ({
    id: `s${i}`,
    patient: `p${i}`,
    report: reportText(i % 2 === 0 ? 'Left  effusion.' : 'No effusion. Heart size is normal.'),
    labels: { effusion: i % 2 === 0 ? 1 : 0 } as const,
    images: views.slice(0, 1 + (i % 3)).map((view) => ({ view, row: row++ })),
  }));
  const pixels = Float32Array.from({ length: row * SIZE * SIZE }, (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37 + Math.floor(i / 256)));
  return { studies, pixels: rowsOf(pixels, SIZE * SIZE) };
}

const bytesOf = ({ params, vq }: ViewxgenModel): Record<string, string> =>
  Object.fromEntries(
    Object.entries(flatten({ params, vq: vq.params } as unknown as Tree)).map(([path, leaf]) => [
      path,
      Buffer.from((leaf.dataSync() as Float32Array).slice().buffer).toString('base64'),
    ]),
  );
const free = ({ params, vq }: ViewxgenModel): void => dispose(params as Tree, vq.params as Tree);

test(
  'both trainings, stopped and called again, end with the same bytes; what is loaded again writes and draws the same',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe({ autoencoder: 6, sequence: 7 });
    const folder = tempDir(t);
    const data = madeStudies();
    const out = join(folder, 'partly');
    const whole = await fitViewxgen({ recipe, data, key: key(5) }, join(folder, 'whole'));
    const fit = (stopAt: string) => {
      const stop = new AbortController();
      return fitViewxgen(
        {
          recipe,
          data,
          key: key(5),
          signal: stop.signal,
          watch: (stage) => ({
            checkpoints: { folder: join(out, stage, 'checkpoints'), identity: 'one', resume: 'always', every: 2 },
            onStep: ({ step }) => {
              if (stopAt === `${stage} ${step}`) stop.abort();
            },
          }),
        },
        out,
      );
    };
    await assert.rejects(fit('autoencoder 3'), { name: 'AbortError' });
    assert.ok(!existsSync(viewxgenParts(out).autoencoder), 'nothing is written of a training that was stopped');
    await assert.rejects(fit('sequence 5'), { name: 'AbortError' });
    const again = await fit('');
    assert.deepEqual(bytesOf(again), bytesOf(whole));
    const loaded = await loadViewxgen(viewxgenParts(out).model);
    assert.deepEqual(bytesOf(loaded), bytesOf(whole));

    const autoencoder = await autoencoderHash(viewxgenParts(out).autoencoder);
    const codes = await imageCodes(loaded.vq, data, { size: SIZE, autoencoder });
    const known = [0, 3].map(() => ({
      report: 'left effusion.',
      images: [{ kind: 'image', view: 'PA', codes: codes.slice(0, 16) } as const],
    }));
    const options = { key: key(1) };
    const made: unknown[] = [];
    for (const model of [whole, loaded]) {
      const writer = viewxgenWriter(model);
      const views = await writer.views(known, 'LATERAL', options);
      const reports = await writer.reports(known, options);
      const images = await imagesOfCodes(model, views);
      assert.deepEqual([views[0]!.length, images.length, reports.length], [16, 2 * SIZE * SIZE, 2]);
      assert.ok(views.every((row) => row.every((code) => code >= 0 && code < 16)));
      assert.ok(images.every((value) => value >= 0 && value <= 1));
      await assert.rejects(writer.reports([known[0]!, { images: [] }], options), /the same number of views/);
      await assert.rejects(writer.views([{ images: new Array(3).fill(known[0]!.images[0]) }], 'AP', options), /at most 2 views beside/);
      assert.deepEqual(await writer.reports([], options), []);
      made.push({ views, reports, images });
      writer.dispose();
    }
    assert.deepEqual(made[0], made[1]);
    free(again);
    free(loaded);
    free(whole);
  }),
);

test(
  'random rows of the features are drawn anew after as many steps as the recipe says, and stay the first where it says none',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe({ autoencoder: 1, sequence: 1 });
    const data = madeStudies();
    const rowsAfter = async (steps: number, redraw_every?: number): Promise<string> => {
      const { redraw_every: _, ...rest } = recipe;
      const own = { ...rest, optimisation: { ...recipe.optimisation, steps }, ...(redraw_every !== undefined && { redraw_every }) };
      const model = await fitViewxgen({ recipe: own, data, key: key(5) }, tempDir(t));
      const rows = Object.entries(bytesOf(model)).filter(([path]) => path.endsWith('projection_matrix'));
      free(model);
      assert.equal(rows.length, recipe.network.depth);
      return JSON.stringify(rows);
    };
    const first = await rowsAfter(1);
    assert.equal(await rowsAfter(4), first);
    assert.equal(await rowsAfter(3, 3), first);
    assert.notEqual(await rowsAfter(4, 3), first);
  }),
);

test(
  'a folder with the autoencoder of another network is refused, and settings that make no network are named',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe({ autoencoder: 1, sequence: 1 });
    const out = tempDir(t);
    const model = await fitViewxgen({ recipe, data: madeStudies(), key: key(5) }, out);
    const { model: folder } = viewxgenParts(out);
    const other = initVq(model.vq.config, key(9));
    await saveVq(join(folder, 'vqvae'), { config: model.vq.config, params: other });
    await assert.rejects(loadViewxgen(folder), /is not the autoencoder that the network was trained with/);
    const file = join(folder, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...config, attention: 'sparse' }));
    await assert.rejects(loadViewxgen(folder), /attention.*"sparse"/);
    await assert.rejects(loadViewxgen(join(out, 'nowhere')), /is not there/);
    const wrong = join(out, 'wrong.json');
    await writeFile(wrong, JSON.stringify({ ...recipe, size: 18 }));
    await assert.rejects(loadViewxgenRecipe(wrong), /size: expected a multiple of 4, the autoencoder's, got 18/);
    await assert.rejects(loadViewxgenRecipe('nothing'), /no recipe "nothing"; there are phantom, small and paper/);
    dispose(other as Tree);
    free(model);
  }),
);

test('studies of the phantom have one to three views of one patient, frontal ones first, and a report in small letters', async () => {
  const { studies, pixels } = await phantomViewStudies('train', 24, { size: SIZE, images: 3 });
  const counts = [1, 2, 3].map((n) => studies.filter(({ images }) => images.length === n).length);
  assert.equal(
    counts.reduce((a, b) => a + b),
    24,
  );
  assert.ok(
    counts.every((n) => n > 0),
    counts.join(),
  );
  assert.equal(
    pixels.length,
    studies.reduce((sum, { images }) => sum + images.length, 0),
  );
  for (const { images, report } of studies) {
    assert.match(images[0]!.view, /^(PA|AP)$/);
    if (images[1]) assert.equal(images[1].view, 'LATERAL');
    if (images[2]) assert.notEqual(images[2].view, images[0]!.view);
    assert.equal(report, report.toLowerCase());
  }
  const two = await phantomViewStudies('train', 24, { size: SIZE, images: 2 });
  assert.ok(two.studies.every(({ images }) => images.length <= 2));
});

test(
  'a checkpoint of the release is read by its own names; what it does not use is passed over',
  noLeaks(async (t) => {
    const recipe = await tinyRecipe({ autoencoder: 1, sequence: 1 });
    const out = tempDir(t);
    const model = await fitViewxgen({ recipe, data: madeStudies(), key: key(5) }, out);
    const { model: folder } = viewxgenParts(out);
    const path = join(folder, 'model.safetensors');
    const tensors = Object.entries(await readSafetensors(path)).map(([name, tensor]) => [
      `transformerLM_unified.${name.replace('image_pos_emb.weights.', 'image_pos_emb.weights_')}`,
      tensor,
    ]);
    const axial = tensors.find(([name]) => name === 'transformerLM_unified.image_pos_emb.weights_0')![1] as { shape: number[] };
    assert.deepEqual(axial.shape, [1, 5, 1, 32], 'rows of four codes and one more, as the release has them');
    const one = { shape: [1], data: Float32Array.of(1) };
    const unused = ['to_out_txt.weight', 'to_out_img.bias', 'transformer.proj_updater.instance.layers.0.0.norm.weight'];
    await writeSafetensors(path, {
      ...(Object.fromEntries(tensors) as Awaited<ReturnType<typeof readSafetensors>>),
      ...Object.fromEntries(unused.map((name) => [`transformerLM_unified.${name}`, one])),
    });
    const loaded = await loadViewxgen(folder);
    assert.deepEqual(bytesOf(loaded), bytesOf(model));
    free(loaded);
    free(model);
  }),
);
