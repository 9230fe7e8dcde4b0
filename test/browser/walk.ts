/**
 * A student's way through a notebook: Run All, then the solution of an exercise in a new cell. Small sizes, or with `--long` the
 * notebooks as they are, with the models of the clone.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { missingFor, smallParameters } from '../notebooks/small';
import { root } from '../support';
import { browserTest, type Lab } from './lab';

const long = process.env.ROENTGEN_LONG_TESTS === '1';

/** What is tried where a notebook's solutions hold no code that runs by itself. */
const otherwise: Readonly<Record<string, string>> = {
  '07-your-own-data.ipynb':
    "imageGrid(await textToImage(model, { prompts: ['Weld seam. Large pore on the left. Small pore on the right.'], steps: 10 }))",
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
async function assertClean({ page }: Lab): Promise<void> {
  const shown = await page.evaluate(() => {
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
async function shootAll({ page, shot }: Lab, name: string): Promise<void> {
  const before = page.viewportSize()!;
  const cells = '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer';
  for (const width of [1366, 800]) {
    await page.setViewportSize({ width, height: 900 });
    const height = await page.evaluate((selector) => document.querySelector(selector)!.scrollHeight, cells);
    await page.setViewportSize({ width, height: Math.min(height + 150, 14_000) });
    await page.evaluate((selector) => document.querySelector(selector)!.scrollTo(0, 0), cells);
    await page.waitForTimeout(400); // plots take their new width
    await shot(join('walk', `${name}-${width}`));
  }
  await page.setViewportSize(before);
}

async function wear({ page, menu }: Lab, theme: 'Light' | 'Dark'): Promise<void> {
  const body = page.locator(`body[data-jp-theme-light="${theme === 'Light'}"]`);
  if ((await body.count()) === 0) await menu('Settings', 'Theme', `JupyterLab ${theme}`);
  await body.waitFor({ state: 'attached' });
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
}

/** As in a clone: notebooks beside runs and models. */
function linkClone(folder: string): void {
  for (const name of ['runs', 'models'])
    if (!existsSync(join(folder, name)) && existsSync(join(root, name))) symlinkSync(join(root, name), join(folder, name), 'dir');
}

/** A test for each of these notebooks. */
export function walk(lab: Lab, files: readonly string[]): void {
  let small: ReturnType<typeof smallParameters> | undefined;
  for (const file of files) {
    // Notebook 08 has no small size: it is minutes long.
    const skip = missingFor(file) || (file.startsWith('08-') && !long && 'it takes minutes: npm run test:long');
    const body = async (): Promise<void> => {
      if (long) linkClone(lab.folder);
      else small ??= smallParameters(lab.folder);
      lab.copy(file, (await small)?.[file], 'notebooks');
      await lab.open(`notebooks/${file}`);
      await wear(lab, 'Light');
      await lab.runAll();
      await lab.settled(long ? 3000 : 400);
      await lab.add(solutionIn(file));
      await lab.settled(long ? 600 : 120);
      await assertClean(lab);
      const number = file.slice(0, 2);
      await shootAll(lab, `${number}-light`);
      await wear(lab, 'Dark');
      await shootAll(lab, `${number}-dark`);
      await assertClean(lab);
      await lab.menu('Kernel', 'Shut Down Kernel');
      await lab.page.locator('.jp-NotebookPanel:visible .jp-Toolbar-kernelName', { hasText: 'No Kernel' }).waitFor();
    };
    browserTest(lab, `${file}: Run All and an exercise leave nothing red`, long ? 3600 : 500, body, skip);
  }
}
