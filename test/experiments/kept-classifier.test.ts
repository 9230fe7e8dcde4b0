import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dataset, loadPixels, openPhantom, openWorld } from 'roentgen-lab/datasets';
import { dispose } from 'roentgen-lab/engine';
import { keptClassifier, loadRecipe } from 'roentgen-lab/experiments';
import { classify } from 'roentgen-lab/metrics';
import { WORLD_KINDS } from '#datasets/internal';
import { noLeaks } from '../support';

test(
  'a classifier is kept for its dataset: made once, the same when it is read, another one for other pictures',
  noLeaks(async () => {
    const recipe = await loadRecipe('smoke');
    const { optimisation } = recipe.classifier;
    const small = { ...recipe, classifier: { ...recipe.classifier, optimisation: { ...optimisation, steps: 3, batch_size: 8 } } };
    const seen = async (dataset: Dataset): Promise<{ presence: Float32Array; findings: readonly string[]; sided: readonly string[] }> => {
      const classifier = await keptClassifier(small, dataset);
      const { presence } = classify(classifier, await loadPixels(dataset, small.size));
      dispose(classifier.params);
      return { presence, findings: classifier.config.findings, sided: classifier.config.sided };
    };
    const world = openWorld({ seed: 3, count: 40 });
    const first = await seen(world);
    assert.deepEqual(first.findings, WORLD_KINDS);
    assert.ok(first.sided.includes('house') && !first.sided.includes('stripes'));
    let trained = 0;
    const again = await keptClassifier(small, world, { onStep: () => void trained++ });
    dispose(again.params);
    assert.equal(trained, 0, 'read from the cache');
    assert.deepEqual((await seen(world)).presence, first.presence);
    assert.notDeepEqual((await seen(openWorld({ seed: 4, count: 40 }))).presence, first.presence);
    assert.equal((await seen(openPhantom({ seed: 3, count: 40 }))).findings.length, 8);
  }),
);
