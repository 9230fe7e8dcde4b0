/** Every graph of the recipes compiles for an H100, and the estimate of memory is near what the compiler counts there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { key, startEngine, uniformArray } from 'roentgen-lab/engine';
import { estimateMemory, fitModel, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel, textToImage } from 'roentgen-lab/pipelines';
import { loadToHlo } from '#engine/xla-addons';
import { compileForH100, skipH100 } from '../engine/xla-h100';
import { skip, useXla } from '../engine/xla-plugin';
import { noLeaks } from '../support';
import { cases, fit } from '../training/strategy-cases';

useXla();
const long = skip || (!process.env.ROENTGEN_LONG_TESTS && 'for npm run test:long');

const programs = mkdtempSync(join(tmpdir(), 'roentgen-programs-'));
after(() => rmSync(programs, { recursive: true, force: true }));

/** The programs of all functions that `body` compiles, which TensorFlow then runs: the plugin for the processor would take minutes to compile them. */
async function programsOf(name: string, body: () => Promise<void>): Promise<{ readonly file: string; readonly trains: boolean }[]> {
  const addon = loadToHlo();
  const { toHlo } = addon;
  const found: { readonly file: string; readonly trains: boolean }[] = [];
  addon.toHlo = (...given) => {
    const { hlo, updates } = toHlo(...given);
    const file = join(programs, `${name}-${found.length}.hlo`);
    writeFileSync(file, hlo);
    found.push({ file, trains: updates.length > 0 });
    throw new Error('it is compiled for an H100');
  };
  try {
    await body();
  } finally {
    addon.toHlo = toHlo;
  }
  return found;
}

const MiB = 2 ** 20;

for (const name of ['smoke', 'quickstart', 'phantom-128', 'phantom-256'])
  test(
    `${name}: its graphs compile, and its steps take about as much memory as was foretold`,
    { skip: long || skipH100 },
    noLeaks(async (t) => {
      await startEngine();
      const recipe = overrideRecipe(await loadRecipe(name), { 'vae.optimisation.steps': 1, 'diffusion.optimisation.steps': 1 });
      const count = Math.max(recipe.vae.optimisation.batch_size, recipe.diffusion.optimisation.batch_size);
      const texts = Array.from({ length: count }, (_, i) => (i % 2 ? 'Small left pleural effusion.' : 'No acute process.'));
      const pixels = uniformArray(key(1), count * recipe.size ** 2);
      let [joint, whole] = [Number.NaN, Number.NaN];
      const found = await programsOf(name, async () => {
        const { model } = await fitModel({ recipe, pixels, texts, key: key(2) });
        [joint, whole] = [false, true].map((withVae) => estimateMemory(recipe, model, { withVae }).MiB) as [number, number];
        await textToImage(model, { prompts: [texts[0]!], steps: 1, seed: 1 });
        disposeModel(model);
      });
      const taken = compileForH100(found.map(({ file }) => file)).map((memory, i) => {
        assert.ok(typeof memory !== 'string', `program ${i}: ${memory}`);
        return (memory.arguments + memory.outputs - memory.aliased + memory.temporary) / MiB;
      });
      const steps = taken.filter((_, i) => found[i]!.trains);
      for (const [what, foretold, counted] of [
        ['the diffusion model', joint, steps.at(-1)!],
        ['the larger of both parts', whole, Math.max(...steps)],
      ] as const) {
        t.diagnostic(`${what}: ${foretold.toFixed(0)} MiB foretold, ${counted.toFixed(0)} counted`);
        assert.ok(foretold > 0.8 * counted && foretold < 1.8 * counted, `${what}: ${foretold} MiB foretold, ${counted} counted`);
      }
      t.diagnostic(`${found.length} programs`);
    }),
  );

test(
  'every strategy',
  { skip: long || skipH100 },
  noLeaks(async (t) => {
    await startEngine();
    const found = await programsOf('strategy', async () => {
      for (const { settings } of cases) disposeModel((await fit(settings, 1)).model);
    });
    t.diagnostic(`${found.length} programs`);
    for (const [i, memory] of compileForH100(found.map(({ file }) => file)).entries())
      assert.ok(typeof memory !== 'string', `program ${i}: ${memory}`);
  }),
);
