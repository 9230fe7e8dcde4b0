import assert from 'node:assert/strict';
import { join } from 'node:path';
import { saveUntrained } from '../untrained-model';
import { browserTest, jupyterLab, pixelsOf } from './lab';

const lab = jupyterLab();

browserTest(
  lab,
  'the playground: the prompt is counted, another encoder stops the picture that is being made and makes another',
  560,
  async () => {
    const model = join(lab.folder, 'model');
    await saveUntrained(model);
    lab.copy('03-playground.ipynb', {
      model,
      small: model,
      encoders: join(lab.folder, 'none'),
      minilm: join(lab.folder, 'none'),
      recipe: 'smoke',
      seed: 1,
      steps: 8,
    });
    await lab.open('03-playground.ipynb');
    await lab.menu('Run', 'Run All Cells');
    const { page } = lab;
    await lab.settled(420);
    const prompt = page.locator('.widget-textarea textarea');
    await prompt.scrollIntoViewIfNeeded();
    await lab.shot('10-playground');
    await prompt.fill('PA chest radiograph. Small left pneumothorax.');
    await page.locator('.rg-marked b', { hasText: 'pneumothorax' }).waitFor();
    await page.getByText(/\d+ of 48 tokens/).waitFor();

    const picture = page.locator('img.widget-image');
    const before = await pixelsOf(picture);
    const encoder = page.locator('.widget-dropdown select').first();
    // Enough steps that the picture is still being made when the encoder changes again.
    const steps = page.locator('.widget-readout').first();
    await steps.fill('50');
    await steps.press('Enter');
    await encoder.selectOption('its first layer alone');
    await page
      .getByText(/\d+\/50/)
      .first()
      .waitFor();
    await encoder.selectOption('random weights');
    await page.locator('.rg-caption', { hasText: 'random weights, ddim' }).first().waitFor({ timeout: 120_000 });
    assert.equal(
      await page.locator('.rg-caption', { hasText: 'its first layer alone, ddim' }).count(),
      0,
      'the picture in between was stopped',
    );
    assert.notEqual((await pixelsOf(picture)).sum, before.sum, 'another encoder, another picture');
    await picture.scrollIntoViewIfNeeded();
    await lab.shot('11-playground-another-encoder');
    await page.locator('.lm-TabBar-tab', { hasText: 'All encoders' }).click();
    await page.getByRole('button', { name: 'Compare all encoders' }).waitFor();
    await lab.shot('12-playground-compare');
  },
);
