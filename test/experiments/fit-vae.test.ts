import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, uniformArray } from 'roentgen-lab/engine';
import { fitVae, initModel, loadRecipe } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { encodeMoments, latentStatistics } from '#training/internal';
import { noLeaks } from '../support';

test(
  "a cell's interrupt ends the autoencoder's training with a result whose latents are at scale",
  noLeaks(async (t) => {
    const stop = new AbortController();
    const place = globalThis as Record<symbol, unknown>;
    place[Symbol.for('roentgen.interrupt')] = { signal: () => stop.signal };
    t.after(() => {
      delete place[Symbol.for('roentgen.interrupt')];
    });
    const recipe = await loadRecipe('smoke');
    const pixels = uniformArray(key(5), 8 * recipe.size ** 2);
    const model = initModel(recipe, trainBpe(['No acute findings.'], { vocabularySize: 600, maxLength: 24 }), key(1));
    const { interrupted, log } = await fitVae(model, recipe, pixels, { key: key(2), onStep: () => stop.abort(new Error('stopped')) });
    assert.deepEqual([interrupted, log.length], [true, 1]);
    const channels = model.vae.config.latent_channels!;
    const { mean, std } = latentStatistics(await encodeMoments(model, pixels, recipe.size, {}), channels);
    for (const value of mean) assert.ok(Math.abs(value) < 1e-3, `mean ${value}`);
    for (const value of std) assert.ok(Math.abs(value - 1) < 1e-3, `deviation ${value}`);
    disposeModel(model);
  }),
);
