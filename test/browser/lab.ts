/** A real JupyterLab from .venv, in a real browser, used as a person does: menus, buttons, keys. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { root } from '../support';

/** Where the screenshots of a run are kept. */
export const artefacts: string = join(root, 'runs', 'browser');

const browserPath = [process.env.ROENTGEN_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);

/** Why there is no browser; undefined where there is one. */
export const missingBrowser: string | undefined =
  browserPath === undefined ? 'no Chromium: apt-get install chromium, or name one in ROENTGEN_CHROMIUM' : undefined;

/** Why there is nothing to test here; undefined where there is. */
export const missing: string | undefined = !existsSync(join(root, '.venv', 'bin', 'python'))
  ? 'JupyterLab is not installed: npm run setup'
  : missingBrowser;

/** The browser of all tests. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserPath!,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'],
  });

/** A code cell of a test's notebook. */
export type CodeCell = string | { readonly source: string; readonly tags?: readonly string[] };

/** JupyterLab, one page of it. */
export interface Lab {
  readonly page: Page;
  readonly folder: string;
  /** What the browser complained about. */
  readonly complaints: string[];
  /** What the server has printed. */
  serverLog(): string;
  /** Writes a notebook of these cells. */
  write(name: string, cells: readonly CodeCell[]): void;
  /** Writes one of the project's notebooks, with these values for the cell tagged `parameters` or its own, into a folder `within`. */
  copy(name: string, options?: Readonly<Record<string, unknown>>, within?: string): void;
  /** Writes a notebook that is given whole. */
  put(name: string, book: object): void;
  /** Opens a notebook and waits until its kernel is ready. */
  open(name: string): Promise<void>;
  /** Saves the notebook that is open, and waits until the file has changed. */
  save(name: string): Promise<void>;
  /** Picks from the menu bar: `menu('Run', 'Run All Cells')`. */
  menu(...names: string[]): Promise<void>;
  /** Runs all cells of a notebook that was just opened. */
  runAll(): Promise<void>;
  /** Runs one cell, as Shift+Enter does. */
  run(index: number): Promise<void>;
  /** Adds a code cell below the last cell and runs it. Returns its index among the code cells. */
  add(code: string): Promise<number>;
  /** Clicks a button of the notebook's toolbar by its command. */
  toolbar(command: string): Promise<void>;
  /** Code cells, from 0. */
  cell(index: number): Locator;
  /** What a code cell shows. */
  outputs(index: number): Locator;
  /** Waits until every code cell has run; an error in one of them is thrown with what it says. */
  settled(seconds?: number): Promise<void>;
  /** Keeps a picture of the page. */
  shot(name: string): Promise<void>;
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The command of a person, `roentgen lab FOLDER --no-browser`; settles with the address that it prints. */
async function startLab(folder: string, settings: string): Promise<{ process: ChildProcess; address: URL; log: () => string }> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(root, 'bin', 'roentgen.mjs'), 'lab', folder, '--no-browser', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the person's own settings, and nothing left in them.
    env: {
      ...process.env,
      JUPYTER_CONFIG_DIR: join(settings, 'config'),
      JUPYTER_DATA_DIR: join(settings, 'data'),
      JUPYTER_RUNTIME_DIR: join(settings, 'runtime'),
      JUPYTERLAB_SETTINGS_DIR: join(settings, 'lab'),
      JUPYTERLAB_WORKSPACES_DIR: join(settings, 'workspaces'),
    },
  });
  let said = '';
  const address = await new Promise<URL>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`JupyterLab did not start:\n${said}`)), 240_000);
    const hear = (text: string): void => {
      said += text;
      const found = /http:\/\/127\.0\.0\.1:\d+\/lab\?token=\w+/.exec(said);
      if (!found) return;
      clearTimeout(late);
      resolve(new URL(found[0]));
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('exit', () => reject(new Error(`JupyterLab ended:\n${said}`)));
  });
  return { process: child, address, log: () => said };
}

