// What attention costs by the sequence's length: seconds of a training step and the process's peak memory, for ReLU features and for softmax attention, each in a
// process of its own, up to the paper's 3,334 tokens. Then the loss of both after as many steps on the same studies of the phantom.
// node bench/viewxgen/length.mjs [--lengths 270,512,1024,2048,3334] [--batch 2] [--steps 5] [--loss-steps 500] [--figure docs/viewxgen-length.svg] [--json]
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { values } = parseArgs({
  options: {
    lengths: { type: 'string', default: '270,512,1024,2048,3334' },
    batch: { type: 'string', default: '2' },
    steps: { type: 'string', default: '5' },
    'loss-steps': { type: 'string', default: '500' },
    figure: { type: 'string' },
    json: { type: 'boolean', default: false },
    one: { type: 'string' },
  },
});

if (values.one) await one(JSON.parse(values.one));
else await all();

/** A training of a few steps on made studies, or on those of the recipe `small`. */
async function one({ attention, length, batch, steps, real }) {
  const { key, randomInts, startEngine } = require('roentgen-lab/engine');
  const systems = require('roentgen-lab/systems');
  await startEngine();
  const { viewxgenConfigOf, trainSequence, loadViewxgenRecipe } = systems;
  const seconds = [];
  let last = performance.now();
  const losses = [];
  const onStep = ({ loss }) => {
    const now = performance.now();
    seconds.push((now - last) / 1000);
    losses.push(loss);
    last = now;
  };
  if (real) {
    const recipe = await loadViewxgenRecipe('small');
    const own = { ...recipe, network: { ...recipe.network, attention }, optimisation: { ...recipe.optimisation, steps } };
    const data = await systems.phantomViewStudies('train', recipe.phantom.train, { size: recipe.size, images: recipe.network.images });
    const vq = await systems.fitAutoencoder({ recipe, data, key: key(1) }, '.cache/viewxgen/bench-autoencoder');
    const tokenizer = systems.reportVocabulary(data, recipe.vocabulary_size, recipe.network.text_length);
    const autoencoder = await systems.autoencoderHash('.cache/viewxgen/bench-autoencoder');
    const { studies } = await systems.tokeniseStudies(vq, tokenizer, data, { size: recipe.size, autoencoder });
    await trainSequence({ recipe: own, config: viewxgenConfigOf(own, tokenizer), studies, key: key(2), onStep });
    console.log(JSON.stringify({ attention, loss: losses.slice(-50).reduce((a, b) => a + b, 0) / 50 }));
    return;
  }
  const { network, optimisation } = await loadViewxgenRecipe('phantom');
  const grid = Math.floor(Math.sqrt((length - network.text_length) / network.images - 2));
  const config = { model_type: 'viewxgen', ...network, attention, text_vocabulary: 1000, codes: 512, grid };
  const image = (view, i) => ({ kind: 'image', view, codes: randomInts(key(i), grid ** 2, 0, 512) });
  const text = { kind: 'text', ids: randomInts(key(9), network.text_length, 0, 1000), length: network.text_length };
  const studies = Array.from({ length: batch }, (_, i) => ({ text, images: [image('PA', i), image('LATERAL', i + 20), image('AP', i + 40)] }));
  const recipe = { learns: 'both', dropout: 0, optimisation: { ...optimisation, batch_size: batch, steps } };
  await trainSequence({ recipe, config, studies, key: key(1), onStep });
  const later = seconds.slice(1).sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      attention,
      tokens: network.text_length + network.images * (grid ** 2 + 2),
      seconds: { least: later[0], median: later[Math.floor(later.length / 2)] },
      peakMiB: process.resourceUsage().maxRSS / 1024,
    }),
  );
}

async function all() {
  const run = (settings) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--one', JSON.stringify(settings)], { encoding: 'utf8' });
    return status === 0 ? JSON.parse(stdout.trim().split('\n').at(-1)) : { ...settings, failed: stderr.trim().split('\n').at(-1) };
  };
  const [batch, steps, lossSteps] = [values.batch, values.steps, values['loss-steps']].map(Number);
  const rows = values.lengths.split(',').flatMap((length) => ['relu', 'exact'].map((attention) => run({ attention, length: Number(length), batch, steps })));
  const losses = lossSteps > 0 ? ['relu', 'exact'].map((attention) => run({ attention, steps: lossSteps, real: true })) : [];
  if (values.figure) {
    const { lineFigure } = require('roentgen-lab/display');
    const of = (attention) => rows.filter((row) => row.attention === attention && !row.failed);
    const series = (value) =>
      [['relu', 'ReLU features'], ['exact', 'softmax attention']].map(([attention, name]) => ({ name, x: of(attention).map(({ tokens }) => tokens), y: of(attention).map(value) }));
    await lineFigure({ title: `A training step of ${batch} studies`, xTitle: 'tokens of a sequence', yTitle: 'seconds', series: series(({ seconds }) => seconds.median) }).save(values.figure);
  }
  if (values.json) console.log(JSON.stringify({ rows, losses }, null, 2));
  else {
    for (const row of rows)
      console.log(row.failed ? `${row.attention}, ${row.length} tokens: ${row.failed}` : `${row.attention}, ${row.tokens} tokens: ${row.seconds.median.toFixed(2)} s a step (least ${row.seconds.least.toFixed(2)}), peak ${Math.round(row.peakMiB)} MiB`);
    for (const { attention, loss } of losses) console.log(`${attention}: loss ${loss.toFixed(3)} after ${lossSteps} steps of the recipe small (mean of the last 50)`);
  }
}
