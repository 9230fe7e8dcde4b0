/** A short reader study in a real browser by the keyboard, with a model's own images and texts that hold markup. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { key, uniformArray } from 'roentgen-lab/engine';
import { evaluateReaderStudy, openBench, openReaderStudy } from 'roentgen-lab/evaluation';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { writePng } from 'roentgen-lab/files';
import { atEnd, tempDir } from '../support';
import { saveUntrained } from '../untrained-model';
import { artefacts, launchBrowser, missingBrowser } from './lab';

const HOSTILE = '<img src=x onerror="document.title=1"><b>Effusion</b> & edema.';

/** Images of noise whose texts would be markup. */
async function hostileData(folder: string): Promise<void> {
  mkdirSync(folder);
  const rows = Array.from({ length: 24 }, (_, i) => `p${i}.png,"${HOSTILE.replaceAll('"', '""')} Number ${i}.",${i}`);
  writeFileSync(join(folder, 'texts.csv'), ['file,report,who', ...rows].join('\n'));
  for (const i of rows.keys()) {
    const data = Uint8Array.from(uniformArray(key(i), 64 * 64), (value) => Math.floor(256 * value));
    await writePng(join(folder, `p${i}.png`), { width: 64, height: 64, channels: 1, data });
  }
}

const counted = (page: Page, text: string): Promise<void> => page.locator('#count', { hasText: text }).waitFor();

test('a study by the keyboard: rate, look back, change, take back, break off, go on, end', {
  skip: missingBrowser,
  timeout: 240_000,
}, async (t) => {
  const folder = tempDir(t);
  const [model, data] = [join(folder, 'model'), join(folder, 'data')];
  await saveUntrained(model);
  await hostileData(data);
  const recipe = overrideRecipe(await loadRecipe('smoke'), { 'sampling.steps': 1, 'data.train': 18, 'data.test': 6 });
  const columns = { csv: join(data, 'texts.csv'), imageColumn: 'file', textColumn: 'report', patientColumn: 'who' };
  const bench = await openBench({ models: [model], data: { data, ...columns }, out: join(folder, 'out'), recipe, prompts: 6, quick: true });
  const counts = { pairs: 3, texts: 5 };
  mkdirSync(artefacts, { recursive: true });
  const browser = await launchBrowser();
  atEnd(t, () => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));

  let sitting = await openReaderStudy(bench, 'Anna', counts);
  atEnd(t, () => sitting.close().catch(() => undefined)); // where the test ends before it
  await page.goto(sitting.address);
  await page.getByText('None of them is for diagnosis').waitFor();
  await page.keyboard.press('3');
  await counted(page, '0 of 9 rated'); // no item is shown yet
  await page.keyboard.press('Enter');
  await counted(page, 'Item 1 · 0 of 9');
  assert.equal(await page.locator('figure img').count(), 2);
  const { width, times } = await page
    .locator('figure img')
    .first()
    .evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { width: image.naturalWidth, times: image.getBoundingClientRect().width / image.naturalWidth };
    });
  assert.equal(width, 64);
  assert.ok(Number.isInteger(times) && times >= 8, `${times} times`);
  await page.keyboard.press('-');
  await page.getByText(`${times - 1} times`).waitFor();
  await page.keyboard.press('+');
  await page.getByText(`${times} times`).waitFor();
  await page.screenshot({ path: join(artefacts, '60-reader-pair.png') });
  await page.keyboard.press('5');
  await counted(page, 'Item 2 · 1 of 9');
  await page.keyboard.press('ArrowRight'); // not before it is rated
  await page.keyboard.press('ArrowLeft');
  await counted(page, 'Item 1 · 1 of 9');
  assert.equal(await page.locator('#answers button[aria-pressed="true"] kbd').innerText(), '5');
  await page.waitForTimeout(200);
  await page.keyboard.press('3');
  await counted(page, 'Item 2 · 1 of 9');
  await page.waitForTimeout(200);
  await page.keyboard.press('1');
  await counted(page, 'Item 3 · 2 of 9');
  await page.keyboard.press('u');
  await counted(page, 'Item 2 · 1 of 9');
  await sitting.close();
  await page.waitForTimeout(200);
  await page.keyboard.press('3');
  await page.getByRole('alert').getByText('Not saved').waitFor();
  await counted(page, 'Item 2 · 1 of 9');

  sitting = await openReaderStudy(bench, 'Anna', counts);
  assert.equal(sitting.rated(), 1);
  complaints.length = 0; // of the server that was gone
  await page.goto(sitting.address);
  await page.locator('#begin:focus').waitFor();
  await page.keyboard.press('Enter');
  for (const rated of [1, 2]) {
    await counted(page, `${rated} of 9`);
    await page.locator('#item').waitFor();
    await page.waitForTimeout(300);
    await page.keyboard.press('3');
  }
  await page.getByText('Part 2 of 2').waitFor();
  await page.screenshot({ path: join(artefacts, '61-reader-part.png') });
  await page.getByRole('button', { name: 'Begin' }).click();
  const quote = page.locator('blockquote');
  await quote.waitFor();
  assert.ok((await quote.innerText()).startsWith(HOSTILE), 'markup is shown as the text that it is');
  assert.equal(await page.locator('blockquote *').count(), 0);
  assert.equal(await page.title(), 'Reader study');
  await page.screenshot({ path: join(artefacts, '62-reader-text.png') });
  for (let rated = 3; rated < 9; rated++) {
    await counted(page, `${rated} of 9`);
    await page.waitForTimeout(300);
    // By mouse and by Tab too: answers are buttons with names.
    if (rated === 4) await page.getByRole('button', { name: 'Matches fully' }).click();
    else await page.keyboard.press('5');
  }
  await page.getByText('Thank you').waitFor();
  await page.screenshot({ path: join(artefacts, '63-reader-done.png') });
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'end');
  await page.keyboard.press('Enter');
  await page.getByText('The study has ended').waitFor();
  await sitting.ended;
  await sitting.close();
  assert.deepEqual(complaints, []);

  const { rows, notes, scores } = await evaluateReaderStudy(bench, counts);
  assert.deepEqual(
    rows.map(({ scale, images, items, mean }) => [scale, images, items, mean.value]),
    [
      ['realism', bench.models[0]!.name, 3, 0],
      ['alignment', bench.models[0]!.name, 5, 2],
      ['alignment', 'real', 1, 2],
    ],
  );
  assert.ok(scores.every(({ finding, seconds }) => finding === 'unknown' && seconds > 0));
  assert.match(notes.join(), /second reader/);
});
