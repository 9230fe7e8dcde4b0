/** How long a recipe takes, told before it starts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Dataset, openPhantom } from 'roentgen-lab/datasets';
import { estimateTime, loadRecipe, overrideRecipe, type Recipe, runRecipe, sayEstimate } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import { roughly } from '#experiments/estimate-time';
import { lasting, timeSteps } from '#experiments/timing';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { bytesOf, changed, recipeOf } from '../training/strategy-cases';

test('a work is ended after a few steps, the first of which counts apart', async () => {
  let steps = 0;
  const timing = await timeSteps(async (onStep, signal) => {
    for (; !signal.aborted; steps++) {
      await wait(steps === 0 ? 300 : 30);
      onStep();
    }
  });
  assert.ok(steps >= 3 && steps <= 8, `${steps} steps`);
  assert.ok(timing.first >= 0.29 && timing.step >= 0.028 && timing.step < timing.first, JSON.stringify(timing));
  assert.deepEqual(
    [lasting({ first: 3, step: 0.5 }, 11), lasting({ first: 3, step: 0.5 }, 1), lasting({ first: 3, step: 0.5 }, 0)],
    [8, 3, 0],
  );
});

test('a work of fewer steps is timed by those it has; its own error is thrown, and that of a person who stops', async () => {
  const one = await timeSteps(async (onStep) => {
    await wait(20);
    onStep();
  });
  assert.equal(one.step, one.first);
  await assert.rejects(
    timeSteps(async () => {
      throw new RangeError('the work broke');
    }),
    /the work broke/,
  );
  const stop = new AbortController();
  const stopped = timeSteps(async (onStep, signal) => {
    onStep();
    stop.abort(new Error('stopped by a person'));
    assert.ok(signal.aborted);
  }, stop.signal);
  await assert.rejects(stopped, /stopped by a person/);
});

test('durations and the sentence', () => {
  assert.deepEqual([0.2, 40.4, 59.6, 150, 240, 36 * 60, 3575, 18_720].map(roughly), [
    '1 s',
    '40 s',
    '1 min',
    '2.5 min',
    '4 min',
    '36 min',
    '1 h',
    '5.2 h',
  ]);
  assert.equal(
    sayEstimate({ seconds: 3120, parts: { autoencoder: 840, diffusion: 2160, 'generated images': 120 }, MiB: 2003 }),
    'This takes about 52 min here (autoencoder 14 min, diffusion 36 min, generated images 2 min) and 2.1 GB of memory.',
  );
});

async function tinyRecipe(steps: number): Promise<Recipe> {
  const recipe = await recipeOf({ name: 'joint' }, steps);
  return { ...recipe, vae: { ...recipe.vae, optimisation: recipe.diffusion.optimisation } };
}

test(
  'each part of a recipe is timed, and the model stays as it is',
  noLeaks(async () => {
    const model = tinyModel();
    const before = bytesOf(model);
    const recipe = await tinyRecipe(1000);
    const generated = { images: 40, batch: 2 };
    const classifier = { ...openPhantom({ count: 4, cache: false }), fingerprint: 'of no classifier that is kept' } as Dataset;
    const all = await estimateTime(
      overrideRecipe(recipe, { 'data.augmentation': { copies: 3, shift: 0.05, rotation: 3, exposure: 0.1 } }),
      model,
      {
        images: 400,
        withVae: true,
        generated,
        classifier,
      },
    );
    assert.deepEqual(Object.keys(all.parts), ['classifier', 'autoencoder', 'diffusion', 'generated images']);
    assert.ok(Object.values(all.parts).every((seconds) => Number.isFinite(seconds) && seconds > 0));
    assert.ok(Math.abs(Object.values(all.parts).reduce((a, b) => a + b) - all.seconds) < 1e-9);
    assert.ok(all.MiB > 400 && all.took > 0);
    assert.deepEqual(changed(before, bytesOf(model)), []);
    const rest = await estimateTime(recipe, model, { images: 1, withVae: false, held: 2 ** 20, done: { diffusion: 1000 } });
    assert.ok(rest.MiB - all.MiB >= 1000, 'a million images of 16 × 16 in memory are a gigabyte');
    assert.deepEqual([rest.parts, rest.seconds], [{}, 0]);
    disposeModel(model);
  }),
);

test(
  'strategies that prepare the model first are timed as it is now; a frozen encoder by its contexts',
  noLeaks(async () => {
    const model = tinyModel();
    for (const strategy of [{ name: 'textual-inversion' }, { name: 'unet-only' }, { name: 'lora' }]) {
      const { parts } = await estimateTime({ ...(await recipeOf(strategy, 100)), size: 16 }, model, { images: 8, withVae: false });
      assert.ok(parts.diffusion! > 0, strategy.name);
    }
    disposeModel(model);
  }),
);

test('a run says it before it begins, and learns the same bytes as one that does not', async (t) => {
  const folder = tempDir(t);
  const smoke = overrideRecipe(await loadRecipe('smoke'), {
    ...{
      size: 32,
      'unet.block_out_channels': [16],
      'unet.down_block_types': ['CrossAttnDownBlock2D'],
      'unet.up_block_types': ['CrossAttnUpBlock2D'],
    },
    ...{
      'vae.optimisation.steps': 24,
      'diffusion.optimisation.steps': 30,
      'data.train': 24,
      'data.test': 4,
      'text_encoder.config.num_hidden_layers': 1,
    },
    ...{
      'vae.optimisation.batch_size': 2,
      'diffusion.optimisation.batch_size': 2,
      'run.sample_every': 15,
      'tokenizer.vocabulary_size': 600,
    },
  });
  const said: string[] = [];
  const run = async (name: string, estimate: boolean): Promise<Buffer[]> => {
    const out = join(folder, name);
    const say = (sentence: string): void => void said.push(`${name}: ${sentence}`);
    const { model } = await runRecipe({
      recipe: smoke,
      out,
      data: { data: 'phantom' },
      seed: 1,
      resume: false,
      estimate,
      progress: { say },
    });
    return ['unet', 'vae'].map((part) => readFileSync(join(model!, part, 'diffusion_pytorch_model.safetensors')));
  };
  assert.deepEqual(await run('told', true), await run('untold', false));
  const [told, ...others] = said.filter((sentence) => /This takes about/.test(sentence));
  assert.match(told!, /^told: This takes about .* here \(autoencoder .*, diffusion .*, generated images .*\) and \d\.\d GB of memory\.$/);
  assert.deepEqual(others, []);
});

test(
  'it can be stopped',
  noLeaks(async () => {
    const model = tinyModel();
    const stop = new AbortController();
    const asked = estimateTime(await tinyRecipe(1000), model, { images: 400, withVae: true, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('stopped by a person')), 50);
    await assert.rejects(asked, /stopped by a person/);
    disposeModel(model);
  }),
);
