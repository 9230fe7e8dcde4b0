/** A run whose autoencoder is also judged by the recipe's classifier and by a discriminator. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose } from 'roentgen-lab/engine';
import { loadRecipe, overrideRecipe, runRecipe } from 'roentgen-lab/experiments';
import { classifierData, perceptualJudge } from '#experiments/perceptual-judge';
import { noLeaks, tempDir } from '../support';
import { tiniest } from '../tiniest';

const small = async () => {
  const { vae, unet } = tiniest;
  const smoke = overrideRecipe(await loadRecipe('smoke'), {
    size: tiniest.size,
    vae: { config: vae.config, optimisation: { steps: 4, batch_size: 2 } },
    unet,
    'data.train': 24,
    'data.test': 4,
    'diffusion.optimisation.steps': 1,
    'classifier.optimisation.steps': 3,
    'tokenizer.vocabulary_size': 600,
  });
  return overrideRecipe(smoke, { 'vae.weights.perceptual': 0.3, 'vae.weights.adversarial': { weight: 0.5, from: 3 }, 'vae.crop': 16 });
};

test(
  'its terms are in the log, on crops too, and the classifier is one of the phantom',
  noLeaks(async (t) => {
    const recipe = await small();
    const out = join(tempDir(t), 'run');
    const parts: string[] = [];
    const { interrupted } = await runRecipe({
      recipe,
      out,
      data: { data: 'phantom' },
      seed: 1,
      resume: false,
      progress: { start: (label) => void parts.push(label) },
    });
    assert.equal(interrupted, false);
    const lines = readFileSync(join(out, 'autoencoder', 'log.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const log = lines.map((line) => JSON.parse(line) as { aux: Record<string, number> });
    assert.equal(log.length, 4);
    assert.ok(log.every(({ aux }) => aux.perceptual! > 0 && Number.isFinite(aux.discriminator)));
    const again = await perceptualJudge(recipe, 'phantom', { onStep: () => assert.fail('it was kept') });
    assert.deepEqual(again!.config.findings, classifierData(recipe, 'phantom').findings);
    dispose(again!.params);
    assert.equal(await perceptualJudge(await loadRecipe('smoke'), 'phantom', {}), undefined);
    assert.equal(classifierData(recipe, 'world').name, 'world');
  }),
);

test('stopped while its classifier trains, a run ends with the reason', async (t) => {
  const recipe = overrideRecipe(await small(), { 'classifier.optimisation.steps': 50, 'data.train': 25 });
  const stop = new AbortController();
  const run = runRecipe({
    recipe,
    out: join(tempDir(t), 'run'),
    data: { data: 'phantom' },
    seed: 1,
    resume: false,
    signal: stop.signal,
    progress: { start: (label) => label === 'Classifier' && stop.abort(new Error('stopped by a person')) },
  });
  await assert.rejects(run, /stopped by a person/);
});
