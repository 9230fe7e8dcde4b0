/** While something trains, the compiled step alone holds what trains: of the trees that it began with none is left when the first step ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dispose, flatten, key, startEngine, type Tree, uniformArray } from 'roentgen-lab/engine';
import { fitDiffusion, fitVae } from 'roentgen-lab/experiments';
import { disposeModel, type Model } from 'roentgen-lab/pipelines';
import { type StrategySettings, trainClassifier } from 'roentgen-lab/training';
import { memoryUse } from '#engine/internal';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks } from '../support';
import { pixels, recipeOf, SIZE, texts } from './strategy-cases';

/** Tensors that a training's first step has beside those of before it. */
async function beside(run: (onStep: () => void) => Promise<unknown>): Promise<number> {
  const before = memoryUse().tensors;
  let during: number | undefined;
  await run(() => {
    during ??= memoryUse().tensors;
  });
  return during! - before;
}

const leaves = (...trees: readonly unknown[]): number =>
  trees.reduce<number>((sum, tree) => sum + Object.keys(flatten(tree as Tree)).length, 0);

test(
  'diffusion and autoencoder: the model keeps its weights, unless they are handed over, and nothing else is there',
  noLeaks(async () => {
    if ((await startEngine()).backend !== 'tensorflow') return; // there the state itself is tensors
    const run = async (train: (model: Model, onStep: () => void) => Promise<unknown>): Promise<{ more: number; weights: number }> => {
      const model = tinyModel();
      const weights = leaves(model.unet.params, model.textEncoder.params);
      const more = await beside((onStep) => train(model, onStep));
      disposeModel(model);
      return { more, weights };
    };
    const strategies: StrategySettings[] = [{ name: 'joint' }, { name: 'lora', rank: 2, alpha: 4, parts: ['unet', 'textEncoder'] }];
    for (const strategy of strategies) {
      const recipe = await recipeOf(strategy, 1);
      const { more } = await run((model, onStep) => fitDiffusion(model, recipe, pixels, texts, { key: key(1), onStep }));
      assert.equal(more, 0, strategy.name);
    }
    const joint = await recipeOf({ name: 'joint' }, 1);
    const given = await run((model, onStep) => fitDiffusion(model, joint, pixels, texts, { key: key(1), onStep, handOver: true }));
    assert.equal(given.more, -given.weights, 'handed over');
    const { optimisation } = joint.diffusion;
    const weights = { ...joint.vae.weights, adversarial: { weight: 0.1, from: 1 } };
    const recipe = { ...joint, vae: { ...joint.vae, weights, optimisation } };
    const { more } = await run((model, onStep) => fitVae(model, recipe, pixels, { key: key(1), onStep }));
    assert.equal(more, 0, 'autoencoder');
  }),
);

test(
  'a classifier that begins with random weights has them once',
  noLeaks(async () => {
    if ((await startEngine()).backend !== 'tensorflow') return;
    const config = { size: SIZE, channels: [8, 8, 8], hidden: 8, findings: ['a'], sided: [] } as const;
    const records = Array.from({ length: 8 }, (_, i) => ({ labels: { a: (i % 2) as 0 | 1 }, sides: {} }));
    const { optimisation } = (await recipeOf({ name: 'joint' }, 1)).diffusion;
    const images = uniformArray(key(2), records.length * SIZE ** 2);
    const more = await beside(async (onStep) => {
      const { params } = await trainClassifier({ config, pixels: images, records, optimisation, key: key(1), onStep });
      dispose(params);
    });
    assert.equal(more, 0);
  }),
);
