/** Recipes that can't be worked with: what is wrong is told by key, before anything is made. */
import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { initModel, loadRecipe, overrideRecipe, pipelineShapes } from 'roentgen-lab/experiments';
import { FileError } from 'roentgen-lab/files';
import type { Model } from 'roentgen-lab/pipelines';
import { loadEncoderRecipe } from '#experiments/encoder-recipe';
import { recipeNames } from '#experiments/recipe';
import { modelToAdapt, recipeForSize, recipesForAnyData } from '#experiments/recipe-for-size';
import { wordVocabulary } from '#tokenizers/internal';
import { noLeaks, tempDir } from '../support';

const cases: readonly (readonly [content: unknown, what: RegExp])[] = [
  ['null', /is not a JSON object/],
  ['[1]', /is not a JSON object/],
  ['"smoke"', /is not a JSON object/],
  ['{"extends": ', /is not valid JSON/],
  ['', /is not valid JSON: it is empty/],
  ['version https://git-lfs.github.com/spec/v1\n', /git-lfs pointer/],
  [Buffer.from('{"comment": "Gr\xf6\xdfe"}', 'latin1'), /line 1 is not UTF-8/],
  [{}, /name is missing; size is missing/],
  [{ extends: 5 }, /extends: expected the name or file of a recipe, got 5/],
  [{ extends: 'nothing-of-this-name' }, /no recipe "nothing-of-this-name"; there are .*smoke/],
  [{ extends: 'smoke', sise: 32 }, /sise is unknown \(did you mean size/],
  [{ extends: 'smoke', vae: null }, /vae: expected an object, got null/],
  [{ extends: 'smoke', size: 1e9 }, /size: expected a whole number from 1 to 16384, got 1000000000/],
  [{ extends: 'smoke', size: '32' }, /size: expected a whole number from 1 to 16384, got "32"/],
  [{ extends: 'smoke', vae: { crop: 30 } }, /vae.crop: expected a multiple of 4, .* up to the images' 64 pixels, got 30/],
  [{ extends: 'smoke', vae: { crop: 128 } }, /vae.crop: expected .* got 128/],
  [{ extends: 'smoke', data: { train: 1e12 } }, /data.train: expected a whole number from 1 to 10000000/],
  [{ extends: 'smoke', data: { views: ['SIDE'] } }, /data.views: expected a list, each "PA" or "AP" or "LATERAL"/],
  [{ extends: 'smoke', data: { style: 'report' } }, /data.style: expected "prompt" or "impression" or "both", got "report"/],
  [
    { extends: 'smoke', data: { augmentation: { copies: 0, shift: 2 } } },
    /augmentation.copies: .*got 0; .*shift: .*got 2; .*rotation is missing/,
  ],
  [{ extends: 'smoke', sampling: { rescale: 1.5 } }, /sampling.rescale: expected a number from 0 to 1, got 1.5/],
  [{ extends: 'smoke', tokenizer: { max_length: 1e9 } }, /tokenizer.max_length: expected a whole number from 1 to 100000/],
  [
    { extends: 'smoke', sampling: { steps: -1, guidance: 'strong' } },
    /sampling.steps: .*got -1; sampling.guidance: expected a number from 0, got "strong"/,
  ],
  [{ extends: 'smoke', classifier: { channels: [8, 16] } }, /classifier.channels: expected a list of 3/],
  [{ extends: 'smoke', diffusion: { optimisation: { betas: null } } }, /diffusion.optimisation.betas: expected a list/],
  [
    { extends: 'smoke', diffusion: { optimisation: { steps: 1.5 } } },
    /diffusion.optimisation.steps: expected a whole number from 1, got 1.5/,
  ],
  // Names that recipes had before they were wholly in snake_case.
  [
    { extends: 'smoke', diffusion: { optimisation: { batchSize: 4 } } },
    /diffusion.optimisation.batchSize is unknown \(did you mean batch_size/,
  ],
  [
    { extends: 'smoke', vae: { optimisation: { learningRate: {} } } },
    /vae.optimisation.learningRate is unknown \(did you mean learning_rate/,
  ],
  [{ extends: 'smoke', classifier: { optimisation: { emaDecay: 0 } } }, /optimisation.emaDecay is unknown \(did you mean ema_decay/],
  [{ extends: 'smoke', expect: { fidRatio: 1 } }, /expect.fidRatio is unknown \(did you mean fid_ratio/],
  [{ extends: 'smoke', diffusion: { strategy: 'joint' } }, /diffusion.strategy: expected an object, got "joint"/],
  [{ extends: 'smoke', diffusion: { strategy: { name: 'luck' } } }, /strategy: name: expected one of joint/],
  [{ extends: 'smoke', unet: { layers_per_block: 1e8 } }, /layers_per_block: expected a whole number from 1 to 1000/],
  [{ extends: 'smoke', vae: { config: { block_out_channels: 'wide' } } }, /block_out_channels: expected a list/],
  [{ extends: 'smoke', text_encoder: { config: { num_hidden_layers: 1e9 } } }, /num_hidden_layers: expected a whole number from 1 to 1000/],
  [{ extends: 'smoke', scheduler: { num_train_timesteps: 1e9 } }, /num_train_timesteps: expected a whole number from 1 to 1000000/],
  [{ extends: 'smoke', scheduler: { _class_name: 'LCMScheduler' } }, /LCMScheduler is not supported/],
];

test('what a recipe gets wrong is a FileError that names file and key', async (t) => {
  const file = join(tempDir(t), 'recipe.json');
  for (const [content, what] of cases) {
    writeFileSync(file, typeof content === 'string' || content instanceof Buffer ? content : JSON.stringify(content));
    await assert.rejects(loadRecipe(file), (error: Error) => error instanceof FileError && what.test(error.message), String(what));
  }
  await assert.rejects(loadRecipe('smokey'), (error: Error) => error instanceof FileError && /there are .*smoke/.test(error.message));
  for (const name of recipeNames()) await loadRecipe(name);
});

test('a recipe that extends itself ends, in one step or in several', { timeout: 10_000 }, async (t) => {
  const folder = tempDir(t);
  const [a, b] = [join(folder, 'a.json'), join(folder, 'b.json')];
  writeFileSync(a, JSON.stringify({ extends: a }));
  await assert.rejects(loadRecipe(a), /a\.json: extends itself/);
  writeFileSync(a, JSON.stringify({ extends: b }));
  writeFileSync(b, JSON.stringify({ extends: a }));
  await assert.rejects(loadRecipe(a), /a\.json: extends itself, by way of .*a\.json, .*b\.json/);
});

test('a value of --set is refused as what the caller asked for', async () => {
  const recipe = await loadRecipe('smoke');
  for (const [path, value, what] of [
    ['size', 'large', /recipe with --set: size: expected a whole number/],
    ['diffusion.text_dropout', 2, /diffusion.text_dropout: expected a number from 0 to 1, got 2/],
    ['unet.layers_per_block', 1e8, /layers_per_block/],
  ] as const)
    assert.throws(
      () => overrideRecipe(recipe, { [path]: value }),
      (error: Error) => error instanceof RangeError && what.test(error.message),
    );
});

test("an encoder's recipe too", async (t) => {
  const file = join(tempDir(t), 'encoder.json');
  const good = await loadEncoderRecipe('phantom-bert');
  for (const [change, what] of [
    [{ config: { ...good.config, num_hidden_layers: 1e9 } }, /num_hidden_layers: expected a whole number from 1 to 1000/],
    [{ config: { ...good.config, num_attention_heads: 5 } }, /not a multiple of num_attention_heads/],
    [{ config: null }, /config: expected an object, got null/],
    [{ optimisation: { ...good.optimisation, betas: undefined } }, /optimisation.betas is missing/],
    [{ optimisation: { ...good.optimisation, learning_rate: 1e-3 } }, /optimisation.learning_rate: expected an object/],
    [{ texts: { impressions: 1e15, prompts: 1 } }, /texts.impressions: expected a whole number from 0/],
    [{ textes: 1 }, /textes is unknown/],
  ] as const) {
    writeFileSync(file, JSON.stringify({ ...good, ...change }));
    await assert.rejects(loadEncoderRecipe(file), (error: Error) => error instanceof FileError && what.test(error.message), String(what));
  }
  await assert.rejects(loadEncoderRecipe('none'), FileError);
});

test(
  'networks that do not fit into memory are refused by their number of parameters before any is made',
  { timeout: 20_000 },
  noLeaks(async () => {
    const recipe = await loadRecipe('smoke');
    const tokenizer = wordVocabulary(['left effusion'], { vocabularySize: 60, maxLength: 12 });
    const wide = overrideRecipe(recipe, { 'text_encoder.config.intermediate_size': 2 ** 31 - 1 });
    assert.throws(
      () => initModel(wide, tokenizer, key(1)),
      /recipe smoke: its networks have .* parameters, \d+ MiB, and \d+ MiB are free here/,
    );
  }),
);

test('the shapes of a recipe are those that its model has', async () => {
  const recipe = await loadRecipe('quickstart');
  const expected = { tokens: 24, vocabulary: 1000, contextWidth: 64, latents: [16, 16, 8], steps: 20, image: [64, 64, 1] };
  assert.deepEqual(pipelineShapes(recipe), expected);
  const { unet } = recipe;
  const wider = {
    unet: { config: { ...unet, in_channels: 12 } },
    vae: { config: recipe.vae.config },
    textEncoder: { config: recipe.text_encoder.config },
  };
  assert.deepEqual(pipelineShapes(recipe, wider as unknown as Model).latents, [16, 16, 12]);
});

test("the recipe for anybody's images of a size is the one that says so, and not those that extend it", async (t) => {
  const folder = tempDir(t);
  const write = (name: string, recipe: object): void =>
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ extends: 'smoke', ...recipe }));
  write('large', { size: 128, adapts: 'phantom-128' });
  write('small', { size: 64, adapts: 'smoke' });
  write('other', { extends: join(folder, 'large.json'), name: 'other' });
  assert.deepEqual(
    [...(await recipesForAnyData(folder))],
    [
      [64, 'small'],
      [128, 'large'],
    ],
  );
  assert.equal(await recipeForSize(128, folder), 'large');
  await assert.rejects(
    recipeForSize(96, folder),
    (error: Error) =>
      error instanceof RangeError && /expected a side of 64 \(recipe small\) or 128 \(recipe large\) pixels, got 96/.test(error.message),
  );
  assert.equal((await loadRecipe(join(folder, 'other.json'))).adapts, 'phantom-128', 'it starts from the same model');
  write('twice', { size: 128, adapts: 'smoke' });
  await assert.rejects(recipesForAnyData(folder), /twice\.json: adapts: large is for images of 128 pixels already/);
  write('twice', { size: 128, adapts: true });
  await assert.rejects(loadRecipe(join(folder, 'twice.json')), /adapts: expected a string, got true/);
  assert.deepEqual(
    [...(await recipesForAnyData())],
    [
      [64, 'quickstart-real'],
      [128, 'nih-128'],
      [256, 'nih-256'],
    ],
  );
});

test('the model of a recipe that is adapted is named by its whole path: who asks and who reads may be in different folders', (t) => {
  const [folder, before] = [tempDir(t), process.cwd()];
  const model = join(folder, 'runs', 'adapted-in-a-test', 'model');
  mkdirSync(model, { recursive: true });
  writeFileSync(join(model, 'model_index.json'), '{}');
  process.chdir(folder);
  t.after(() => process.chdir(before));
  const found = modelToAdapt('adapted-in-a-test')!;
  assert.ok(isAbsolute(found), found);
  assert.equal(realpathSync(found), realpathSync(model));
  process.chdir(before);
  assert.equal(modelToAdapt('nothing-of-this-name'), undefined);
});
