import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { fitDiffusion } from 'roentgen-lab/experiments';
import { disposeModel, loadLearnedEmbeds, loadModel } from 'roentgen-lab/pipelines';
import { strategies } from 'roentgen-lab/training';
import { addTokens, hasLora, idsOfWord, saveLearnedEmbeds } from '#pipelines/internal';
import { saveAdapted, strategyOf } from '#training/strategies/index';
import { tinyModel } from '../pipelines/tiny-model';
import { assertClose, noLeaks, tempDir } from '../support';
import { bytesOf, cases, changed, fit, pixels, table, texts } from './strategy-cases';

for (const { settings, trains } of cases)
  test(
    `${JSON.stringify(settings)} trains what it says, and leaves every other byte`,
    noLeaks(async () => {
      const { model, before, losses } = await fit(settings);
      const after = bytesOf(model);
      const wrong = changed(before, after).filter((path) => !trains(path));
      assert.deepEqual(wrong, []);
      const still = Object.keys(before).filter((path) => trains(path) && !changed(before, after).includes(path));
      // Attention's key biases have no gradient, but are decayed; an embedding's row changes where its token was seen.
      assert.deepEqual(still, []);
      assert.equal(losses.length, 3);
      assert.ok(losses.every(Number.isFinite));
      disposeModel(model);
    }),
  );

test('every strategy that is listed is tried here, and unknown settings are refused', () => {
  assert.deepEqual(
    [...new Set(cases.map(({ settings }) => settings.name))].sort(),
    strategies
      .map(({ name }) => name)
      .filter((name) => !name.includes('swap') && !name.includes('projection'))
      .sort(),
  );
  assert.throws(() => strategyOf({ name: 'lara' }), /expected one of joint, .*lora/);
  assert.throws(() => strategyOf({ name: 'lora', rnk: 3 }), /lora: rnk is unknown \(did you mean rank\?\)/);
  assert.throws(() => strategyOf({ name: 'lora', rank: '3' }), /rank: expected a number, got "3"/);
  assert.throws(() => strategyOf({ name: 'lora', rank: 0 }), /rank: expected a whole number from 1, got 0/);
  assert.throws(() => strategyOf({ name: 'lora', parts: ['vae'] }), /parts: expected some of unet, textEncoder/);
  assert.throws(() => strategyOf({ name: 'dreambooth', prior_weight: -1 }), /prior_weight: expected a number from 0, got -1/);
});

test(
  'textual inversion: the rows that were there stay, the new ones are kept in both files, and the folder knows the token',
  noLeaks(async (t) => {
    const settings = { name: 'textual-inversion', vectors: 2, initialiser: 'pleural effusion' };
    const { model, before, recipe } = await fit(settings);
    const strategy = strategyOf(recipe.diffusion.strategy);
    const width = 16;
    const rows = bytesOf(model)[table]!;
    assert.deepEqual(rows.subarray(0, before[table]!.length), before[table]);
    assert.equal(rows.length, before[table]!.length + 2 * width);
    const ids = idsOfWord(model, '<cxr>', 2);
    assert.equal(strategy.prompt!('left'), '<cxr> <cxr>_1 left');
    const encoded = [...model.tokenizer!.ids(strategy.prompt!('left'))];
    assert.deepEqual(encoded.slice(1, 3), ids);

    const folder = tempDir(t);
    await saveAdapted(model, strategy, folder);
    const again = await loadModel(folder);
    assert.deepEqual([...again.tokenizer!.ids(strategy.prompt!('left'))], encoded);
    assert.deepEqual(bytesOf(again)[table], rows);
    const other = tinyModel();
    const words = await loadLearnedEmbeds(other, join(folder, 'learned_embeds.safetensors'));
    assert.deepEqual(words, { '<cxr>': '<cxr> <cxr>_1' });
    assert.deepEqual(bytesOf(other)[table], rows);
    await assert.rejects(loadLearnedEmbeds(other, join(folder, 'learned_embeds.safetensors')), /knows the token <cxr> already/);
    for (const each of [model, again, other]) disposeModel(each);
  }),
);

test(
  'a word of any length comes back from its file: its header may begin with any byte',
  noLeaks(async (t) => {
    const file = join(tempDir(t), 'learned_embeds.safetensors');
    const begins = new Set<number>();
    for (let length = 3; length < 200; length += 8) {
      const word = `<${'x'.repeat(length - 2)}>`;
      const [model, other] = [tinyModel(), tinyModel()];
      addTokens(model, [word], 'left');
      await saveLearnedEmbeds(model, word, 1, file);
      begins.add(readFileSync(file)[0]!);
      assert.deepEqual(await loadLearnedEmbeds(other, file), { [word]: word });
      for (const each of [model, other]) disposeModel(each);
    }
    assert.ok(begins.has(0x80), 'a pickle begins with this byte');
  }),
);

test(
  'dreambooth: the loss is that of the few pictures plus the weighted loss of the prior class',
  noLeaks(async () => {
    const losses: number[] = [];
    for (const weight of [0, 1, 3]) {
      const { model, losses: own } = await fit({ ...cases[4]!.settings, prior_weight: weight }, 1);
      losses.push(own[0]!);
      disposeModel(model);
    }
    const [none, one, three] = losses as [number, number, number];
    assert.ok(none > 0 && one > none);
    assertClose([three - none], [3 * (one - none)], 1e-5, 'linear in the weight');
  }),
);

test(
  'a random U-Net depends on the key alone, and adapters leave a model that says what it is',
  noLeaks(async (t) => {
    const [a, b] = [await fit({ name: 'random-unet' }, 1), await fit({ name: 'random-unet' }, 1)];
    assert.deepEqual(changed(bytesOf(a.model), bytesOf(b.model)), []);
    const { model, recipe } = await fit({ name: 'lora' }, 1);
    assert.ok(hasLora(model.unet.params) && !hasLora(model.textEncoder.params));
    await assert.rejects(fitDiffusion(model, recipe, pixels, texts, { key: key(1) }), /has adapters already/);
    const folder = tempDir(t);
    await saveAdapted(model, strategyOf(recipe.diffusion.strategy), folder);
    assert.ok(!hasLora(model.unet.params));
    const loaded = await loadModel(folder);
    assert.deepEqual(changed(bytesOf(model), bytesOf(loaded)), []);
    for (const each of [a.model, b.model, model, loaded]) disposeModel(each);
  }),
);
