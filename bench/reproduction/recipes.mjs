#!/usr/bin/env node
// Measures models as the quickstart measures its own, and puts them into docs/results.md.
//
//   node bench/reproduction/recipes.mjs phantom-128=runs/phantom-128 [quickstart=runs/quickstart …] [--data FOLDER] [--images 256] [--seed 1]
//
// A quickstart's run has its figures already (summary.json). Of any other the images are made and measured here; the grids are left in the run's folder.
// Findings and sides are read by the phantom's classifier, and so not those of other data, whose distance (FID) is in its features all the same.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measured, measuredFile, recipesSection } from './recipes-table.mjs';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const lab = createRequire(join(root, 'package.json'));
const room = (name) => lab(`./dist/${name}/index.js`);
const { countParameters, foldIn, split, startEngine } = room('engine');
const { loadPixels, openSplit, phantomSplit, subset } = room('datasets');
const { loadModel, textToImage } = room('pipelines');
const { aurocByFinding, classify, frechetDistance, judge, sideAccuracy } = room('metrics');
const { toldFromReal } = room('evaluation');
const { keptClassifier, loadRecipe } = room('experiments');
const { imageGrid, pictures, progress } = room('display');

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: 'phantom' },
    images: { type: 'string', default: '256' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(flags.seed);
const engine = await startEngine({ seed });

for (const argument of positionals) {
  const [name, run] = argument.split('=');
  const recipe = await loadRecipe(name);
  const folder = resolve(run);
  const model = await loadModel(existsSync(join(folder, 'model')) ? join(folder, 'model') : folder);
  const figures = existsSync(join(folder, 'summary.json')) ? summarised(folder) : await measure(recipe, model, folder);
  const entry = { recipe: name, seed: figures.seed ?? seed, size: recipe.size, parameters: [model.vae, model.unet, model.textEncoder].reduce((sum, { params }) => sum + countParameters(params), 0), ...figures };
  const others = measured().filter((each) => each.recipe !== name || each.seed !== entry.seed);
  writeFileSync(measuredFile, `${JSON.stringify([...others, entry], null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(entry)}\n`);
}

/** What the quickstart found. */
function summarised(folder) {
  const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));
  return {
    seed: summary.seed,
    images: 256,
    told: summary.toldFromReal,
    ...aurocs(summary.aurocGenerated, summary.aurocReal),
    side: summary.sideAccuracy,
    sideReal: null,
    fid: summary.fidAfter,
    fidReal: summary.fidReal,
  };
}

/** Means, and each finding's. */
function aurocs({ mean: auroc = null, ...made }, { mean: aurocReal = null, ...real }) {
  const findings = Object.keys(made).filter((finding) => real[finding] !== undefined);
  return { auroc, aurocReal, aurocs: Object.fromEntries(findings.map((finding) => [finding, [made[finding], real[finding]]])) };
}

async function measure(recipe, model, folder) {
  const { size } = recipe;
  const [splitKey] = split(engine.key, 4);
  const { train, test } = await openSplit({ data: flags.data, counts: recipe.data, key: splitKey, size, least: 2 });
  const count = Math.min(Number(flags.images), test.length, train.length);
  const first = (dataset, n) => subset(dataset, Array.from({ length: Math.min(n, dataset.length) }, (_, i) => i));
  const recordsOf = (dataset) => Array.from({ length: dataset.length }, (_, i) => dataset.record(i));
  const others = first(train, 4 * count); // further images of whole patients
  const records = recordsOf(test);
  const asked = records.slice(0, count);
  const [testPixels, otherPixels] = [await loadPixels(test, size, {}), await loadPixels(others, size, {})];
  const classifier = await keptClassifier(recipe, phantomSplit(recipe.data).train);
  const real = classify(classifier, testPixels);
  const bar = progress(count, 'Images');
  const prompts = asked.map(({ text }) => text);
  const images = await textToImage(model, {
    prompts,
    ...recipe.sampling,
    seed,
    batchSize: 32,
    onStep: ({ step, total }) => bar.update(Math.floor((step / total) * count)),
  });
  bar.end();
  const grids = join(folder, 'pictures');
  mkdirSync(grids, { recursive: true });
  for (const [name, shown] of Object.entries({ generated: images.slice(0, 32), real: pictures(testPixels.slice(0, 32 * size ** 2), size) }))
    await imageGrid(shown, undefined, { columns: 8 }).save(join(grids, `${name}.png`));
  await imageGrid(images.slice(0, 8), undefined, { columns: 4 }).save(join(grids, 'first.png')); // docs/generated.png
  const after = judge(classifier, images, asked, real.features);
  const told = await toldFromReal({
    real: testPixels,
    generated: images,
    others: otherPixels,
    size,
    patients: asked.map(({ patient }) => patient),
    otherPatients: recordsOf(others)
      .slice(0, count)
      .map(({ patient }) => patient),
    key: foldIn(engine.key, 9),
  });
  const readings = {
    ...aurocs(after.auroc, aurocByFinding(classifier.config, real, records)),
    side: after.side.all,
    sideReal: sideAccuracy(classifier.config, real, records).all,
  };
  return {
    images: count,
    told,
    ...(flags.data === 'phantom' ? readings : { auroc: null, aurocReal: null, aurocs: {}, side: null, sideReal: null }),
    fid: after.fid,
    fidReal: frechetDistance(classify(classifier, otherPixels.slice(0, count * size ** 2)).features, real.features),
  };
}

const page = join(root, 'docs', 'results.md');
const [before, , after] = /^([\s\S]*?)(## Recipes\n[\s\S]*?\n(?=## )|(?=## ))([\s\S]*)$/.exec(readFileSync(page, 'utf8')).slice(1);
writeFileSync(page, `${before}${recipesSection()}\n${after}`);
