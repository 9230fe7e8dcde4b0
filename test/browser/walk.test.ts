/**
 * A student's way through every notebook: Run All, then the solution of an exercise in a new cell. `npm test` takes small sizes;
 * `--long` takes the notebooks as they are, with the models of the clone, in an hour or two.
 */
import assert from 'node:assert/strict';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { missingFor, notebooks, smallParameters } from '../notebooks/small';
import { root } from '../support';
import { browserTest, jupyterLab } from './lab';

const lab = jupyterLab();
const long = process.env.ROENTGEN_LONG_TESTS === '1';

let small: ReturnType<typeof smallParameters> | undefined;

/** What is tried where a notebook's solutions hold no code that runs by itself. */
const otherwise: Readonly<Record<string, string>> = {
  '07-your-own-data.ipynb': "imageGrid(await textToImage(model, { prompts: ['Weld seam. Large pore on the left. Small pore on the right.'] }))",
};

/** Whether an expression calls something and can be run: solutions also hold names, shell commands and parts of lines. */
function runs(code: string): boolean {
  try {
    new Function(`return async () => (${code})`);
    return /\w\(/.test(code);
  } catch {
    return false;
  }
}

/** The code of the first exercise that has some: a block of its solution, or an expression within its text. */
function solutionIn(file: string): string {
  const { cells } = JSON.parse(readFileSync(join(root, 'notebooks', file), 'utf8')) as { cells: { cell_type: string; source: string[] }[] };
  const texts = cells.filter(({ cell_type }) => cell_type === 'markdown').map(({ source }) => source.join(''));
  const solutions = texts.flatMap((text) => [...text.matchAll(/<details>(.*?)<\/details>/gs)].map(([, inner]) => inner!)).join('\n');
  const block = /```ts\n(.*?)```/s.exec(solutions)?.[1];
  const expression = [...solutions.matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!).find(runs);
  const code = block ?? expression ?? otherwise[file];
  assert.ok(code, `${file}: no solution holds code that can be run`);
  return code;
}

/** What a class must not see: errors, warnings, controls without a kernel, pictures that are not there. */
async function assertClean(): Promise<void> {
  const shown = await lab.page.evaluate(() => {
    const panel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)')!;
    const texts = (selector: string): string[] =>
      [...panel.querySelectorAll(selector)].map(({ textContent }) => (textContent ?? '').slice(0, 600));
    return {
      red: texts('.jp-OutputArea-output:is([data-mime-type*="error"], [data-mime-type*="stderr"])'),
      disconnected: texts('.jupyter-widgets-disconnected'),
      pictures: [...panel.querySelectorAll('img')].filter((image) => image.complete && image.naturalWidth === 0).map(({ alt }) => alt),
    };
  });
  assert.deepEqual(shown, { red: [], disconnected: [], pictures: [] });
}

/** The whole notebook in one picture, at the width of a small laptop and of a tablet. */
async function shootAll(file: string, theme: string): Promise<void> {
  const { page } = lab;
  const before = page.viewportSize()!;
  for (const width of [1366, 800]) {
    await page.setViewportSize({ width, height: 900 });
    const height = await page.evaluate(() => document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer')!.scrollHeight);
    await page.setViewportSize({ width, height: Math.min(height + 150, 14_000) });
    await page.waitForTimeout(400); // plots take their new width
    await lab.shot(join('walk', `${file.slice(0, 2)}-${theme}-${width}`));
  }
  await page.setViewportSize(before);
}

async function wear(theme: 'Light' | 'Dark'): Promise<void> {
  const { page } = lab;
  const body = page.locator(`body[data-jp-theme-light="${theme === 'Light'}"]`);
  if ((await body.count()) === 0) await lab.menu('Settings', 'Theme', `JupyterLab ${theme}`);
  await body.waitFor({ state: 'attached' });
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
}

for (const file of notebooks) {
  // Notebook 08 has no small size: it is minutes long.
  const skip = missingFor(file) || (file.startsWith('08-') && !long && 'it takes minutes: npm run test:long');
  browserTest(
    lab,
    `${file}: Run All and an exercise leave nothing red`,
    long ? 3600 : 300,
    async () => {
      // As in a clone: a folder of notebooks beside runs and models.
      if (long) for (const name of ['runs', 'models']) linkOnce(name);
      small ??= smallParameters(lab.folder);
      lab.copy(file, long ? undefined : (await small)[file], 'notebooks');
      await lab.open(`notebooks/${file}`);
      await wear('Light');
      await lab.runAll();
      await lab.settled(long ? 3000 : 240);
      const last = await lab.add(solutionIn(file));
      await lab.settled(long ? 600 : 60);
      await lab.cell(last).scrollIntoViewIfNeeded();
      await assertClean();
      await shootAll(file, 'light');
      await wear('Dark');
      await shootAll(file, 'dark');
      await assertClean();
      await lab.menu('Kernel', 'Shut Down Kernel');
      await lab.page.locator('.jp-NotebookPanel:visible .jp-Toolbar-kernelName', { hasText: 'No Kernel' }).waitFor();
    },
    skip,
  );
}

function linkOnce(name: string): void {
  try {
    symlinkSync(join(root, name), join(lab.folder, name), 'dir');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
