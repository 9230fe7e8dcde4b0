/** A training that was stopped goes on with the model that it left, and nothing else does. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { flatten, key, type Tree, uniformArray } from 'roentgen-lab/engine';
import { type FitResult, fitDiffusion, fitVae, initModel, loadRecipe, overrideRecipe, type Recipe } from 'roentgen-lab/experiments';
import { disposeModel, type Model } from 'roentgen-lab/pipelines';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { noLeaks, tempDir } from '../support';
import { tiniest } from '../tiniest';

process.env.ROENTGEN_EAGER = '1'; // trainings of a few steps, which compiling would take longer than

const texts = ['Small left effusion.', 'No acute findings.', 'Large heart.', 'Right pneumothorax.'];
const pixels = uniformArray(key(5), texts.length * 32 * 32);
const others = uniformArray(key(6), texts.length * 32 * 32);
const STEPS = 4;

async function smallest(): Promise<Recipe> {
  const few = { steps: STEPS, batch_size: 2 };
  const recipe = await loadRecipe('smoke');
  return overrideRecipe(recipe, {
    size: 32,
    'vae.config': { ...recipe.vae.config, ...tiniest.vae.config },
    unet: { ...recipe.unet, ...tiniest.unet },
    'text_encoder.config.num_hidden_layers': 1,
    'vae.optimisation': { ...recipe.vae.optimisation, ...few },
    'diffusion.optimisation': { ...recipe.diffusion.optimisation, ...few },
  });
}

const tokenizer = trainBpe(texts, { vocabularySize: 600, maxLength: 24 });
const initial = (recipe: Recipe): Model => initModel(recipe, tokenizer, key(1));
const bytesOf = (params: Tree): Buffer =>
  Buffer.concat(Object.values(flatten(params)).map((leaf) => Buffer.from(leaf.dataSync<'float32'>().slice().buffer)));

interface Call {
  readonly recipe: Recipe;
  readonly data?: Float32Array;
  readonly seed?: number;
  /** The step after which it is interrupted. */
  readonly last?: number;
  readonly checkpoint?: string;
}

/** Steps that this call makes, and how it ends. */
async function sitting(
  fit: typeof fitVae | typeof fitDiffusion,
  model: Model,
  call: Call,
): Promise<FitResult & { readonly made: number[] }> {
  const { recipe, data = pixels, seed = 2, last, checkpoint } = call;
  const stop = new AbortController();
  const made: number[] = [];
  const options = {
    key: key(seed),
    checkpoint,
    signal: stop.signal,
    onStep: ({ step }: { step: number }) => {
      made.push(step);
      if (step === last) stop.abort();
    },
  };
  const result = await (fit === fitVae
    ? fitVae(model, recipe, data, options)
    : (fit as typeof fitDiffusion)(model, recipe, data, texts, options));
  return { ...result, made };
}

test(
  'an autoencoder that was stopped goes on in the same model, and its U-Net too; both end with the bytes of trainings left alone',
  noLeaks(async (t) => {
    const recipe = await smallest();
    const folder = tempDir(t);
    const [whole, halves] = [initial(recipe), initial(recipe)];
    await sitting(fitVae, whole, { recipe });
    await sitting(fitDiffusion, whole, { recipe });
    for (const [fit, part] of [
      [fitVae, 'vae'],
      [fitDiffusion, 'diffusion'],
    ] as const) {
      const checkpoint = join(folder, part);
      const first = await sitting(fit, halves, { recipe, checkpoint, last: 2 });
      assert.deepEqual([first.interrupted, first.made], [true, [1, 2]]);
      assert.equal(first.stopped, `Stopped at step 2 of 4, saved in ${checkpoint}. Run the training's cell again to go on.`);
      const second = await sitting(fit, halves, { recipe, checkpoint });
      assert.deepEqual([second.stopped, second.made, second.log.length], [undefined, [3, 4], STEPS]);
    }
    for (const part of ['vae', 'unet', 'textEncoder'] as const)
      assert.ok(bytesOf(whole[part].params as Tree).equals(bytesOf(halves[part].params as Tree)), part);
    const again = await sitting(fitDiffusion, halves, { recipe, checkpoint: join(folder, 'diffusion') });
    assert.deepEqual(again.made, [1, 2, 3, 4], 'a training that is finished is not gone on from');
    for (const model of [whole, halves]) disposeModel(model);
  }),
);

test(
  'another recipe, other data, another key and another model begin anew, also on weights that were left',
  noLeaks(async (t) => {
    const recipe = await smallest();
    const checkpoint = join(tempDir(t), 'checkpoints');
    const model = initial(recipe);
    const stopped = { recipe, checkpoint, last: 2 };
    const slower = overrideRecipe(recipe, { 'diffusion.optimisation.learning_rate.peak': 1e-5 });
    for (const other of [{ recipe: slower }, { data: others }, { seed: 3 }]) {
      assert.ok((await sitting(fitDiffusion, model, stopped)).interrupted);
      assert.equal((await sitting(fitDiffusion, model, { ...stopped, ...other })).made[0], 1);
    }
    // The checkpoint of a training on moved weights belongs to those, not to the first ones.
    await sitting(fitDiffusion, model, stopped);
    const fresh = initial(recipe);
    assert.deepEqual((await sitting(fitDiffusion, fresh, { recipe, checkpoint })).made, [1, 2, 3, 4]);
    // Nor does a U-Net go on with latents of another autoencoder.
    const before = initial(recipe);
    await sitting(fitDiffusion, before, stopped);
    await sitting(fitVae, before, { recipe });
    assert.equal((await sitting(fitDiffusion, before, { recipe, checkpoint })).made[0], 1);
    for (const one of [model, fresh, before]) disposeModel(one);
  }),
);

test(
  'without a folder for checkpoints it is said that the next call begins at its first step',
  noLeaks(async () => {
    const recipe = await smallest();
    const model = initial(recipe);
    const { stopped } = await sitting(fitVae, model, { recipe, last: 1 });
    assert.equal(stopped, "Stopped at step 1 of 4. What it learnt is in the model; running the training's cell again begins at step 1.");
    disposeModel(model);
  }),
);
