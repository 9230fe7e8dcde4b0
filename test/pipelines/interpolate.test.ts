import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpolate, textToImage } from 'roentgen-lab/pipelines';
import { assertSame, differ, effusion, steps, withModel } from './tiny-model';

const pneumothorax = 'right pneumothorax';

test(
  'the ends are the ordinary images, with every kind of scheduler; between them it is neither',
  withModel(async (model) => {
    // The second draws noise in its steps, which must be that of the end's seed.
    for (const scheduler of ['ddim', 'euler_ancestral']) {
      const request = { steps, scheduler, guidance: 3 };
      const [from, to] = [
        { prompt: effusion, seed: 3 },
        { prompt: pneumothorax, seed: 8 },
      ] as const;
      const [first, middle, last] = await interpolate(model, { ...request, from, to, fractions: [0, 0.5, 1] });
      const [a] = await textToImage(model, { ...request, prompts: [from.prompt], seed: from.seed });
      const [b] = await textToImage(model, { ...request, prompts: [to.prompt], seed: to.seed });
      assertSame(first!, a!, 1e-4);
      assertSame(last!, b!, 1e-4);
      assert.ok(differ(middle!, a!) > 1e-3 && differ(middle!, b!) > 1e-3, scheduler);
      assert.deepEqual([first!.prompt, first!.seed, last!.prompt, last!.seed], [effusion, 3, pneumothorax, 8]);
      assert.deepEqual([middle!.made.from_seed, middle!.made.to_seed, middle!.made.fraction], [3, 8, 0.5]);
    }
  }),
);

test(
  'equal ends are one image all the way, and batches make no difference',
  withModel(async (model) => {
    const end = { prompt: effusion, seed: 3 };
    const [image] = await textToImage(model, { prompts: [effusion], seed: 3, steps });
    const images = await interpolate(model, { from: end, to: end, fractions: [0, 0.3, 1], steps, batchSize: 2 });
    for (const one of images) assertSame(one, image!, 1e-4);
  }),
);

test(
  'a fraction outside is refused',
  withModel(async (model) => {
    const end = { prompt: effusion, seed: 3 };
    await assert.rejects(interpolate(model, { from: end, to: end, fractions: [1.5] }), /fractions: expected numbers from 0 to 1, got 1.5/);
  }),
);
