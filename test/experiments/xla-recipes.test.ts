/** Every graph of the recipes compiles for an H100, and the estimate of memory is near what the compiler counts there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { key, startEngine, uniformArray } from 'roentgen-lab/engine';
import { estimateMemory, fitModel, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel, textToImage } from 'roentgen-lab/pipelines';
import { compileForH100, convertedPrograms, skipH100 } from '../engine/xla-h100';
import { skip, useXla } from '../engine/xla-plugin';
import { noLeaks } from '../support';
import { cases, fit } from '../training/strategy-cases';

useXla();
const long = skip || (!process.env.ROENTGEN_LONG_TESTS && 'for npm run test:long');

const programs = mkdtempSync(join(tmpdir(), 'roentgen-programs-'));
after(() => rmSync(programs, { recursive: true, force: true }));

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
      const found = await convertedPrograms(join(programs, name), async () => {
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
        assert.ok(foretold > 0.9 * counted && foretold < 1.2 * counted, `${what}: ${foretold} MiB foretold, ${counted} counted`);
      }
      t.diagnostic(`${found.length} programs`);
    }),
  );

test(
  'the steps of every strategy compile',
  { skip: long || skipH100 },
  noLeaks(async (t) => {
    await startEngine();
    const found = await convertedPrograms(join(programs, 'strategies'), async () => {
      for (const { settings } of cases) disposeModel((await fit(settings, 1)).model);
    });
    const steps = found.flatMap(({ file, trains }) => (trains ? [file] : []));
    t.diagnostic(`${steps.length} programs`);
    assert.ok(steps.length >= cases.length);
    for (const [i, memory] of compileForH100(steps).entries()) assert.ok(typeof memory !== 'string', `program ${i}: ${memory}`);
  }),
);