function notebook(cells: readonly CodeCell[]): object {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'roentgen', display_name: 'TypeScript (roentgen)', language: 'typescript' } },
    cells: cells.map((cell, i) => {
      const { source, tags = [] } = typeof cell === 'string' ? { source: cell } : cell;
      return { cell_type: 'code', id: `cell-${i}`, metadata: tags.length > 0 ? { tags } : {}, source, outputs: [], execution_count: null };
    }),
  };
}

/** One JupyterLab and browser for a test file. */
export function jupyterLab(): Lab {
  let parts:
    | { server: ChildProcess; address: URL; browser: Browser; page: Page; folder: string; settings: string; log: () => string }
    | undefined;
  const complaints: string[] = [];

  before(async () => {
    if (missing) return;
    mkdirSync(artefacts, { recursive: true });
    const folder = mkdtempSync(join(tmpdir(), 'roentgen-lab-'));
    const settings = mkdtempSync(join(tmpdir(), 'roentgen-settings-'));
    const { process: server, address, log } = await startLab(folder, settings);
    const browser = await launchBrowser();
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    page.setDefaultTimeout(120_000);
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text().slice(0, 400));
    });
    page.on('pageerror', (error) => complaints.push(String(error.message).slice(0, 400)));
    parts = { server, address, browser, page, folder, settings, log };
  });
  after(async () => {
    if (!parts) return;
    const { browser, server, folder, settings } = parts;
    await browser.close();
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    for (const path of [folder, settings]) rmSync(path, { recursive: true, force: true });
  });

  /** JupyterLab passes over what is asked before its session is ready, without a word: asks again until the cell's prompt shows that it was heard. */
  async function begun(ask: () => Promise<void>, index: number): Promise<void> {
    const heard = lab.cell(index).locator('.jp-InputPrompt', { hasText: /[*\d]/ });
    for (let tries = 0; tries < 20; tries++) {
      await ask();
      const found = await heard.waitFor({ timeout: 5000 }).then(
        () => true,
        () => false,
      );
      if (found) return;
    }
    throw new Error(`cell ${index} was not run`);
  }

  const lab: Lab = {
    get page() {
      return parts!.page;
    },
    get folder() {
      return parts!.folder;
    },
    complaints,
    serverLog: () => parts?.log() ?? '',
    write: (name, cells) => lab.put(name, notebook(cells)),
    copy(name, options, within = '') {
      const book = JSON.parse(readFileSync(join(root, 'notebooks', name), 'utf8'));
      const cell = book.cells.find(({ metadata }: { metadata: { tags?: string[] } }) => metadata.tags?.includes('parameters'));
      if (options) cell.source = [`const options = ${JSON.stringify(options)};`];
      lab.put(join(within, name), book);
    },
    put(name, book) {
      const path = join(parts!.folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, JSON.stringify(book));
    },
    async save(name) {
      const { folder, page } = parts!;
      const read = (): string => readFileSync(join(folder, name), 'utf8');
      const before = read();
      await lab.menu('File', 'Save Notebook');
      const isSaved = (text: string): boolean => text !== before && text.trimEnd().endsWith('}'); // the file is emptied first
      for (let i = 0; i < 300 && !isSaved(read()); i++) await page.waitForTimeout(100);
    },
    async open(name) {
      const { address, page } = parts!;
      await page.goto(`${address.origin}/lab/tree/${name}?${address.searchParams}&reset`);
      await page.locator('.jp-NotebookPanel:visible .jp-Notebook .jp-CodeCell').first().waitFor({ timeout: 240_000 });
      await page.locator('.jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor({ timeout: 240_000 });
      // "idle" is shown before the session can run anything; the status bar names the kernel when it can.
      await page.locator('.jp-Toolbar-kernelName', { hasText: 'TypeScript (roentgen)' }).waitFor();
      await page.waitForTimeout(500);
    },
    async menu(...names) {
      const { page } = parts!;
      await page.locator('.lm-MenuBar-itemLabel', { hasText: new RegExp(`^${names[0]}$`) }).click();
      for (const name of names.slice(1)) await page.locator('.lm-Menu-itemLabel', { hasText: new RegExp(`^${name}…?$`) }).click();
    },
    runAll: () => begun(() => lab.menu('Run', 'Run All Cells'), 0),
    async run(index) {
      await begun(async () => {
        await lab.cell(index).click();
        await parts!.page.keyboard.press('Shift+Enter');
      }, index);
    },
    async add(code) {
      const { page } = parts!;
      const index = await page.locator('.jp-NotebookPanel:visible .jp-CodeCell').count();
      await page.locator('.jp-NotebookPanel:visible .jp-Notebook .jp-Cell').last().locator('.jp-InputPrompt').click();
      await page.keyboard.press('b');
      const editor = lab.cell(index).locator('.cm-content');
      await editor.click();
      // As a person copies it: typed, the editor would add brackets and indents of its own.
      await editor.evaluate((element, text) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData('text/plain', text);
        element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
      }, code);
      await begun(() => page.keyboard.press('Control+Enter'), index);
      return index;
    },
    async toolbar(command) {
      await parts!.page.locator(`.jp-NotebookPanel:visible .jp-Toolbar [data-command="${command}"]`).first().click();
    },
    cell: (index) => parts!.page.locator('.jp-NotebookPanel:visible .jp-CodeCell').nth(index),
    outputs: (index) => lab.cell(index).locator('.jp-Cell-outputArea'),
    async settled(seconds = 30) {
      const { page } = parts!;
      const notRun = await (
        await page.waitForFunction(
          () => {
            const panel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden)');
            const idle = panel?.querySelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]');
            // A cell whose code is folded away has its number beside the output alone.
            const prompts = [...(panel?.querySelectorAll('.jp-CodeCell') ?? [])].map((cell) => {
              const folded = cell.querySelector('.jp-Cell-inputWrapper .jp-Placeholder') !== null;
              return cell.querySelector(folded ? '.jp-OutputPrompt' : '.jp-InputPrompt')?.textContent ?? '';
            });
            if (/No Kernel/.test(panel?.querySelector('.jp-Toolbar-kernelName')?.textContent ?? '')) return { count: prompts.length };
            // An error empties the prompts of the cells that were waiting.
            if (!idle || prompts.some((text) => text.includes('*')) || !/\d/.test(prompts[0] ?? '')) return false;
            return { count: prompts.filter((text) => !/\d/.test(text)).length };
          },
          undefined,
          { timeout: seconds * 1000, polling: 200 },
        )
      ).evaluate((found) => (found as { count: number }).count);
      const errors = await page
        .locator('.jp-NotebookPanel:visible .jp-OutputArea-output:is([data-mime-type*="error"], [data-mime-type*="stderr"])')
        .allTextContents();
      if (notRun > 0) throw new Error(`${notRun} cells were not run: ${errors.join('\n') || 'no error is shown'}`);
    },
    async shot(name) {
      await parts!.page.screenshot({ path: join(artefacts, `${name}.png`) });
    },
  };
  return lab;
}

/** A test in the browser; where it fails, the page as it was is kept, and what the browser complained about is told. */
export function browserTest(lab: Lab, name: string, seconds: number, body: () => Promise<void>, skip: string | false = false): void {
  test(name, { skip: missing ?? skip, timeout: seconds * 1000 }, async () => {
    try {
      await body();
    } catch (error) {
      await lab.shot(`failed-${name.replace(/\W+/g, '-').slice(0, 60)}`).catch(() => undefined);
      console.error(`The server said:\n${lab.serverLog().split('\n').slice(-20).join('\n')}`);
      if (lab.complaints.length > 0) console.error(`The browser said:\n${lab.complaints.slice(-20).join('\n')}`);
      throw error;
    }
  });
}

/** The average colour of a picture on the page, and its size. */
export async function pixelsOf(image: Locator): Promise<{ width: number; height: number; sum: string }> {
  return image.evaluate(async (element) => {
    const picture = element as HTMLImageElement;
    await picture.decode();
    const canvas = document.createElement('canvas');
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    const context = canvas.getContext('2d')!;
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum = (sum * 31 + data[i]!) % 4294967291;
    return { width: canvas.width, height: canvas.height, sum: String(sum) };
  });
}
