import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { root } from '../support';

/** Records and runs training steps: a handler in the midst of a matrix product corrupted the heap (kernels/link/signals.cc). */
const training = `
  const { key, startEngine, uniformArray } = require('roentgen-lab/engine');
  const { trainBpe } = require('roentgen-lab/tokenizers');
  const { fitDiffusion, initModel, loadRecipe, overrideRecipe } = require('roentgen-lab/experiments');
  process.on('SIGWINCH', () => {});
  startEngine().then(async () => {
    const steps = { 'diffusion.optimisation.steps': 3, 'diffusion.optimisation.learning_rate.warmup': 1 };
    const recipe = overrideRecipe(await loadRecipe('smoke'), steps);
    const texts = Array.from({ length: 32 }, () => 'Small left effusion.');
    const model = initModel(recipe, trainBpe(texts, { vocabularySize: 600, maxLength: 24 }), key(1));
    console.log('trains');
    const { log } = await fitDiffusion(model, recipe, uniformArray(key(5), 32 * recipe.size ** 2), texts, { key: key(2) });
    console.log(log.length);
  });`;

test('signals that arrive while the engine computes do no harm', { timeout: 240_000 }, async () => {
  const child = spawn(process.execPath, ['-e', training], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  const hear = (text: string): void => {
    said += text;
    timer ??= setInterval(() => child.kill('SIGWINCH') && sent++, 1); // as a terminal whose size changes
  };
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  clearInterval(timer);
  assert.equal(status, 0, said);
  assert.match(said, /3\n$/);
  assert.ok(sent > 500, `${sent} signals`);
});
