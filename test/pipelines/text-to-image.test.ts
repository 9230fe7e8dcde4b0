import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal } from 'roentgen-lab/engine';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { disposeModel, editImage, encodePrompts, type GeneratedImage, imageToImage, textToImage } from 'roentgen-lab/pipelines';
import { initUNet } from 'roentgen-lab/unet';
import { hearWaits } from '#engine/internal';
import { verifyFixtures } from '../networks';
import { noLeaks } from '../support';
import { assertSame, differ, effusion, model, steps, tinyModel, withModel } from './tiny-model';

test(
  'pictures have the size, range and labels that were asked for',
  withModel(async (m) => {
    const images = await textToImage(m, { prompts: [effusion, ''], steps, seed: 7, imagesPerPrompt: 2, size: [16, 24] });
    assert.deepEqual(
      images.map(({ prompt, seed, index, lostTokens }) => [prompt, seed, index, lostTokens]),
      [
        [effusion, 7, 0, 0],
        [effusion, 7, 1, 0],
        ['', 7, 2, 0],
        ['', 7, 3, 0],
      ],
    );
    for (const { pixels, width, height, channels } of images) {
      assert.deepEqual([width, height, channels, pixels.length], [24, 16, 1, 24 * 16]);
      assert.ok(pixels.every((value) => value >= 0 && value <= 1));
    }
    assert.ok(differ(images[0]!, images[1]!) > 1e-3, 'pictures of one prompt differ');
  }),
);

test(
  'a picture is the same alone, in a batch and in batches of another size; the seed changes it',
  withModel(async (m) => {
    const prompts = [effusion, 'right pneumothorax', 'no acute process'];
    for (const scheduler of ['pndm', 'euler_ancestral', 'ddim']) {
      const request = { steps, scheduler, seed: 3, eta: scheduler === 'ddim' ? 1 : 0 };
      const together = await textToImage(m, { ...request, prompts });
      const [alone] = await textToImage(m, { ...request, prompts: prompts.slice(0, 1) });
      const inTwos = await textToImage(m, { ...request, prompts, batchSize: 2 });
      assertSame(alone!, together[0]!, 1e-4); // sums in another order
      for (const [i, image] of inTwos.entries()) assertSame(image, together[i]!, 1e-4);
      const again = await textToImage(m, { ...request, prompts });
      for (const [i, image] of again.entries()) assert.deepEqual(image.pixels, together[i]!.pixels);
      const [other] = await textToImage(m, { ...request, prompts: prompts.slice(0, 1), seed: 4 });
      assert.ok(differ(other!, alone!) > 1e-3, `${scheduler}: another seed gives another picture`);
    }
  }),
);

test(
  'guidance 1 is the prompt alone, whatever the negative prompt; more guidance uses it',
  withModel(async (m) => {
    const make = async (guidance: number, negative: string): Promise<GeneratedImage> =>
      (await textToImage(m, { prompts: [effusion], steps, guidance, negative }))[0]!;
    assert.deepEqual((await make(1, '')).pixels, (await make(1, 'right pneumothorax')).pixels);
    assert.ok(differ(await make(20, ''), await make(20, 'right pneumothorax')) > 1e-5);
    // Guided away from itself, a prompt is just itself.
    assertSame(await make(5, effusion), await make(1, ''), 1e-4);
  }),
);

test(
  'another prompt, scale, timestep or seed needs no other graph',
  withModel(async (m) => {
    const request = { prompts: [effusion], steps, guidance: 4, rescale: 0.5 };
    await textToImage(m, request);
    const waits: string[] = [];
    await hearWaits(
      (what) => void waits.push(what),
      () => textToImage(m, { ...request, prompts: ['right pneumothorax'], guidance: 7, rescale: 0.7, seed: 9, steps: steps + 1 }),
    );
    assert.deepEqual(waits, []);
  }),
);

test(
  "a recipe's rescale is taken where its sampling is, narrows what strong guidance spreads, and is told",
  withModel(async (m) => {
    const { sampling } = overrideRecipe(await loadRecipe('smoke'), {
      'sampling.steps': steps,
      'sampling.guidance': 12,
      'sampling.rescale': 0.7,
    });
    const request = { prompts: [effusion], ...sampling, seed: 3 };
    const [[narrow], [wide]] = [await textToImage(m, request), await textToImage(m, { ...request, rescale: 0 })];
    assert.ok(differ(narrow!, wide!) > 1e-5);
    assert.deepEqual([narrow!.made.guidance_rescale, wide!.made.guidance_rescale], [0.7, undefined]);
  }),
);

test(
  'start noise that is given takes the place of the seed',
  withModel(async (m) => {
    const latents = normal<tf.Rank.R4>(key(8), [1, 8, 8, 4]);
    const [a] = await textToImage(m, { prompts: [effusion], steps, latents, seed: 1 });
    const [b] = await textToImage(m, { prompts: [effusion], steps, latents, seed: 2 });
    assert.deepEqual(a!.pixels, b!.pixels);
    const wrong = normal<tf.Rank.R4>(key(8), [1, 4, 4, 4]);
    await assert.rejects(
      textToImage(m, { prompts: [effusion], steps, latents: wrong }),
      /latents: expected \[1, 8, 8, 4\], got \[1, 4, 4, 4\]/,
    );
    dispose(latents, wrong);
  }),
);

