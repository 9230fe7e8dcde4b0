import { browserTest, type CodeCell, jupyterLab } from './lab';

const lab = jupyterLab();

const minutes = 60;

/** A training that would take long, and a cell that uses what it learnt. */
const long: readonly CodeCell[] = [
  `import { key, startEngine } from 'roentgen-lab/engine';
import { loadPixels, openPhantom } from 'roentgen-lab/datasets';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { reconstruct } from 'roentgen-lab/pipelines';
import { fitVae, initModel, loadRecipe } from 'roentgen-lab/experiments';
import { imageGrid, liveLoss, pictures, withProgress } from 'roentgen-lab/display';
await startEngine();
const smoke = await loadRecipe('smoke');
const recipe = { ...smoke, vae: { ...smoke.vae, optimisation: { ...smoke.vae.optimisation, steps: 5000 } } };
const data = openPhantom({ count: 32 });
const pixels = await loadPixels(data, recipe.size);
const model = initModel(recipe, trainBpe([data.record(0).text], { vocabularySize: 600, maxLength: 24 }), key(1));`,
  `const curve = liveLoss({ title: 'Autoencoder' });
const run = await withProgress(5000, 'Autoencoder', (bar) => fitVae(model, recipe, pixels, { key: key(2), onStep: ({ step, loss }) => {
  curve.push(step, { loss });
  bar.update(step, 'loss ' + loss.toFixed(3));
} }));
curve.end();
console.log('interrupted: ' + run.interrupted + ', trained: ' + (run.log.length > 0));`,
  `imageGrid(pictures(reconstruct(model, pixels.slice(0, 4 * recipe.size ** 2), recipe.size), recipe.size), undefined, { columns: 4 })`,
];

/** Waits until a training has made some steps, and interrupts it with the toolbar's button. */
async function interruptTraining(): Promise<void> {
  await lab
    .outputs(1)
    .getByText(/[1-9]\d*\/5000/)
    .waitFor({ timeout: 3 * minutes * 1000 });
  // The curve grows while it trains.
  const curve = lab.outputs(1).locator('.jp-RenderedImage img');
  const first = await curve.getAttribute('src');
  await lab.page.waitForFunction((src) => document.querySelector('.jp-RenderedImage img')?.getAttribute('src') !== src, first);
  await lab.toolbar('notebook:interrupt-kernel');
}

browserTest(lab, 'a training cell that is interrupted keeps what it learnt, and the next cell works with it', 5 * minutes, async () => {
  lab.write('training.ipynb', long);
  await lab.open('training.ipynb');
  await lab.run(0);
  await lab.run(1);
  await interruptTraining();
  await lab.outputs(1).getByText('interrupted: true, trained: true').waitFor();
  await lab.run(2);
  await lab.outputs(1).locator('.jp-RenderedPlotly').waitFor(); // ended, it is interactive
  await lab.outputs(2).locator('.rg-grid img').nth(3).waitFor();
  await lab.shot('24-training-interrupted');
});

browserTest(lab, 'restarted, the notebook runs again from its first cell', 5 * minutes, async () => {
  const { page } = lab;
  await lab.menu('Edit', 'Clear Outputs of All Cells');
  await lab.menu('Kernel', 'Restart Kernel and Run All Cells');
  await page.locator('.jp-Dialog .jp-mod-accept').click();
  await interruptTraining();
  await lab.outputs(1).getByText('interrupted: true, trained: true').waitFor();
  await lab.shot('25-restarted');
});
