import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writePng } from 'roentgen-lab/files';
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
  'the playground: every control draws anew, another encoder stops the image that is being made, words, steps, pairs and rows are shown',
  560,
  async () => {
    const model = trained ?? join(lab.folder, 'model');
    if (trained === undefined) await saveUntrained(model);
    const editor = join(lab.folder, 'editor');
    await saveUntrained(editor, 'smoke', { edits: true });
    const own = join(lab.folder, 'own.png');
    await writePng(own, { width: 96, height: 96, channels: 1, data: Uint8Array.from({ length: 96 * 96 }, (_, i) => i % 251) });
    const none = join(lab.folder, 'none');
    lab.copy('02-playground.ipynb', {
      model,
      small: model,
      packed: none,
      encoders: none,
      minilm: none,
      editor,
      recipe: 'smoke',
      seed: 1,
      steps: 8,
    });
    const { page } = lab;
    await page.setViewportSize({ width: 1366, height: 1000 });
    await lab.open('02-playground.ipynb');
    await lab.runAll();
    await lab.settled(420);
    const prompt = page.locator('.widget-textarea textarea').first();
    const play = page.getByRole('button', { name: /Play/ });
    const view = page.locator('.jp-OutputArea-output', { has: page.locator('.widget-tab') }).first();
    await view.evaluate((element) => element.scrollIntoView({ block: 'start' }));
    await lab.shot('10-playground');
    const frames = [await view.screenshot()];
    /** The image was made: the newest caption says what changed. */
    const made = (what: string) => page.locator('.rg-caption', { hasText: what }).first().waitFor({ timeout: 240_000 });
    const picture = page.getByRole('img', { name: /synthetic, not for diagnosis\)$/ });
    const openPage = async (title: string): Promise<void> => {
      const tab = page.locator('.widget-tab .lm-TabBar-tab', { hasText: title });
      const open = page.locator('.widget-tab .lm-TabBar-tab.lm-mod-current', { hasText: title });
      await tab.click();
      // On a busy machine a press was seen to be lost; the keyboard opens it too.
      await open.waitFor({ timeout: 5_000 }).catch(async () => {
        await tab.focus();
        await page.keyboard.press('Enter');
        await open.waitFor();
      });
    };

    const [shown, typed] = [await picture.boundingBox(), await prompt.boundingBox()];
    assert.ok(shown!.x > typed!.x + typed!.width && shown!.y < typed!.y, 'the picture stands beside the settings');
    let before = await pixelsOf(picture);

    await prompt.fill('PA chest radiograph. Large left pleural effusion. Moderate cardiomegaly.');
    await page.locator('.rg-marked b', { hasText: 'effusion' }).waitFor();
    await prompt.press('End');
    await prompt.press('Enter');
    await made('right → left');
    assert.doesNotMatch(await prompt.inputValue(), /\n/);
    assert.notEqual((await pixelsOf(picture)).sum, before.sum, 'another word, another image');
    frames.push(await view.screenshot());

    before = await pixelsOf(picture);
    await page.locator('.widget-toggle-button', { hasText: 'effusion' }).click();
    await page.locator('.rg-grid', { hasText: 'attention, less the mean over the words' }).waitFor();
    assert.notEqual((await pixelsOf(picture)).sum, before.sum, "a word's map lies over the image");
    frames.push(await view.screenshot());
    await lab.shot('11-playground-word');
    await page.locator('.widget-toggle-button', { hasText: 'no word' }).click();

    await play.click();
    await page.getByRole('button', { name: /Pause/ }).waitFor();
    await page.waitForTimeout(400);
    frames.push(await view.screenshot());
    await play.waitFor();

    await page.locator('.widget-slider', { hasText: 'Guidance' }).getByRole('slider').press('ArrowRight');
    await made('guidance 2 → 2.5');

    // Enough steps that the image is still being made when the encoder changes again.
    const steps = page.locator('.widget-slider', { hasText: 'Steps' }).locator('.widget-readout').first();
    await steps.fill('50');
    await steps.press('Enter');
    await made('steps 8 → 50');
    // The page itself does both: the second choice comes as soon as the first one's image has its first step.
    const encoder = page.locator('.widget-dropdown select').first();
    await encoder.evaluate(async (element) => {
      const choose = (index: number) => {
        (element as HTMLSelectElement).selectedIndex = index;
        element.dispatchEvent(new Event('change', { bubbles: true }));
      };
      choose(1); // its first layer alone
      const begun = (): boolean =>
        [...document.querySelectorAll('.widget-html')].some(({ textContent }) => /Image.*\b[1-9]\d*\/50/.test(textContent ?? ''));
      while (!begun()) await new Promise((resolve) => setTimeout(resolve, 5));
      choose(2); // random weights
    });
    await made('encoder trained with the images → random weights');
    frames.push(await view.screenshot());
    await steps.fill('8');
    await steps.press('Enter');
    await made('steps 50 → 8');
    await encoder.selectOption({ index: 0 });
    await made('encoder random weights → trained with the images');

    await openPage('Before, after');
    const divided = page.getByRole('img', { name: /^6 steps, guidance 2 to the left of 50 percent, 6 steps, guidance 6 to the right$/ });
    await divided.waitFor({ timeout: 240_000 });
    const half = await pixelsOf(divided);
    const divider = page.locator('.widget-slider', { hasText: 'Divider' }).getByRole('slider');
    await divider.press('ArrowRight');
    const moved = page.getByRole('img', { name: /to the left of 51 percent/ });
    await moved.waitFor();
    assert.notEqual((await pixelsOf(moved)).sum, half.sum, 'the divider moved');
    const track = (await page.locator('.widget-slider', { hasText: 'Divider' }).locator('.noUi-base').boundingBox())!;
    const handle = (await divider.boundingBox())!;
    await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
    await page.mouse.down();
    await page.mouse.move(track.x + 0.1 * track.width, handle.y + handle.height / 2, { steps: 8 });
    await page.mouse.up();
    await page.getByRole('img', { name: /to the left of (9|10|11) percent/ }).waitFor();
    await page.locator('.widget-slider', { hasText: 'Guidance after' }).getByRole('slider').press('ArrowRight');
    await page.getByRole('img', { name: /6 steps, guidance 6\.5 to the right/ }).waitFor({ timeout: 240_000 });
    frames.push(await view.screenshot());
    await lab.shot('14-playground-before-and-after');
    await openPage('A and B');
    await page.locator('.rg-label', { hasText: 'B − A' }).waitFor();
    await prompt.fill('PA chest radiograph. Large right pleural effusion. Moderate cardiomegaly.');
    await prompt.press('End');
    await prompt.press('Shift+Enter');
    await page.locator('.widget-html', { hasText: /A and B.*2\/2/ }).waitFor();
    frames.push(await view.screenshot());
    await lab.shot('12-playground-pair');
    await openPage('Between');
    await page.getByRole('img', { name: /of the way from A to B/ }).waitFor();
    frames.push(await view.screenshot());
    await openPage('In a row');
    await page.getByRole('button', { name: 'Guidance 1 to 8' }).click();
    await page.locator('.rg-caption', { hasText: 'guidance 8' }).waitFor({ timeout: 240_000 });
    frames.push(await view.screenshot());
    await lab.shot('13-playground-row');
    await openPage('Change');
    const prior = page.locator('.widget-dropdown', { hasText: 'Prior image' }).locator('select');
    await page.locator('.rg-label', { hasText: 'where the words want change' }).waitFor({ timeout: 240_000 });
    const drawn = await page.locator('.rg-grid').last().screenshot();
    const chooser = page.waitForEvent('filechooser');
    await page.locator('.widget-upload').click();
    await (await chooser).setFiles(own);
    await page.waitForFunction((element) => (element as HTMLSelectElement).selectedIndex === 8, await prior.elementHandle());
    await page.locator('.widget-html', { hasText: /Change.*8\/8/ }).waitFor({ timeout: 240_000 });
    assert.notDeepEqual(await page.locator('.rg-grid').last().screenshot(), drawn, 'the uploaded image is the one that is changed');
    frames.push(await view.screenshot());
    await lab.shot('15-playground-change');

    await openPage('One image');
    for (const empty of ['', '   ', '🦴']) {
      await prompt.fill(empty);
      await prompt.press('Enter');
      await page.locator('.rg-marked', { hasText: 'No word in the prompt' }).waitFor();
      await page.locator('.widget-html', { hasText: /Image.*8\/8/ }).waitFor();
    }
    assert.equal(await page.locator('.widget-toggle-button').count(), 1, 'no words, no maps');
    const red = page.locator('.jp-OutputArea-output:is([data-mime-type*="error"], [data-mime-type*="stderr"])');
    assert.deepEqual(await red.allTextContents(), []);
    await animate(frames, 1500);
  },
);
