// What bfloat16 does to a training: the quickstart's joint training, 200 steps of the same batches and noise in float32 and in bfloat16, for some seeds.
// Prints how far the losses are apart, and writes docs/bfloat16.svg.
// node bench/training/precision.mjs [steps] [seeds]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPixels, openSplit } from 'roentgen-lab/datasets';
import { figure } from 'roentgen-lab/display';
import { key, split, startEngine } from 'roentgen-lab/engine';
import { fitDiffusion, fitVae, initModel, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel, loadModel, saveModel } from 'roentgen-lab/pipelines';
import { textsOf } from '#datasets/internal';
import { figureSvg } from '#display/plotly/render';
import { recipeTokenizer } from '#experiments/run';

const [steps = 200, seeds = 3] = process.argv.slice(2).map(Number);
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00'];

await startEngine();
const recipe = overrideRecipe(await loadRecipe('quickstart'), {
  'diffusion.optimisation.steps': steps,
  'vae.optimisation.steps': 100,
  'data.train': 400,
});
const { train } = await openSplit({ data: 'phantom', counts: recipe.data, key: key(0), size: recipe.size });
const texts = textsOf(train);
const pixels = await loadPixels(train, recipe.size);
const tokenizer = recipeTokenizer(recipe, 'phantom', texts);

/** The losses of a training that begins at the same weights. */
async function losses(folder, seed, precision) {
  const model = await loadModel(folder);
  const start = performance.now();
  const { log } = await fitDiffusion(model, { ...recipe, precision }, pixels, texts, { key: key(100 + seed) });
  disposeModel(model);
  process.stderr.write(`seed ${seed}, ${precision}: ${((performance.now() - start) / 1000).toFixed(0)} s, loss ${log.at(-1).loss.toFixed(4)}\n`);
  return log.map(({ loss }) => loss);
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const data = [];
console.log('seed | largest difference in steps 1 to 10 | 11 to 100 | 101 to the end | mean loss of the last tenth: float32 | bfloat16 | difference');
for (let seed = 1; seed <= seeds; seed++) {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-precision-'));
  const [modelKey, vaeKey] = split(key(seed), 2);
  const model = initModel(recipe, tokenizer, modelKey);
  await fitVae(model, { ...recipe, precision: 'float32' }, pixels, { key: vaeKey });
  await saveModel(model, folder);
  disposeModel(model);
  const [exact, rounded] = [await losses(folder, seed, 'float32'), await losses(folder, seed, 'bfloat16')];
  rmSync(folder, { recursive: true });
  const apart = exact.map((loss, i) => Math.abs(rounded[i] - loss) / loss);
  const most = (from, to) => `${(100 * Math.max(...apart.slice(from, to))).toPrecision(2)} %`;
  const tail = (values) => mean(values.slice(-Math.ceil(steps / 10)));
  const [a, b] = [tail(exact), tail(rounded)];
  console.log([seed, most(0, 10), most(10, 100), most(100), a.toFixed(4), b.toFixed(4), `${((100 * (b - a)) / a).toPrecision(2)} %`].join(' | '));
  const x = exact.map((_, i) => i + 1);
  const [color, line] = [COLOURS[(seed - 1) % COLOURS.length], { width: 1.2 }];
  data.push(
    { type: 'scatter', mode: 'lines', x, y: exact, line: { ...line, color }, name: `seed ${seed}, float32` },
    { type: 'scatter', mode: 'lines', x, y: rounded, line: { ...line, color: '#333333', dash: 'dot' }, name: `seed ${seed}, bfloat16`, showlegend: seed === 1 },
    { type: 'scatter', mode: 'lines', x, y: apart.map((value) => 100 * value), line: { ...line, color }, xaxis: 'x2', yaxis: 'y2', showlegend: false },
  );
}
const { spec } = figure({
  data,
  layout: {
    width: 960,
    height: 420,
    title: { text: 'The loss in bfloat16 beside float32', subtitle: { text: "The quickstart's joint training: same weights, batches and noise" } },
    margin: { l: 70, r: 24, t: 100, b: 56 },
    xaxis: { title: { text: 'step' }, domain: [0, 0.45] },
    yaxis: { type: 'log', title: { text: 'loss' } },
    xaxis2: { title: { text: 'step' }, domain: [0.56, 1] },
    yaxis2: { type: 'log', title: { text: 'difference of the losses, %' }, anchor: 'x2' },
    legend: { orientation: 'h', yanchor: 'bottom', y: 1.02, x: 0 },
  },
});
writeFileSync(fileURLToPath(new URL('../../docs/bfloat16.svg', import.meta.url)), figureSvg(spec, spec.layout.width, spec.layout.height));
process.exit(0);
