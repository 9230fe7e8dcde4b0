import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { browserTest, jupyterLab } from './lab';

const lab = jupyterLab();

const cells = [
  `import { figure, imageGrid, slider } from 'roentgen-lab/display';
const ramp = { width: 16, height: 16, channels: 1 as const, pixels: Float32Array.from({ length: 256 }, (_, i) => i / 255) };
imageGrid([ramp], ['A ramp.'])`,
  `figure({ data: [{ x: [1, 2, 3], y: [2, 1, 3] }] })`,
  `slider({ label: 'Guidance', min: 0, max: 8, step: 1 })`,
  `console.log('a long cell runs'); await new Promise((r) => setTimeout(r, 120_000));`,
];

const saved = (): string => join(lab.folder, 'pages', 'report.html');
const toast = () => lab.page.locator('.Toastify__toast', { hasText: 'report.html' });

browserTest(lab, 'File > Save Report writes the page beside the notebook, while a cell runs', 180, async () => {
  const { page } = lab;
  lab.write('pages/report.ipynb', cells);
  await lab.open('pages/report.ipynb');
  await lab.runAll();
  await lab.outputs(3).getByText('a long cell runs').waitFor();
  await lab.cell(1).locator('.jp-RenderedPlotly').waitFor();
  await page.locator('.lm-MenuBar-itemLabel', { hasText: /^File$/ }).click();
  await page.locator('.lm-Menu-itemLabel', { hasText: /^Save Report$/ }).waitFor();
  await lab.shot('30-save-report-menu');
  const begin = Date.now();
  await page.locator('.lm-Menu-itemLabel', { hasText: /^Save Report$/ }).click();
  await toast()
    .getByText(/report\.html is saved beside the notebook: 4 cells, 1 interactive plot/)
    .waitFor();
  console.log(`saved after ${Date.now() - begin} ms`);
  await lab.shot('31-save-report-done');
  assert.match(readFileSync(saved(), 'utf8'), /<img[^>]*src="data:image\/png/, 'the page holds the picture');
  const [opened] = await Promise.all([page.context().waitForEvent('page'), toast().getByRole('button', { name: 'Open' }).click()]);
  await opened.locator('.js-plotly-plot').first().waitFor();
  assert.ok((await opened.locator('img').count()) > 0);
  await opened.screenshot({ path: join(lab.folder, 'opened.png') });
  await opened.close();
  const running = await page.evaluate(async () => (await (await fetch('/api/kernels')).json()).length);
  assert.equal(running, 1, "the notebook's own kernel alone is left");
});

browserTest(lab, 'the button does the same, also where the notebook has no kernel', 120, async () => {
  const { page } = lab;
  await lab.menu('Kernel', 'Shut Down Kernel');
  await page.locator('.jp-Toolbar-kernelName', { hasText: 'No Kernel' }).waitFor();
  rmSync(saved());
  await lab.toolbar('roentgen-lab:save-report');
  await toast().getByText('report.html is saved').last().waitFor();
  assert.ok(existsSync(saved()));
});

browserTest(lab, 'what keeps it from that is told, with the command of a terminal', 120, async () => {
  await lab.page.route('**/api/kernels*', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await lab.toolbar('roentgen-lab:save-report');
  await toast().getByText('npx roentgen report report.ipynb').waitFor();
  await lab.shot('32-save-report-refused');
});

browserTest(lab, 'the handle of a slider is named by its label', 180, async () => {
  await lab.open('pages/report.ipynb');
  await lab.run(0);
  await lab.run(2);
  await lab.page.getByRole('slider', { name: 'Guidance' }).waitFor();
});

browserTest(
  lab,
  'Ctrl+Enter in a text field of several lines is a line break to it; the arrow of a dropdown is light on dark',
  180,
  async () => {
    const { page } = lab;
    await lab.add(
      "import { column, dropdown, label, text } from 'roentgen-lab/display';\nconst said = label('nothing');\ncolumn([text({ label: 'Prompt', rows: 2, value: 'one', onChange: (value) => { said.value = JSON.stringify(value); } }), dropdown({ label: 'Kind', options: ['a', 'b'] }), said])",
    );
    const area = page.locator('.widget-textarea textarea');
    await area.click();
    await area.press('End');
    await area.press('Control+Enter');
    await page.waitForFunction(() => document.querySelector<HTMLTextAreaElement>('.widget-textarea textarea')!.value.endsWith('\n'));
    await lab.menu('Settings', 'Theme', 'JupyterLab Dark');
    await page.locator('body[data-jp-theme-light="false"]').waitFor({ state: 'attached' });
    const arrow = await page.locator('.widget-dropdown select').evaluate((select) => getComputedStyle(select).backgroundImage);
    assert.match(arrow, /e0e0e0/);
    await lab.shot('33-dark-dropdown');
  },
);
