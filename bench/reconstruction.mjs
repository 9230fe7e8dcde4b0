// How well a model's autoencoder keeps pictures of both built-in domains: mean absolute error of its reconstructions, and what a classifier of the
// domain still sees in them. Usage: node bench/reconstruction.mjs [--model runs/base/model] [--recipe base]
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { startEngine } = require('roentgen-lab/engine');
const { loadPixels, phantomSplit, worldSplit } = require('roentgen-lab/datasets');
const { loadModel, reconstruct } = require('roentgen-lab/pipelines');
const { loadRecipe } = require('roentgen-lab/training');
const { aurocByFinding, classify, frechetDistance, keptClassifier, sideAccuracy } = require('roentgen-lab/metrics');

const { values } = parseArgs({
  options: { model: { type: 'string', default: 'runs/base/model' }, recipe: { type: 'string', default: 'base' } },
});
await startEngine();
const recipe = await loadRecipe(values.recipe);
const model = await loadModel(values.model);
for (const split of [worldSplit, phantomSplit]) {
  const { train, test } = split(recipe.data);
  const pixels = await loadPixels(test, recipe.size);
  const records = Array.from({ length: test.length }, (_, i) => test.record(i));
  const classifier = await keptClassifier(recipe, train, {
    onStep: ({ step, loss }) => step % 50 === 0 && process.stderr.write(`${test.name}: classifier ${step}, loss ${loss.toFixed(3)}\n`),
  });
  const made = reconstruct(model, pixels, recipe.size);
  const error = made.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]), 0) / made.length;
  const [real, kept] = [classify(classifier, pixels), classify(classifier, made)];
  const [mean, after] = [real, kept].map((seen) => aurocByFinding(classifier.config, seen, records).mean);
  const [side, sideAfter] = [real, kept].map((seen) => sideAccuracy(classifier.config, seen, records).all);
  console.log(
    `${test.name}: ${test.length} pictures: mean absolute error ${error.toFixed(4)}; AUROC ${mean.toFixed(3)} on pictures, ${after.toFixed(3)} on reconstructions; ` +
      `sides ${side.toFixed(3)}, ${sideAfter.toFixed(3)}; distance ${frechetDistance(real.features, kept.features).toPrecision(3)}`,
  );
}
