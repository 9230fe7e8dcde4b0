/** A study of reports in a real browser: two images of a bench, what a model wrote beside what was there, texts that hold markup. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openPhantom, writeReport } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { evaluateReportStudy, openReportStudy, writeReportPairs } from 'roentgen-lab/evaluation';
import { writeSynthetic } from '#files/internal';
import { atEnd, tempDir } from '../support';
import { artefacts, launchBrowser, missingBrowser } from './lab';

test('three questions of each pair of reports, by the keyboard', { skip: missingBrowser, timeout: 120_000 }, async (t) => {
  const folder = tempDir(t);
  const phantom = openPhantom({ seed: 3, count: 4, style: 'impression', views: ['PA', 'LATERAL'] });
  const names = ['first.png', 'second.png', 'large.png'];
  for (const [i, name] of names.entries()) {
    const size = name === 'large.png' ? 1024 : 320;
    await writeSynthetic(join(folder, name), { width: size, height: size, channels: 1, pixels: await phantom.pixels(i, size) });
  }
  const reports = [0, 1].map((i) => writeReport(phantom.study(i)));
  const file = join(folder, 'reader_study.csv');
  const candidate = '<img src=x onerror="document.title=1"> There is a small left pleural effusion. The heart is normal in size.';
  await writeReportPairs(file, [
    {
      sample: '1',
      study: 'a',
      images: names.slice(0, 2),
      indication: reports[0]!.indication,
      candidate,
      reference: reports[0]!.findings.text,
    },
    { sample: '2', study: 'b', images: names.slice(2), indication: '', candidate, reference: reports[1]!.findings.text },
  ]);
  const out = join(folder, 'out');
  mkdirSync(artefacts, { recursive: true });
  const browser = await launchBrowser();
  atEnd(t, () => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  const sitting = await openReportStudy(file, { out, reader: 'Anna' });
  atEnd(t, () => sitting.close().catch(() => undefined));
  await page.goto(sitting.address);
  await page.locator('#intro').getByText('One of each two reports was written by a network. None is for diagnosis.').waitFor();
  assert.equal(await page.getByText('synthetic').count(), 0);
  await page.keyboard.press('Enter');
  const questions: string[] = [];
  const shown = new Set<number>();
  for (let rated = 0; rated < 6; rated++) {
    await page.locator('#count', { hasText: `Item ${rated + 1} · ${rated} of 6` }).waitFor();
    await page.locator('.images img').first().waitFor();
    questions.push(await page.locator('#question').innerText());
    const images = await page.locator('.images img').count();
    await page.waitForTimeout(400);
    if (!shown.has(images)) await page.screenshot({ path: join(artefacts, `64-report-study-${images}.png`) });
    shown.add(images);
    const stage = (await page.locator('#stage').boundingBox())!;
    for (const image of await page.locator('.images img').all()) {
      const box = (await image.boundingBox())!;
      assert.ok(box.y >= stage.y && box.y + box.height <= stage.y + stage.height + 1, 'images are seen as wholes');
    }
    assert.equal(await page.locator('blockquote *').count(), 0);
    assert.equal(await page.locator('blockquote', { hasText: '<img src=x' }).count(), 1);
    const isB = await page
      .locator('section', { has: page.getByText('Report B', { exact: true }) })
      .locator('blockquote')
      .last()
      .innerText();
    await page.keyboard.press(isB.startsWith('<img') ? '1' : '5'); // the reference, clearly
  }
  await page.getByText('Thank you').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('The study has ended').waitFor();
  await sitting.ended;
  await sitting.close();
  assert.deepEqual([...shown].sort(), [1, 2]);
  assert.equal(new Set(questions).size, 3);
  assert.deepEqual(complaints, []);
  assert.equal(await page.title(), 'Reader study');
  const { scores } = await evaluateReportStudy(file, { out, key: key(1) });
  assert.deepEqual(
    scores.map(({ score }) => score),
    new Array(6).fill(-2),
  );
});