test(
  'every step is told, with a preview that ends as the picture',
  withModel(async (m) => {
    const seen: [number, number][] = [];
    let last: GeneratedImage | undefined;
    const images = await textToImage(m, {
      prompts: [effusion, ''],
      steps,
      batchSize: 1,
      onStep: async ({ step, total, latents, indices, preview }) => {
        seen.push([step, total]);
        assert.deepEqual(latents.shape, [1, 8, 8, 4]);
        assert.deepEqual(indices, [step <= steps + 1 ? 0 : 1]);
        if (step === total) [last] = await preview();
      },
    });
    // PNDM calls the network once more than it makes steps.
    assert.deepEqual(
      seen,
      Array.from({ length: 2 * (steps + 1) }, (_, i) => [i + 1, 2 * (steps + 1)]),
    );
    assert.deepEqual(last!.pixels, images[1]!.pixels);
  }),
);

test(
  'an abort ends the sampling within one step',
  withModel(async (m) => {
    const controller = new AbortController();
    let calls = 0;
    const run = textToImage(m, {
      prompts: [effusion],
      steps: 50,
      signal: controller.signal,
      onStep: () => {
        if (++calls === 3) controller.abort(new Error('enough'));
      },
    });
    await assert.rejects(run, /enough/);
    assert.equal(calls, 3);
    await assert.rejects(textToImage(m, { prompts: [effusion], signal: AbortSignal.abort(new Error('never')) }), /never/);
  }),
);

test(
  'an error in the callback ends the sampling and leaks nothing',
  withModel(async (m) => {
    const onStep = (): void => {
      throw new Error('display is gone');
    };
    await assert.rejects(textToImage(m, { prompts: [effusion], steps, onStep }), /display is gone/);
  }),
);

test('tokens that do not fit are counted and warned about', async (t) => {
  const m = await model();
  const warn = t.mock.method(console, 'warn', () => {});
  const [image] = await textToImage(m, { prompts: ['effusion '.repeat(500)], steps: 1 });
  assert.ok(image!.lostTokens >= 478, String(image!.lostTokens));
  assert.equal(warn.mock.callCount(), 1);
  const [warning] = warn.mock.calls[0]!.arguments;
  assert.match(String(warning), /textToImage: 1 of 1 texts are longer than the encoder reads: number 1 \(\d+ tokens lost\)/);
  assert.doesNotMatch(String(warning), /effusion/, 'a report has no place in a log');
});

test(
  'wrong requests are refused by name',
  withModel(async (m) => {
    const ask = (options: object): Promise<unknown> => textToImage(m, { prompts: [effusion], steps, ...options });
    await assert.rejects(ask({ prompts: [] }), /prompts: expected at least one/);
    await assert.rejects(ask({ steps: 2000 }), /2000 is more than the 1000 training timesteps/);
    await assert.rejects(ask({ size: 17 }), /size: expected a multiple of 2 pixels, got 17/);
    await assert.rejects(ask({ scheduler: 'magic' }), /magic is not supported; choose one of/);
    await assert.rejects(ask({ eta: 2 }), /eta: expected a number from 0 to 1, got 2/);
    await assert.rejects(ask({ batchSize: 0 }), /batchSize: expected a whole number from 1, got 0/);
    await assert.rejects(ask({ rescale: -1 }), /rescale: expected a number from 0 to 1/);
    await assert.rejects(textToImage({ ...m, tokenizer: undefined }, { prompts: [''] }), /no tokenizer/);
    const image = { pixels: new Float32Array(64), width: 8, height: 8, channels: 1 };
    await assert.rejects(editImage(m, { prompts: [''], images: [image] }), /takes 4 channels; expected 8/);
    await assert.rejects(
      imageToImage(m, { prompts: [''], images: [{ ...image, width: 9 }] }),
      /size: expected a multiple of 2 pixels, got 9/,
    );
    await assert.rejects(
      imageToImage(m, { prompts: [''], images: [{ ...image, pixels: new Float32Array(63) }] }),
      /expected 8 x 8 x 1 values, got 63/,
    );
  }),
);

test(
  'weights that are not finite give an error, not a black picture',
  noLeaks(async () => {
    const m = tinyModel();
    const broken = m.vae.params.decoder.conv_out;
    broken.bias!.dispose();
    broken.bias = tf.fill([1], Number.NaN);
    await assert.rejects(textToImage(m, { prompts: [effusion], steps: 1 }), /values that are not finite/);
    disposeModel(m);
  }),
);

test(
  'exchanged weights are used, and the graph is kept',
  noLeaks(async () => {
    const m = tinyModel();
    const make = async (): Promise<GeneratedImage> => (await textToImage(m, { prompts: [effusion], steps: 2 }))[0]!;
    const before = await make();
    const old = m.unet;
    m.unet = { config: old.config, params: initUNet(old.config, key(77)) };
    assert.ok(differ(before, await make()) > 1e-4);
    dispose(m.unet.params);
    m.unet = old;
    assert.deepEqual((await make()).pixels, before.pixels);
    disposeModel(m);
  }),
);

test(
  'the empty text and any other have contexts of one shape',
  withModel(async (m) => {
    const { context, lostTokens } = encodePrompts(m, ['', effusion]);
    assert.deepEqual(context.shape, [2, 24, 16]);
    assert.deepEqual(lostTokens, [0, 0]);
    context.dispose();
  }),
);

test('the shared fixtures pass', (t) => verifyFixtures(t, 'pipeline/'));
