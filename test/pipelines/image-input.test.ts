import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disposeModel, editImage, type GeneratedImage, imageToImage, inpaint, textToImage } from 'roentgen-lab/pipelines';
import { noLeaks } from '../support';
import { differ, effusion, steps, tinyModel, withModel } from './tiny-model';

test(
  'image to image: little strength keeps the autoencoder’s picture, much changes it; inpainting keeps what is outside the mask',
  withModel(async (m) => {
    const [source] = await textToImage(m, { prompts: [''], steps, seed: 11 });
    const images = [source!];
    const change = async (strength: number): Promise<GeneratedImage> =>
      (await imageToImage(m, { prompts: [effusion], images, strength, steps: 20, scheduler: 'ddim' }))[0]!;
    const [little, much] = [await change(0.05), await change(1)];
    assert.ok(differ(little, source!) < differ(much, source!));
    // Nothing is repainted: what is left is the reconstruction, whatever the prompt and seed.
    const masks = [{ ...source!, pixels: new Float32Array(source!.pixels.length) }];
    const paint = async (prompt: string, mask = masks): Promise<GeneratedImage> =>
      (await inpaint(m, { prompts: [prompt], images, masks: mask, steps, scheduler: 'ddim' }))[0]!;
    assert.deepEqual((await paint(effusion)).pixels, (await paint('right pneumothorax')).pixels);
    const all = [{ ...masks[0]!, pixels: new Float32Array(source!.pixels.length).fill(1) }];
    assert.ok(differ(await paint(effusion, all), await paint(effusion)) > 1e-3);
  }),
);

test(
  'models that see more than latents: editing with 8 channels, inpainting with 9',
  noLeaks(async () => {
    const image = { pixels: new Float32Array(256).fill(0.5), width: 16, height: 16, channels: 1 };
    const editor = tinyModel({ inChannels: 8 });
    const edited = await editImage(editor, { prompts: [effusion, ''], images: [image], steps: 2 });
    assert.deepEqual(
      edited.map(({ width, height }) => [width, height]),
      [
        [16, 16],
        [16, 16],
      ],
    );
    await assert.rejects(textToImage(editor, { prompts: [''] }), /takes 8 channels, so it needs an image beside the text/);
    disposeModel(editor);
    const painter = tinyModel({ inChannels: 9 });
    const [painted] = await inpaint(painter, { prompts: [effusion], images: [image], masks: [image], steps: 2 });
    assert.equal(painted!.pixels.length, 256);
    disposeModel(painter);
  }),
);
