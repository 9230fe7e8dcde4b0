#!/usr/bin/env node
// RoentGen's tables at laptop scale: the small world's model adapted to the phantom by several strategies, with several seeds, and every evaluation of them.
// Hours on two cores, less than one a seed with --quick, and it goes on where it was interrupted. `node bench/reproduction/write.mjs` makes docs/results.md of what is there.
//
//   npm run quickstart && npm run quickstart -- --data world && npx roentgen mlm     what is adapted, once
//   node bench/reproduction/run.mjs [--seeds 1,2,3] [--steps 1000] [--recipes joint,unet-only] [--prompts 256 | --quick] [--only fidelity,forgetting] [--out runs/reproduction]

import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    steps: { type: 'string', default: '1000' },
    recipes: { type: 'string', default: 'joint,unet-only,random-unet,random-unet-only,encoder-swap' },
    prompts: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    out: { type: 'string', default: join(root, 'runs', 'reproduction') },
  },
});
const recipes = values.recipes.split(',');
const base = join(root, 'runs', 'base', 'model');
if (!existsSync(base)) throw new Error('there is no runs/base/model: npm run quickstart -- --data world');

/** What is measured of all strategies, and what adapts the base itself. */
const OF_MODELS = ['fidelity', 'diversity', 'classification', 'report-generation', 'retrieval', 'memorisation', 'ground-truth'];
const OF_BASE = [
  ['distillation', '--recipes', 'joint'],
  ['forgetting', '--recipes', 'joint,unet-only,replay,ewc,lora,joint-low,distillation'],
];
const OF_QUICKSTART = ['instruments', 'detail', 'augmentation'];

/** Runs a command of the library; its seconds go into a log beside the results. */
function roentgen(log, args) {
  const started = Date.now();
  process.stderr.write(`roentgen ${args.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [join(root, 'bin', 'roentgen.mjs'), ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const line = { command: `roentgen ${args.map((each) => each.replace(`${root}/`, '')).join(' ')}`, seconds: Math.round((Date.now() - started) / 1000), status };
  appendFileSync(log, `${JSON.stringify(line)}\n`);
  if (status !== 0) process.stderr.write(`ended with ${status}\n`);
  return status === 0;
}

for (const seed of values.seeds.split(',')) {
  const folder = join(resolve(values.out), `seed-${seed}`);
  mkdirSync(folder, { recursive: true });
  const log = join(folder, 'commands.jsonl');
  const strategies = join(folder, 'strategies');
  const made = recipes.every((recipe) => existsSync(join(strategies, recipe, 'row.json')));
  if (!made) roentgen(log, ['strategies', '--steps', values.steps, '--seed', seed, '--only', values.recipes, '--out', strategies]);
  const out = join(folder, 'evaluation');
  const evaluate = (name, models, ...rest) => {
    if (values.only && !values.only.split(',').includes(name)) return;
    if (existsSync(join(out, name, 'result.json'))) return;
    const named = models.flatMap((model) => ['--model', model]);
    const how = values.quick ? ['--quick'] : ['--prompts', values.prompts ?? '256'];
    roentgen(log, ['evaluate', name, ...named, '--seed', seed, ...how, '--out', out, ...rest]);
  };
  const adapted = [base, ...recipes.map((recipe) => join(strategies, recipe, 'model'))].filter((model) => existsSync(model));
  for (const name of OF_MODELS) evaluate(name, adapted);
  for (const [name, ...rest] of OF_BASE) evaluate(name, [base], ...rest);
  for (const name of OF_QUICKSTART) evaluate(name, [join(root, 'runs', 'quickstart', 'model')]);
}
