/** Training of models that edit: originals beside the noisy latents, their dropouts, and what is refused. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { key, uniformArray } from 'roentgen-lab/engine';
import { fitDiffusion, overrideRecipe } from 'roentgen-lab/experiments';
import { rowsOf } from 'roentgen-lab/files';
import { disposeModel, editImage } from 'roentgen-lab/pipelines';
import { widenForEditing } from 'roentgen-lab/systems';
import { checkDropouts, droppedOriginals } from '#training/original-images';
import { tinyModel } from '../pipelines/tiny-model';
import { assertClose, noLeaks, tempDir } from '../support';
import { bytesOf, COUNT, changed, pixels, recipeOf, SIZE, texts } from './strategy-cases';

process.env.ROENTGEN_EAGER = '1'; // trainings of a few steps, which compiling would take longer than

const originals = rowsOf(uniformArray(key(4), COUNT * SIZE * SIZE), SIZE * SIZE);
const CONV = 'unet.conv_in.weight';

test("one draw decides on text and original by InstructPix2Pix's rule: text alone, both, original alone", () => {
  const dropout = { dropout: 0.1, bothDropout: 0.05 };
  assert.deepEqual(droppedOriginals([0.02, 0.051, 0.07, 0.12, 0.151, 0.9], 0.1, dropout), [false, true, true, true, false, false]);
  const draws = uniformArray(key(1), 100_000);
  const dropped = droppedOriginals(draws, 0.1, dropout);
  const rate = (of: (text: boolean, original: boolean) => boolean): number =>
    dropped.filter((d, i) => of(draws[i]! < 0.1, d)).length / draws.length;
  for (const each of [rate((t, o) => t && !o), rate((t, o) => t && o), rate((t, o) => !t && o)])
    assert.ok(Math.abs(each - 0.05) < 0.003, `${each}`);
  assert.throws(() => checkDropouts('x', 0.1, { dropout: 0.02, bothDropout: 0.05 }), /both_dropout within/);
  assert.throws(() => checkDropouts('x', 0.8, { dropout: 0.5, bothDropout: 0.1 }), /at most 1/);
});

test(
  'without originals a widened U-Net learns what it would have learnt without its new channels, which stay 0',
  noLeaks(async () => {
    const recipe = await recipeOf({ name: 'joint' });
    const [plain, wide] = [tinyModel(), tinyModel()];
    widenForEditing(wide);
    widenForEditing(wide); // once is enough
    assert.deepEqual(wide.unet.params.conv_in.weight.shape, [3, 3, 8, 8]);
    for (const model of [plain, wide]) await fitDiffusion(model, recipe, pixels, texts, { key: key(11) });
    const [a, b] = [bytesOf(plain), bytesOf(wide)];
    for (const path of Object.keys(a).filter((each) => each !== CONV)) assertClose(b[path]!, a[path]!, 1e-3, path);
    const fresh = b[CONV]!.filter((_, i) => Math.floor(i / 8) % 8 >= 4); // [3, 3, 8, out]
    assert.ok(fresh.length === 9 * 4 * 8 && fresh.every((value) => value === 0));
    for (const model of [plain, wide]) disposeModel(model);
  }),
);

test(
  'originals are learnt from; what was stopped goes on to the same bytes, and the result edits images',
  noLeaks(async (t) => {
    const recipe = overrideRecipe(await recipeOf({ name: 'joint' }, 4), {
      'diffusion.original_dropout': 0.1,
      'diffusion.both_dropout': 0.05,
    });
    const options = { key: key(11), originals };
    const [whole, parts] = [tinyModel(), tinyModel()];
    for (const model of [whole, parts]) widenForEditing(model);
    await fitDiffusion(whole, recipe, pixels, texts, options);
    assert.ok(bytesOf(whole)[CONV]!.every((value) => value !== 0));
    const folder = join(tempDir(t), 'checkpoint');
    const stop = new AbortController();
    const first = await fitDiffusion(parts, recipe, pixels, texts, {
      ...options,
      checkpoint: folder,
      signal: stop.signal,
      onStep: ({ step }) => {
        if (step === 2) stop.abort();
      },
    });
    assert.equal(first.interrupted, true);
    await fitDiffusion(parts, recipe, pixels, texts, { ...options, checkpoint: folder });
    assert.deepEqual(changed(bytesOf(whole), bytesOf(parts)), []);
    const image = { pixels: pixels.slice(0, SIZE * SIZE), width: SIZE, height: SIZE, channels: 1 };
    const [edited] = await editImage(whole, {
      images: [image],
      prompts: ['left pleural effusion'],
      steps: 2,
      guidance: 2,
      imageGuidance: 1.5,
    });
    assert.ok(edited!.pixels.every(Number.isFinite));
    for (const model of [whole, parts]) disposeModel(model);
  }),
);

test(
  'what does not fit is refused: a model that edits nothing, too few originals, changed copies',
  noLeaks(async () => {
    const recipe = await recipeOf({ name: 'joint' });
    const fit = async (widen: boolean, given: typeof originals, changes: Record<string, unknown> = {}): Promise<void> => {
      const model = tinyModel();
      try {
        if (widen) widenForEditing(model);
        await fitDiffusion(model, overrideRecipe(recipe, changes), pixels, texts, { key: key(11), originals: given });
      } finally {
        disposeModel(model);
      }
    };
    await assert.rejects(fit(false, originals), /originals: expected a U-Net that takes the latents of an image/);
    await assert.rejects(fit(true, rowsOf(new Float32Array(SIZE * SIZE), SIZE * SIZE)), /12 latents, but 1 originals/);
    await assert.rejects(
      fit(true, originals, { 'data.augmentation': { copies: 2, shift: 0.1, rotation: 0, exposure: 0 } }),
      /data.augmentation/,
    );
    await assert.rejects(fit(true, originals, { 'diffusion.both_dropout': 0.5 }), /both_dropout within/);
    const inpainting = tinyModel({ inChannels: 9 });
    assert.throws(() => widenForEditing(inpainting), /takes 9 channels; expected 4/);
    disposeModel(inpainting);
  }),
);
