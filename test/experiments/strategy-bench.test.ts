import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dispose, key } from 'roentgen-lab/engine';
import { loadRecipe, measureAutoencoder, measureStrategy, openStrategyBench, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel, loadModel, saveModel } from 'roentgen-lab/pipelines';
import { initClassifier } from '#metrics/internal';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';

test(
  'a row is measured once for a base, a recipe and a seed; its model, files and pictures are kept',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const model = tinyModel();
    await saveModel(model, join(folder, 'base'));
    disposeModel(model);
    const small = { size: 16, data: { train: 24, test: 24 }, evaluation: { pictures: 12 } };
    const smoke = { ...(await loadRecipe('smoke')), ...small, sampling: { steps: 2, guidance: 1.5 } };
    const config = { size: 16, channels: [8, 8, 8] as const, hidden: 8, findings: ['effusion', 'pneumothorax'], sided: ['effusion'] };
    const classifier = { config, params: initClassifier(config, key(4)) };
    const bench = await openStrategyBench({ base: join(folder, 'base'), out: join(folder, 'out'), seed: 3, recipe: smoke, classifier });
    const lora = overrideRecipe(
      { ...smoke, name: 'lora' },
      { 'diffusion.strategy': { name: 'lora', rank: 2 }, 'diffusion.optimisation.steps': 2, 'diffusion.optimisation.batch_size': 4 },
    );
    const seen: string[] = [];
    const first = await measureStrategy(bench, lora, { onProgress: (what) => void seen.push(what) });
    assert.ok(seen.some((what) => what.startsWith('lora: training, loss')) && seen.includes('lora: pictures of one prompt'));
    const { row, pictures, kept } = first;
    assert.equal(kept, false);
    assert.deepEqual([row.recipe, row.strategy, row.steps], ['lora', 'lora', 2]);
    // The classifier is not trained: what it sees may be the same in all pictures.
    assert.ok(row.trained > 0 && row.fid >= 0 && row.msSsim >= 0 && row.msSsim <= 1 && row.loss! > 0);
    assert.equal(pictures.length, 8);
    assert.ok(existsSync(join(folder, 'out', 'lora', 'model', 'pytorch_lora_weights.safetensors')));
    disposeModel(await loadModel(join(folder, 'out', 'lora', 'model')));

    const again = await measureStrategy(bench, lora, { onProgress: () => assert.fail('nothing is done again') });
    assert.equal(again.kept, true);
    assert.deepEqual(again.row, row);
    assert.ok(
      again.pictures.every(({ pixels }, i) =>
        Array.from(pixels).every((v, k) => Math.abs(v - pictures[i]!.pixels[k]!) <= 0.5 / 255 + 1e-6),
      ),
    );
    const longer = await measureStrategy(bench, overrideRecipe(lora, { 'diffusion.optimisation.steps': 3 }));
    assert.deepEqual([longer.kept, longer.row.steps], [false, 3]);

    const base = await measureStrategy(bench, undefined);
    assert.deepEqual([base.row.recipe, base.row.trained, base.row.steps, base.row.loss], ['base', 0, 0, null]);
    const { name, l1, ssim } = await measureAutoencoder(bench, undefined);
    assert.ok(name === 'as it is' && l1 > 0 && ssim < 1);
    dispose(classifier.params);
  }),
);
