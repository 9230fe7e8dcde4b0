/** Training whose images, latents and contexts lie on disk gives the bytes of one that holds them in memory. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPhantom, pixelRows } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { type FitDiffusionOptions, fitDiffusion, fitVae } from 'roentgen-lab/experiments';
import type { Rows } from 'roentgen-lab/files';
import { disposeModel, type Model } from 'roentgen-lab/pipelines';
import { assertSameTree } from '../networks';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { recipeOf, SIZE } from './strategy-cases';

const COUNT = 70;
const texts = Array.from({ length: COUNT }, (_, i) => (i % 2 ? 'left pleural effusion' : 'no acute process'));

test(
  'autoencoder and diffusion model, with a frozen text encoder and with one that trains',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const phantom = openPhantom({ seed: 5, count: COUNT, cache: false });
    const rows = await pixelRows(phantom, SIZE, { cache: join(folder, 'pixels') });
    const all = await rows.read(Array.from({ length: COUNT }, (_, i) => i));
    const reads: number[] = [];
    const watched: Rows = {
      ...rows,
      read: (chosen) => {
        reads.push(chosen.length);
        return rows.read(chosen);
      },
    };
    const folders = { latentFolder: join(folder, 'latents'), contextFolder: join(folder, 'contexts') };
    const trained = async (images: Float32Array | Rows, where: Partial<FitDiffusionOptions>): Promise<Model> => {
      const model = tinyModel();
      const recipe = await recipeOf({ name: 'joint' }, 3);
      const { optimisation } = recipe.diffusion;
      await fitVae(model, { ...recipe, vae: { ...recipe.vae, optimisation } }, images, { key: key(1) });
      for (const trains of [['unet'], ['unet', 'textEncoder']] as const)
        await fitDiffusion(model, recipe, images, texts, { key: key(2), trains, ...where });
      return model;
    };
    const memory = await trained(all, {});
    const disk = await trained(watched, folders);
    const parts = ({ unet, vae, textEncoder }: Model) => ({ unet: unet.params, vae: vae.params, text: textEncoder.params });
    assertSameTree(parts(disk), parts(memory));
    assert.ok(
      Math.max(...reads) <= COUNT && reads.filter((n) => n === COUNT).length <= 2,
      'only to encode them are all images of a file read at once',
    );
    assert.deepEqual([readdirSync(folders.latentFolder).length, readdirSync(folders.contextFolder).length], [1, 1]);

    // Once more, with the same autoencoder: latents come from the folder, and no image is read.
    reads.length = 0;
    const again = await recipeOf({ name: 'joint' }, 1);
    await fitDiffusion(disk, again, watched, texts, { key: key(3), ...folders });
    assert.deepEqual(reads, []);
    for (const model of [memory, disk]) disposeModel(model);
  }),
);
