/** What was stopped goes on in the same session, with the model that it left. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { fitDiffusion } from 'roentgen-lab/experiments';
import { disposeModel } from 'roentgen-lab/pipelines';
import { tinyModel } from '../pipelines/tiny-model';
import { noLeaks, tempDir } from '../support';
import { bytesOf, cases, changed, fit, pixels, recipeOf, texts } from './strategy-cases';

process.env.ROENTGEN_EAGER = '1'; // trainings of a few steps, which compiling would take longer than

for (const { settings } of [cases[0]!, cases[1]!, cases[2]!, cases[4]!, cases[6]!, cases[10]!, cases[12]!])
  test(
    `${settings.name} goes on with the model in which it was stopped, twice, and ends with the bytes of one that was not`,
    noLeaks(async (t) => {
      const whole = await fit(settings, 4);
      const folder = join(tempDir(t), 'checkpoint');
      const recipe = await recipeOf(settings, 4);
      const model = tinyModel();
      const sitting = (last: number): ReturnType<typeof fitDiffusion> => {
        const stop = new AbortController();
        return fitDiffusion(model, recipe, pixels, texts, {
          key: key(11),
          checkpoint: folder,
          signal: stop.signal,
          onStep: ({ step }, update) => {
            if (step !== last) return;
            update();
            stop.abort();
          },
        });
      };
      const first = await sitting(1);
      assert.equal(first.stopped, `Stopped at step 1 of 4, saved in ${folder}. Run the training's cell again to go on.`);
      assert.deepEqual([(await sitting(3)).log.length, (await sitting(5)).log.length], [3, 4]);
      assert.deepEqual(changed(bytesOf(whole.model), bytesOf(model)), []);
      for (const one of [whole.model, model]) disposeModel(one);
    }),
  );
