/** The curriculum of two stages on a model that learns nothing to speak of: the way, its interrupts, and its recipes. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import { disposeModel } from 'roentgen-lab/pipelines';
import { fitJourney, type JourneyRecipe, loadJourneyRecipe, type Stage } from 'roentgen-lab/systems';
import { tinyModel } from '../../pipelines/tiny-model';
import { noLeaks, tempDir } from '../../support';
import { bytesOf, changed, pixels, recipeOf, SIZE, texts } from '../../training/strategy-cases';

process.env.ROENTGEN_EAGER = '1'; // trainings of a few steps, which compiling would take longer than

const AREA = SIZE * SIZE;
const triples = {
  priors: rowsOf(pixels.slice(0, 6 * AREA), AREA),
  laters: rowsOf(pixels.slice(6 * AREA), AREA),
  instructions: texts.slice(0, 6),
};
const singles = { pixels: rowsOf(pixels, AREA), texts };

async function recipe(steps: Record<Stage, number>): Promise<JourneyRecipe> {
  const { singles, triples, ...rest } = await loadJourneyRecipe('laptop');
  return {
    ...rest,
    model: await recipeOf({ name: 'joint' }),
    singles: { steps: steps.singles },
    triples: { ...triples, steps: steps.triples },
  };
}

test(
  'both stages train one model; stopped in either, it goes on in a fresh model to the same bytes',
  noLeaks(async (t) => {
    const journey = await recipe({ singles: 2, triples: 2 });
    const whole = tinyModel();
    const results = await fitJourney(whole, journey, { key: key(2), singles, triples, stage: () => ({}) });
    assert.deepEqual([results.singles!.log.length, results.triples!.log.length], [2, 2]);
    for (const stopIn of ['singles', 'triples'] as const) {
      const folder = tempDir(t);
      const sitting = async (stop?: AbortController) => {
        const model = tinyModel();
        const went = await fitJourney(model, journey, {
          key: key(2),
          singles,
          triples,
          stage: (stage) => ({
            checkpoint: { folder: join(folder, stage), resume: 'always' },
            signal: stop?.signal,
            onStep: ({ step }) => {
              if (stage === stopIn && step === 1) stop?.abort();
            },
          }),
        });
        return { model, went };
      };
      const first = await sitting(new AbortController());
      assert.equal(first.went[stopIn]!.interrupted, true);
      assert.equal(stopIn === 'triples', first.went.triples !== undefined);
      const second = await sitting();
      assert.deepEqual(changed(bytesOf(whole), bytesOf(second.model)), [], stopIn);
      for (const { model } of [first, second]) disposeModel(model);
    }
    disposeModel(whole);
  }),
);

test(
  'a stage of no steps is left out',
  noLeaks(async () => {
    const model = tinyModel();
    const { singles: first, triples: second } = await fitJourney(model, await recipe({ singles: 0, triples: 1 }), {
      key: key(2),
      singles,
      triples,
      stage: () => ({}),
    });
    assert.equal(first, undefined);
    assert.equal(second!.log.length, 1);
    disposeModel(model);
  }),
);

test("the laptop's recipe has InstructPix2Pix's dropouts; recipes that can't be worked with are refused", async (t) => {
  const { model, ...laptop } = await loadJourneyRecipe('laptop');
  const { text_dropout, original_dropout, both_dropout } = model.diffusion;
  assert.deepEqual([text_dropout, original_dropout, both_dropout, model.size], [0.1, 0.1, 0.05, 64]);
  const file = join(tempDir(t), 'own.json');
  const refuses = async (content: unknown, message: RegExp): Promise<void> => {
    writeFileSync(file, JSON.stringify(content));
    await assert.rejects(loadJourneyRecipe(file), message);
  };
  const plain = { ...laptop, model: 'quickstart', set: {} };
  await refuses({ ...plain, triples: { ...plain.triples, steps: -1 } }, /triples.steps/);
  await refuses({ ...plain, stages: 2 }, /stages/);
  await refuses({ ...plain, set: { 'diffusion.both_dropout': 0.2, 'diffusion.original_dropout': 0.1 } }, /both_dropout within/);
  await assert.rejects(loadJourneyRecipe('none'), /no recipe "none"; there are laptop, notebook and paper/);
});
