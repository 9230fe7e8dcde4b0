/** Training of chosen parts of a model: encoders of every kind jointly, or frozen with contexts computed once. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { createTextEncoder, initTextEncoder, type TextEncoderConfig } from 'roentgen-lab/encoders';
import { cloneTree, dispose, flatten, key } from 'roentgen-lab/engine';
import { type FitDiffusionOptions, type FitResult, fitDiffusion, loadRecipe, type Recipe } from 'roentgen-lab/experiments';
import { disposeModel, type Model, swapTextEncoder } from 'roentgen-lab/pipelines';
import { encodeContexts } from '#training/contexts';
import { assertSameTree } from '../networks';
import { tinyModel } from '../pipelines/tiny-model';
import { assertClose, noLeaks, tempDir } from '../support';

const size = 16;
const texts = ['left pleural effusion', 'right pneumothorax', 'no acute process', 'right pneumothorax'];
const pixels = Float32Array.from({ length: texts.length * size * size }, (_, i) => ((i * 37) % 101) / 100);

async function shortRecipe(): Promise<Recipe> {
  const recipe = await loadRecipe('quickstart');
  return { ...recipe, size, diffusion: { text_dropout: 0.2, optimisation: { ...recipe.diffusion.optimisation, steps: 3, batch_size: 2 } } };
}

const fit = async (model: Model, options: Omit<FitDiffusionOptions, 'key'> = {}): Promise<FitResult> =>
  await fitDiffusion(model, await shortRecipe(), pixels, texts, { key: key(9), ...options });

/** The tiny model with an encoder of another kind behind a projection. */
function swapped(kind: 'bert' | 't5', masks = false): Model {
  const model = tinyModel();
  model.unet = { ...model.unet, config: { ...model.unet.config, mask_padding: masks } };
  const tokenizer = model.tokenizer!;
  const vocab_size = tokenizer.vocabularySize;
  const config: TextEncoderConfig =
    kind === 'bert'
      ? {
          model_type: 'bert',
          vocab_size,
          hidden_size: 12,
          intermediate_size: 24,
          num_hidden_layers: 1,
          num_attention_heads: 2,
          max_position_embeddings: 24,
        }
      : { model_type: 't5', vocab_size, d_model: 12, d_kv: 6, d_ff: 24, num_layers: 1, num_heads: 2, feed_forward_proj: 'gated-gelu' };
  const encoder = createTextEncoder({ config, params: initTextEncoder(config, key(2)) }, tokenizer);
  const swap = swapTextEncoder(model, encoder, { key: key(4) });
  encoder.dispose();
  disposeModel(model);
  return swap.model;
}

const changed = (before: Record<string, Float32Array>, after: Record<string, Float32Array>): boolean =>
  Object.entries(before).some(([path, values]) => values.some((value, i) => value !== after[path]![i]));
const valuesOf = (tree: Parameters<typeof flatten>[0]): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(flatten(tree)).map(([path, leaf]) => [path, leaf.dataSync() as Float32Array]));

for (const [kind, masks] of [
  ['bert', false],
  ['bert', true],
  ['t5', false],
] as const)
  test(
    `${kind}${masks ? ', padding masked' : ''}: a frozen encoder's contexts give the loss that its tokens give, and what is frozen stays bit by bit`,
    noLeaks(async (t) => {
      const [joint, frozen] = [swapped(kind, masks), swapped(kind, masks)];
      const before = cloneTree({ text: frozen.textEncoder.params, vae: frozen.vae.params });
      const folder = tempDir(t);
      const counted: number[] = [];
      const options = { trains: ['unet', 'projection'], contextFolder: folder, onEncoded: (n: number) => counted.push(n) } as const;
      const [a, b] = [await fit(joint), await fit(frozen, options)];
      assertClose([b.log[0]!.loss], [a.log[0]!.loss], 1e-5, 'loss of the first step');
      assertSameTree({ text: frozen.textEncoder.params, vae: frozen.vae.params }, before);
      assert.deepEqual(counted, [4], 'three distinct texts and the empty one');
      assert.equal(readdirSync(folder).length, 1);

      // From the folder: nothing is computed, and it is the same.
      const kept = await encodeContexts(frozen, texts, { folder, onProgress: (n) => counted.push(n) });
      assert.deepEqual(counted, [4]);
      const computed = await encodeContexts(frozen, texts);
      assert.deepEqual(kept.rows, computed.rows);
      assert.deepEqual(await kept.contexts.read([0, 1, 2, 3]), await computed.contexts.read([0, 1, 2, 3]));
      dispose(before);
      for (const model of [joint, frozen]) disposeModel(model);
    }),
  );

test(
  'a projection alone, with a frozen U-Net',
  noLeaks(async () => {
    const model = swapped('bert');
    const before = {
      unet: valuesOf(model.unet.params),
      text: valuesOf(model.textEncoder.params),
      projection: valuesOf(model.textProjection!.params),
    };
    const { log } = await fit(model, { trains: ['projection'] });
    assert.ok(log.every(({ loss, gradientNorm }) => Number.isFinite(loss) && gradientNorm > 0));
    assert.ok(!changed(before.unet, valuesOf(model.unet.params)) && !changed(before.text, valuesOf(model.textEncoder.params)));
    assert.ok(changed(before.projection, valuesOf(model.textProjection!.params)));
    disposeModel(model);
  }),
);

test(
  'a part has the rate of its group; a group without parameters is refused',
  noLeaks(async () => {
    const recipe = await shortRecipe();
    const rated = (peaks: Record<string, number>): Recipe => {
      const { optimisation } = recipe.diffusion;
      const learning_rate = { ...optimisation.learning_rate, peaks };
      return { ...recipe, diffusion: { ...recipe.diffusion, optimisation: { ...optimisation, learning_rate } } };
    };
    const model = tinyModel();
    const before = { unet: valuesOf(model.unet.params), text: valuesOf(model.textEncoder.params) };
    await fitDiffusion(model, rated({ textEncoder: 0 }), pixels, texts, { key: key(9) });
    assert.ok(changed(before.unet, valuesOf(model.unet.params)) && !changed(before.text, valuesOf(model.textEncoder.params)));
    await assert.rejects(
      fitDiffusion(model, rated({ text_encoder: 1e-4 }), pixels, texts, { key: key(9) }),
      /learning_rate\.peaks: text_encoder: no parameter's path begins with it; they begin with unet, textEncoder/,
    );
    disposeModel(model);
  }),
);

test(
  "by default all parts train; parts that are not there are refused, and a text's context does not depend on the others",
  noLeaks(async () => {
    const model = tinyModel();
    const before = { unet: valuesOf(model.unet.params), text: valuesOf(model.textEncoder.params) };
    await fit(model);
    assert.ok(changed(before.unet, valuesOf(model.unet.params)) && changed(before.text, valuesOf(model.textEncoder.params)));
    await assert.rejects(fit(model, { trains: ['projection'] }), /the model has no projection/);
    await assert.rejects(fit(model, { trains: [] }), /expected a part that trains/);
    const few = await encodeContexts(model, [texts[0]!]);
    const all = await encodeContexts(model, texts);
    assert.deepEqual([...all.rows], [1, 2, 3, 2]);
    assert.deepEqual(await all.contexts.read([0, 1]), await few.contexts.read([0, 1]));
    disposeModel(model);
  }),
);
