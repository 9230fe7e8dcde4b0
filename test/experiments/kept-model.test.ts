import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keptModel, loadRecipe, type Recipe } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import { noLeaks, tempDir } from '../support';

async function tiny(): Promise<Recipe> {
  const recipe = await loadRecipe('smoke');
  const short = <T extends { optimisation: object }>(part: T, batchSize: number): T => ({
    ...part,
    optimisation: { ...part.optimisation, steps: 2, batch_size: batchSize },
  });
  return { ...recipe, data: { train: 24, test: 8 }, vae: short(recipe.vae, 2), diffusion: short(recipe.diffusion, 4) };
}

test(
  'a model is trained once, kept in the last folder, and loaded from then on',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const folders = [join(folder, 'better'), join(folder, 'kept')] as const;
    const recipe = await tiny();
    const steps: string[] = [];
    const first = await keptModel({ folders, recipe, onStep: (part, step, all) => void steps.push(`${part} ${step}/${all}`) });
    assert.deepEqual(steps, ['autoencoder 1/4', 'autoencoder 2/4', 'U-Net and text encoder 3/4', 'U-Net and text encoder 4/4']);
    assert.equal(first.folder, folders[1]);
    const card = readFileSync(join(folders[1], 'README.md'), 'utf8');
    assert.match(card, /## Data\n\n24 pictures with a text each: /);
    assert.match(card, /\| recipe \| smoke \|\n\| strategy \| joint \|\n\| steps \| 2 \|\n\| batch size \| 4 \|/);
    assert.match(card, /\| training loss, mean of the last tenth of the steps \| [\d.]+ \|/);
    assert.doesNotMatch(card, /Not recorded/);
    const again = await keptModel({ folders, recipe, onStep: () => assert.fail('trained again') });
    const [a, b] = [first, again].map((model) => model.unet.params.conv_in.weight.dataSync());
    assert.deepEqual(b, a);
    disposeModel(first);
    disposeModel(again);
  }),
);

test(
  'an interrupted training keeps nothing and says what to do',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const stop = new AbortController();
    const recipe = await tiny();
    const folders = [join(folder, 'kept')] as const;
    await assert.rejects(
      keptModel({ folders, recipe, signal: stop.signal, onStep: () => stop.abort(new Error('stopped')) }),
      /interrupted, so nothing was kept; run it again/,
    );
  }),
);
