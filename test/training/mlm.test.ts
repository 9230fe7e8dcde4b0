import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTextEncoder } from 'roentgen-lab/encoders';
import { dispose, flatten, key, type Tree, uniformArray } from 'roentgen-lab/engine';
import { fitDiffusion, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import { encoderTexts, fitEncoder, loadEncoderRecipe, recipeNames } from '#experiments/internal';
import { wordVocabulary } from '#tokenizers/internal';
import { maskTokens } from '#training/train-mlm';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';

test('15% of the free tokens are asked for; of these 80% are masked, 10% replaced, 10% stay', () => {
  const n = 200_000;
  const ids = Int32Array.from({ length: n }, (_, i) => i % 50);
  const { ids: hidden, asked } = maskTokens(ids, (id) => id >= 10, 7, 1000, key(3));
  const free = ids.filter((id) => id >= 10).length;
  const chosen = Array.from(ids.keys()).filter((i) => asked[i] === 1);
  const share = (part: number, whole: number): number => part / whole;
  assert.ok(chosen.every((i) => ids[i]! >= 10));
  assert.ok(Array.from(ids.keys()).every((i) => asked[i] === 1 || hidden[i] === ids[i]));
  assert.ok(Math.abs(share(chosen.length, free) - 0.15) < 0.005);
  assert.ok(Math.abs(share(chosen.filter((i) => hidden[i] === 7).length, chosen.length) - 0.8) < 0.01);
  assert.ok(Math.abs(share(chosen.filter((i) => hidden[i] === ids[i]).length, chosen.length) - 0.1) < 0.01);
  assert.deepEqual(
    maskTokens(ids, (id) => id >= 10, 7, 1000, key(3)),
    { ids: hidden, asked },
  );
});

test('a word vocabulary has frequent words whole and spells out the rest', () => {
  const tokenizer = wordVocabulary(['Left effusion.', 'left effusion, small'], { vocabularySize: 60, maxLength: 16 });
  assert.deepEqual(tokenizer.tokens('Left effusion'), ['[CLS]', 'left', 'effusion', '[SEP]']);
  assert.deepEqual(tokenizer.tokens('fuse'), ['[CLS]', 'f', '##u', '##s', '##e', '[SEP]']);
  assert.throws(
    () => wordVocabulary(['abc'], { vocabularySize: 6, maxLength: 8 }),
    /expected at least 11, for special tokens and characters, got 6/,
  );
});

test(
  "the domain's encoder learns, is saved as a folder that loads again, and takes CLIP's place in both strategies",
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'encoder');
    const full = await loadEncoderRecipe('phantom-bert');
    const recipe = {
      ...full,
      tokenizer: { vocabulary_size: 400, max_length: 40 },
      config: { model_type: 'bert' as const, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 },
      optimisation: { ...full.optimisation, steps: 60, learning_rate: { ...full.optimisation.learning_rate, peak: 3e-3, warmup: 5 } },
      texts: { impressions: 20, prompts: 200 },
    };
    assert.equal(encoderTexts(recipe).length, 220);
    const { log, params, tokenizer } = await fitEncoder(recipe, folder, { key: key(5) });
    const mean = (part: typeof log): number => part.reduce((sum, { loss }) => sum + loss / part.length, 0);
    assert.ok(mean(log.slice(-10)) < 0.8 * mean(log.slice(0, 5)), `loss ${mean(log.slice(0, 5))} to ${mean(log.slice(-10))}`);
    const loaded = await loadTextEncoder(folder);
    assert.deepEqual(loaded.tokenizer.ids('small left effusion'), tokenizer.ids('small left effusion'));
    for (const [path, leaf] of Object.entries(flatten(params as Tree)))
      assert.deepEqual(flatten(loaded.params as Tree)[path]!.dataSync(), leaf.dataSync(), path);
    dispose(params as Tree);
    loaded.dispose();

    const pixels = uniformArray(key(3), 8 * 16 * 16);
    const texts = Array.from({ length: 8 }, () => 'left pleural effusion');
    const smoke = await loadRecipe('smoke');
    for (const [name, trains] of [
      ['textual-projection', 'projection'],
      ['encoder-swap', 'unet'],
    ] as const) {
      const model = tinyModel();
      const before = flatten(model.unet.params);
      const bytes = Object.fromEntries(Object.entries(before).map(([path, leaf]) => [path, leaf.dataSync().slice()]));
      const own = overrideRecipe(
        { ...smoke, size: 16 },
        { 'diffusion.strategy': { name, encoder: folder }, 'diffusion.optimisation.steps': 2, 'diffusion.optimisation.batch_size': 2 },
      );
      const { trained } = await fitDiffusion(model, own, pixels, texts, { key: key(1) });
      const after = flatten(model.unet.params);
      const same = Object.entries(bytes).filter(
        ([path, was]) =>
          after[path]?.size === was.length && Buffer.from((after[path]!.dataSync() as Float32Array).buffer).equals(Buffer.from(was.buffer)),
      );
      const size = trains === 'unet' ? Object.values(after) : Object.values(flatten(model.textProjection!.params as Tree));
      assert.equal(
        trained,
        size.reduce((sum, leaf) => sum + leaf.size, 0),
      );
      assert.equal(
        same.length === Object.keys(bytes).length,
        trains === 'projection',
        `${name}: ${same.length} leaves of the U-Net are the same`,
      );
      assert.equal(model.textEncoder.config.model_type, 'bert');
      disposeModel(model);
    }
    const none = tinyModel();
    const wrong = overrideRecipe({ ...smoke, size: 16 }, { 'diffusion.strategy': { name: 'encoder-swap', encoder: 'nowhere' } });
    await assert.rejects(fitDiffusion(none, wrong, pixels, texts, { key: key(1) }), /expected the folder of a text encoder, got "nowhere"/);
    disposeModel(none);
  }),
);

test('every built-in recipe can be read, and a strategy of another name keeps no settings of its parent', async () => {
  for (const name of recipeNames()) await loadRecipe(name);
  assert.ok(recipeNames().includes('paper/joint-1e-4-12.5k'));
  assert.deepEqual((await loadRecipe('encoder-swap')).diffusion.strategy, { name: 'encoder-swap', encoder: 'models/phantom-bert' });
  const best = await loadRecipe('paper/joint-5e-5-60k');
  assert.equal(best.diffusion.optimisation.batch_size * best.diffusion.optimisation.accumulation!, 256);
  assert.deepEqual([best.size, best.sampling], [512, { steps: 75, guidance: 4 }]);
});
