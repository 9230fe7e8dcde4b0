import assert from 'node:assert/strict';
import { join } from 'node:path';
import sharp from 'sharp';
import { saveUntrained } from '../untrained-model';
import { artefacts, browserTest, jupyterLab, pixelsOf } from './lab';

const lab = jupyterLab();

/** A trained model for the pictures of the README; what the test asserts holds for any, and an untrained one is made in a moment. */
const trained = process.env.ROENTGEN_PLAYGROUND_MODEL;

/** An animation of screenshots of one size, `runs/browser/playground.webp`. */
async function animate(frames: readonly Buffer[], milliseconds: number): Promise<void> {
  const sizes = await Promise.all(frames.map((frame) => sharp(frame).metadata()));
  const [width, height] = [Math.min(...sizes.map((size) => size.width)), Math.min(...sizes.map((size) => size.height))];
  const cut = await Promise.all(frames.map((frame) => sharp(frame).extract({ left: 0, top: 0, width, height }).png().toBuffer()));
  const moving = sharp(cut, { join: { animated: true } }).webp({ quality: 70, effort: 4, loop: 0, delay: frames.map(() => milliseconds) });
  await moving.toFile(join(artefacts, 'playground.webp'));
}

browserTest(
  lab,
  'the playground: the prompt is counted, another encoder stops the picture that is being made and makes another',
  560,
  async () => {
    const model = trained ?? join(lab.folder, 'model');
    if (trained === undefined) await saveUntrained(model);
    lab.copy('02-playground.ipynb', {
      model,
      small: model,
      encoders: join(lab.folder, 'none'),
      minilm: join(lab.folder, 'none'),
      recipe: 'smoke',
      seed: 1,
      steps: 8,
    });
    await lab.open('02-playground.ipynb');
    await lab.runAll();
    const { page } = lab;
    await lab.settled(420);
    const prompt = page.locator('.widget-textarea textarea');
    await prompt.scrollIntoViewIfNeeded();
    await lab.shot('10-playground');
    const view = page.locator('.widget-tab').first();
    const frames = [await view.screenshot()];
    await prompt.fill('PA chest radiograph. Small left pneumothorax.');
    await page.locator('.rg-marked b', { hasText: 'pneumothorax' }).waitFor();
    await page.getByText(/\d+ of \d+ tokens/).waitFor();
    frames.push(await view.screenshot());

    const picture = page.locator('img.widget-image');
    const [shown, typed, make] = await Promise.all(
      [picture, prompt, page.getByRole('button', { name: 'Make the picture' })].map((part) => part.boundingBox()),
    );
    assert.ok(shown!.x > typed!.x + typed!.width && shown!.y < typed!.y, 'the picture stands beside the settings');
    assert.ok(make!.y < shown!.y + 400, 'the button is near the picture');
    const before = await pixelsOf(picture);
    const encoder = page.locator('.widget-dropdown select').first();
    // Enough steps that the picture is still being made when the encoder changes again.
    const steps = page.locator('.widget-readout').first();
    await steps.fill('50');
    await steps.press('Enter');
    // The page itself does both: the second choice comes as soon as the first one's picture has its first step.
    await encoder.evaluate(async (element) => {
      const choose = (index: number) => {
        (element as HTMLSelectElement).selectedIndex = index;
        element.dispatchEvent(new Event('change', { bubbles: true }));
      };
      choose(1); // its first layer alone
      const begun = (): boolean =>
        [...document.querySelectorAll('.widget-html')].some(({ textContent }) => /Picture.*\b[1-9]\d*\/50/.test(textContent ?? ''));
      while (!begun()) await new Promise((resolve) => setTimeout(resolve, 5));
      choose(2); // random weights
    });
    frames.push(await view.screenshot());
    await page.locator('.rg-caption', { hasText: 'random weights, ddim' }).first().waitFor({ timeout: 240_000 });
    assert.equal(
      await page.locator('.rg-caption', { hasText: 'its first layer alone, ddim' }).count(),
      0,
      'the picture in between was stopped',
    );
    assert.notEqual((await pixelsOf(picture)).sum, before.sum, 'another encoder, another picture');
    await picture.scrollIntoViewIfNeeded();
    await lab.shot('11-playground-another-encoder');
    frames.push(await view.screenshot());
    await page.locator('.lm-TabBar-tab', { hasText: 'All encoders' }).click();
    await page.getByRole('button', { name: 'Compare all encoders' }).waitFor();
    await lab.shot('12-playground-compare');
    frames.push(await view.screenshot());
    await animate(frames, 1500);
  },
);
