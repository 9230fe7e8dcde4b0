import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support';
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
    const book = JSON.parse(readFileSync(join(root, 'notebooks', '03-playground.ipynb'), 'utf8'));
    const parameters = book.cells.find((cell: { metadata: { tags?: string[] } }) => cell.metadata.tags?.includes('parameters'));
    parameters.source = [`const options = ${JSON.stringify({ model, small: model, recipe: 'smoke', seed: 1, steps: 50 })};`];
    writeFileSync(join(lab.folder, 'playground.ipynb'), JSON.stringify(book));
    await lab.open('playground.ipynb');
    await lab.menu('Run', 'Run All Cells');
    const { page } = lab;
    const done = page.locator('.jp-Cell-outputArea', { hasText: 'Now it is yours' });
    const failed = page.locator('[data-mime-type="application/vnd.jupyter.error"]');
    await done.or(failed).first().waitFor({ timeout: 300_000 });
    assert.deepEqual(await failed.allInnerTexts(), []);
    await lab.settled(120);
    const prompt = page.locator('.widget-textarea textarea');
    await prompt.scrollIntoViewIfNeeded();
    await lab.shot('10-playground');
    await prompt.fill('PA chest radiograph. Small left pneumothorax.');
    await page.locator('.rg-marked b', { hasText: 'pneumothorax' }).waitFor();
    await page.getByText(/\d+ of 48 tokens/).waitFor();

    const picture = page.locator('img.widget-image');
    const before = await pixelsOf(picture);
    const encoder = page.locator('.widget-dropdown select').first();
    await encoder.selectOption('its first layer alone');
    await page.waitForTimeout(300);
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
    assert.equal(await page.locator('.jp-RenderedText[data-mime-type="application/vnd.jupyter.error"]').count(), 0);
  },
);
