import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { smallParameters } from '../notebooks/small';
import { browserTest, jupyterLab } from './lab';

const lab = jupyterLab();

/** The quickstart's code cells, by what they do. */
const [dataset, losses, training, result] = [3, 6, 8, 11] as const;

const minutes = 60;

browserTest(lab, 'the quickstart, run as a whole: pictures, live curves, a plot that answers the mouse', 9 * minutes, async () => {
  lab.copy('01-quickstart.ipynb', (await smallParameters(lab.folder))['01-quickstart.ipynb']!);
  await lab.open('01-quickstart.ipynb');
  await lab.runAll();
  const { page } = lab;
  await lab
    .outputs(dataset)
    .locator('.rg-grid img')
    .first()
    .waitFor({ timeout: 4 * minutes * 1000 });
  await lab.cell(dataset).scrollIntoViewIfNeeded();
  await lab.shot('20-quickstart-data');
  await lab.settled(8 * minutes);
  await lab.cell(training).scrollIntoViewIfNeeded();
  await lab.outputs(training).locator('.rg-grid img').first().waitFor();
  await lab.outputs(training).getByText('10/10').waitFor();
  const curve = lab.outputs(training).locator('.jp-RenderedPlotly').first();
  await curve.scrollIntoViewIfNeeded();
  await curve.hover();
  await curve.locator('.scatterlayer .point').nth(9).waitFor({ state: 'attached' });
  await lab.shot('21-quickstart-training');
  const plot = lab.outputs(result).locator('.jp-RenderedPlotly').first();
  await plot.scrollIntoViewIfNeeded();
  await plot.hover();
  const bar = (await plot.locator('.bars .point path').first().boundingBox())!;
  await page.mouse.move(bar.x + bar.width / 2, bar.y + bar.height / 2);
  await page.mouse.move(bar.x + bar.width / 2 + 1, bar.y + bar.height / 2 + 1);
  await plot.locator('.hoverlayer .hovertext').first().waitFor();
  await lab.shot('22-quickstart-result');
  await lab.save('01-quickstart.ipynb');
});

browserTest(lab, 'the saved quickstart, opened where nothing knows Plotly, shows its plots as pictures', 3 * minutes, async () => {
  const { cells } = JSON.parse(readFileSync(join(lab.folder, '01-quickstart.ipynb'), 'utf8')) as {
    cells: { cell_type: string; outputs?: { data?: Record<string, unknown> }[] }[];
  };
  const shown = cells.filter(({ cell_type }) => cell_type === 'code');
  // As in a viewer that knows no Plotly: the bundle's picture is what is left.
  for (const { outputs = [] } of shown)
    for (const { data } of outputs) if (data?.['image/png']) delete data['application/vnd.plotly.v1+json'];
  lab.put('saved.ipynb', { ...JSON.parse(readFileSync(join(lab.folder, '01-quickstart.ipynb'), 'utf8')), cells });
  await lab.open('saved.ipynb');
  for (const index of [losses, result]) {
    await lab.cell(index).scrollIntoViewIfNeeded();
    const picture = lab.outputs(index).locator('img').first();
    await picture.waitFor();
    await picture.scrollIntoViewIfNeeded();
    const width = await picture.evaluate((element) => (element as HTMLImageElement).naturalWidth);
    assert.ok(width > 200, `cell ${index}: the plot's picture is ${width} wide`);
  }
  await lab.shot('23-quickstart-saved');
});
