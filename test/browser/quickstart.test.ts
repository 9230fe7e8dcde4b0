import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { browserTest, type CodeCell, jupyterLab } from './lab';

const lab = jupyterLab();

/** The quickstart's code cells, by what they do. */
const [dataset, losses, training, result] = [2, 5, 7, 9] as const;

const minutes = 60;

browserTest(lab, 'the quickstart, run as a whole: pictures, live curves, a plot that answers the mouse', 9 * minutes, async () => {
  lab.copy('01-quickstart.ipynb', { recipe: 'smoke', data: 'phantom', start: '', seed: 3, out: join(lab.folder, 'run') });
  await lab.open('01-quickstart.ipynb');
  await lab.menu('Run', 'Run All Cells');
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
  await lab.outputs(training).getByText('40/40').waitFor();
  await lab.shot('21-quickstart-training');
  const plot = lab.outputs(result).locator('.jp-RenderedPlotly').first();
  await plot.scrollIntoViewIfNeeded();
  await plot.hover();
  const area = (await plot.locator('.nsewdrag').first().boundingBox())!;
  await page.mouse.move(area.x + area.width / 2, area.y + area.height / 2);
  await page.mouse.move(area.x + area.width / 2 + 2, area.y + area.height - 8);
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

/** A training that would take long, and a cell that uses what it learnt. */
const long: readonly CodeCell[] = [
  `import { key } from 'roentgen-lab/engine';
import { loadPixels, openPhantom } from 'roentgen-lab/datasets';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { reconstruct } from 'roentgen-lab/pipelines';
import { fitVae, initModel, loadRecipe } from 'roentgen-lab/training';
import { imageGrid, liveLoss, pictures, withProgress } from 'roentgen-lab/display';
const smoke = await loadRecipe('smoke');
const recipe = { ...smoke, vae: { ...smoke.vae, optimisation: { ...smoke.vae.optimisation, steps: 5000 } } };
const data = openPhantom({ count: 32 });
const pixels = await loadPixels(data, recipe.size);
const model = initModel(recipe, trainBpe([data.record(0).text], { vocabularySize: 300, maxLength: 24 }), key(1));`,
  `const curve = liveLoss({ title: 'Autoencoder' });
const run = await withProgress(5000, 'Autoencoder', (bar) => fitVae(model, recipe, pixels, { key: key(2), onStep: ({ step, loss }) => {
  curve.push(step, { loss });
  bar.update(step, 'loss ' + loss.toFixed(3));
} }));
curve.end();
console.log('interrupted: ' + run.interrupted + ', after ' + (run.log.length > 0));`,
  `imageGrid(pictures(reconstruct(model, pixels.slice(0, 4 * recipe.size ** 2), recipe.size), recipe.size), undefined, { columns: 4 })`,
];

/** Waits until a training has made some steps, and interrupts it with the toolbar's button. */
async function interruptTraining(): Promise<void> {
  await lab
    .outputs(1)
    .getByText(/\d+\/5000/)
    .waitFor({ timeout: 3 * minutes * 1000 });
  await lab.toolbar('notebook:interrupt-kernel');
}

browserTest(lab, 'a training cell that is interrupted keeps what it learnt, and the next cell works with it', 5 * minutes, async () => {
  lab.write('training.ipynb', long);
  await lab.open('training.ipynb');
  const { page } = lab;
  await lab.cell(0).click();
  for (let i = 0; i < 2; i++) await page.keyboard.press('Shift+Enter');
  await interruptTraining();
  await lab.outputs(1).getByText('interrupted: true, after true').waitFor();
  await lab.cell(2).click();
  await page.keyboard.press('Shift+Enter');
  await lab.outputs(2).locator('.rg-grid img').nth(3).waitFor();
  await lab.shot('24-training-interrupted');
});

browserTest(lab, 'restarted, the notebook runs again from its first cell', 5 * minutes, async () => {
  const { page } = lab;
  await lab.menu('Edit', 'Clear Outputs of All Cells');
  await lab.menu('Kernel', 'Restart Kernel and Run All Cells');
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await interruptTraining();
  await lab.outputs(1).getByText('interrupted: true, after true').waitFor();
  await lab.shot('25-restarted');
});
