/** Trainings on changed copies of few images. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { key, uniformArray } from 'roentgen-lab/engine';
import { fitDiffusion, fitVae, overrideRecipe, type Recipe } from 'roentgen-lab/experiments';
import { rowsOf } from 'roentgen-lab/files';
import { disposeModel, type Model } from 'roentgen-lab/pipelines';
import { trainingSet } from '#experiments/training-set';
import { assertSameTree } from '../networks';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { recipeOf } from '../training/strategy-cases';

const SIZE = 16;
const pixels = uniformArray(key(3), 6 * SIZE * SIZE);
const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
const changes = { 'data.augmentation': { copies: 3, shift: 0.1, rotation: 5, exposure: 0.2 } };

async function recipeWith(augmented: boolean): Promise<Recipe> {
  const plain = await recipeOf({ name: 'joint' }, 3);
  const recipe = { ...plain, vae: { ...plain.vae, optimisation: plain.diffusion.optimisation } };
  return augmented ? overrideRecipe(recipe, changes) : recipe;
}

test('texts are repeated beside their images; a recipe without augmentation has its data as they are', async () => {
  const rows = rowsOf(pixels, SIZE * SIZE);
  const plain = await recipeWith(false);
  const same = trainingSet(plain, rows, texts, key(1));
  assert.ok(same.pixels === rows && same.texts === texts);
  const more = trainingSet(await recipeWith(true), rows, texts, key(1));
  assert.deepEqual([more.pixels.length, more.texts], [18, [...texts, ...texts, ...texts]]);
});

test(
  'autoencoder and diffusion model are shown the copies, and end with the same bytes in one sitting and in two',
  noLeaks(async (t) => {
    const train = async (augmented: boolean, folder?: string, stopAt?: number): Promise<{ model: Model; cut: number }> => {
      const [model, recipe] = [tinyModel(), await recipeWith(augmented)];
      const stop = new AbortController();
      const kept = (part: string) => ({
        ...(folder ? { checkpoint: { folder: join(folder, part), resume: 'always' as const } } : {}),
        signal: stop.signal,
      });
      await fitVae(model, recipe, pixels, { key: key(1), ...kept('vae') });
      let seen = 0;
      await fitDiffusion(model, recipe, pixels, texts, {
        key: key(2),
        ...kept('diffusion'),
        onTexts: (told) => {
          seen = told.texts;
        },
        onStep: ({ step }) => {
          if (step === stopAt) stop.abort();
        },
      });
      return { model, cut: seen };
    };
    const folder = tempDir(t);
    const plain = await train(false);
    const whole = await train(true);
    const stopped = await train(true, folder, 1);
    const resumed = await train(true, folder);
    assert.deepEqual([plain.cut, whole.cut], [6, 18]);
    const parts = ({ unet, vae }: Model) => ({ unet: unet.params, vae: vae.params }) as never;
    assertSameTree(parts(resumed.model), parts(whole.model));
    const weights = ({ vae }: Model): number[] => [...vae.params.encoder.conv_in.weight.dataSync()];
    assert.notDeepEqual(weights(plain.model), weights(whole.model));
    for (const { model } of [plain, whole, stopped, resumed]) disposeModel(model);
  }),
);
