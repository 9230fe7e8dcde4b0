/** What strategies leave is the same whether a training is handed the weights, stopped, or resumed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { fitDiffusion } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import type { StrategySettings } from 'roentgen-lab/training';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { bytesOf, cases, changed, fit, pixels, recipeOf, texts } from './strategy-cases';

const handed: StrategySettings[] = [{ name: 'joint' }, { name: 'unet-only' }, { name: 'lora', rank: 2, parts: ['unet', 'textEncoder'] }];
for (const settings of handed)
  test(
    `handed over to its training, a model ends with the same bytes: ${settings.name}`,
    noLeaks(async () => {
      const [kept, given] = [await fit(settings), await fit(settings, 3, { handOver: true })];
      assert.deepEqual(given.losses, kept.losses);
      assert.deepEqual(changed(bytesOf(kept.model), bytesOf(given.model)), []);
      disposeModel(kept.model);
      disposeModel(given.model);
    }),
  );

for (const settings of [
  cases[4]!.settings,
  cases[6]!.settings,
  cases[7]!.settings,
  cases[8]!.settings,
  cases[10]!.settings,
  cases[12]!.settings,
])
  test(
    `${settings.name} that is stopped and resumed ends with the bytes of one that was not`,
    noLeaks(async (t) => {
      const whole = await fit(settings, 4);
      const folder = join(tempDir(t), 'checkpoint');
      const recipe = await recipeOf(settings, 4);
      const stop = new AbortController();
      const first = tinyModel();
      const part = await fitDiffusion(first, recipe, pixels, texts, {
        key: key(11),
        checkpoint: folder,
        signal: stop.signal,
        onStep: ({ step }) => {
          if (step === 2) stop.abort();
        },
      });
      assert.equal(part.interrupted, true);
      const second = tinyModel();
      const rest = await fitDiffusion(second, recipe, pixels, texts, { key: key(11), checkpoint: folder });
      assert.equal(rest.log.length, 4);
      assert.deepEqual(changed(bytesOf(whole.model), bytesOf(second)), []);
      for (const model of [whole.model, first, second]) disposeModel(model);
    }),
  );
