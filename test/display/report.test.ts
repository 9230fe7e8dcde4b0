import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { JSDOM } from 'jsdom';
import { type Displayable, exportNotebook, imageGrid, lineFigure, notForDiagnosis, table } from 'roentgen-lab/display';
import { tempDir } from '../support';

const markdown = (source: string, extra: object = {}): object => ({ cell_type: 'markdown', metadata: {}, source, ...extra });
const code = (source: string, ...outputs: object[]): object => ({ cell_type: 'code', metadata: {}, execution_count: 1, source, outputs });
const shown = (item: Displayable): object => ({ output_type: 'display_data', metadata: item.metadata(), data: item.bundle() });
const html = (text: string): object => ({ output_type: 'display_data', metadata: {}, data: { 'text/html': text } });

const line = lineFigure({ title: 'Loss', series: [{ name: 'train', x: [0, 1, 2], y: [3, 2, 1.5] }], xTitle: 'step', yTitle: 'loss' });

/** Exports a notebook of these cells and reads the page. */
async function page(folder: string, ...cells: object[]): Promise<{ text: string; document: Document; figures: number; path: string }> {
  const notebook = join(folder, 'book.ipynb');
  writeFileSync(notebook, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }));
  const { out, figures } = await exportNotebook(notebook);
  const text = readFileSync(out, 'utf8');
  return { text, document: new JSDOM(text).window.document, figures, path: out };
}

/** Everything that a browser would load or run for this page. */
function loads(document: Document): string[] {
  const found: string[] = [];
  for (const element of Array.from(document.querySelectorAll('*'))) {
    for (const { name, value } of Array.from(element.attributes)) {
      const link = element.localName === 'a' && name === 'href'; // only where a person clicks
      if (
        name.startsWith('on') ||
        (/^(?:src|href|srcset|xlink:href|data|action|poster)$/.test(name) && !link && !/^(?:#|data:)/.test(value))
      ) {
        found.push(`<${element.localName} ${name}="${value.slice(0, 60)}">`);
      }
    }
  }
  for (const style of Array.from(document.querySelectorAll('style')))
    if (/@import|url\(\s*['"]?http/.test(style.textContent ?? '')) found.push('style');
  return found;
}

test('figures become interactive once, with their picture until they are drawn', async (t) => {
  const { document, text, figures } = await page(tempDir(t), markdown('# A title'), code('one', shown(line)), code('two', shown(line)));
  assert.equal(figures, 2);
  const places = Array.from(document.querySelectorAll<HTMLElement>('[data-figure]'));
  assert.deepEqual(
    places.map((place) => place.dataset.figure),
    ['0', '1'],
  );
  assert.ok(places.every((place) => place.querySelector('img')?.src.startsWith('data:image/png;base64,')));
  const specs = JSON.parse(document.getElementById('figures')!.textContent!) as { data: { y: number[] }[] }[];
  assert.deepEqual(specs[1]!.data[0]!.y, [3, 2, 1.5]);
  assert.equal(text.split('plotly.js (cartesian - minified)').length, 2, 'Plotly is inside, once');
  assert.equal(document.title, 'A title');
  assert.match(document.body.textContent ?? '', new RegExp(notForDiagnosis, 'i'));
});

test('a page without figures carries no script', async (t) => {
  const { document, text } = await page(tempDir(t), markdown('text'), code('1', shown(table({ a: [1] }))));
  assert.equal(document.querySelectorAll('script').length, 0);
  assert.ok(text.length < 30_000, `${text.length} characters`);
});

test('the policy allows exactly the scripts of the page', async (t) => {
  const { document } = await page(tempDir(t), code('one', shown(line)));
  const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')!.getAttribute('content')!;
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
  const scripts = Array.from(document.querySelectorAll('script:not([type])'), (script) => script.textContent!);
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  assert.equal(/script-src ([^;]*)/.exec(policy)![1], hashes.join(' '));
});

test('nothing is loaded and nothing foreign runs', async (t) => {
  const evil = [
    '<script>alert(1)</script><p onclick="alert(1)">kept</p>',
    '<img src="https://example.org/a.png"><img srcset="//example.org/b.png 2x"><iframe src="https://example.org"></iframe>',
    '<style>@import "https://example.org/c.css"; p { color: red }</style><p style="background:url(https://example.org/d.png)">x</p>',
    '<a href="javascript:alert(1)">j</a><svg><a xlink:href="https://example.org"><text>s</text></a><script>alert(1)</script></svg>',
    '<form action="https://example.org"><button formaction="https://example.org">b</button></form><object data="https://example.org"></object>',
  ].join('');
  const text = '<script>alert(1)</script> <img src="https://example.org/e.png"> ![p](https://example.org/f.png) [l](javascript:alert(1))';
  const breakout = { output_type: 'stream', name: 'stdout', text: '</pre><script>alert(1)</script>' };
  const { document } = await page(tempDir(t), markdown(text), code('</script><script>alert(1)', html(evil), breakout, shown(line)));
  assert.deepEqual(loads(document), []);
  assert.equal(document.querySelectorAll('script:not([type])').length, 2, 'Plotly and our own');
  assert.equal(document.querySelectorAll('script').length, 3);
  assert.match(document.querySelector('main')!.textContent ?? '', /kept/);
  assert.match(document.querySelector('.code')!.textContent ?? '', /<\/script><script>alert\(1\)/);
});

test('formulas become MathML; money, mistakes and addresses stay harmless', async (t) => {
  const text = 'Level $x_t = \\sqrt{\\bar\\alpha_t}$, $\\frac{1}{$ and $\\href{javascript:alert(1)}{x}$\n\n$$\\epsilon^2$$\n\nfor $5 or $6';
  const { document } = await page(tempDir(t), markdown(text));
  const formulas = Array.from(document.querySelectorAll('main math'), (math) => math.querySelector('annotation')!.textContent!.trim());
  assert.ok(formulas.includes('x_t = \\sqrt{\\bar\\alpha_t}') && formulas.includes('\\epsilon^2'), formulas.join('; '));
  assert.match(document.querySelector('main')!.textContent ?? '', /for \$5 or \$6/);
  assert.equal(document.querySelectorAll('main [href]').length, 0);
  assert.deepEqual(loads(document), []);
});

test('figure data cannot leave its element', async (t) => {
  const named = lineFigure({ series: [{ name: '</script><b id="out">', x: [1], y: [1] }], xTitle: 'x', yTitle: 'y' });
  const { document } = await page(tempDir(t), code('f', shown(named)));
  assert.equal(document.getElementById('out'), null);
});

test('grids keep their pictures, texts and zoom', async (t) => {
  const grid = imageGrid([new Float32Array(16), new Float32Array(16).fill(1)], ['<i>first</i>', 'second'], { synthetic: true });
  const { document } = await page(tempDir(t), code('grid', shown(grid)));
  assert.equal(document.querySelectorAll('.rg-grid img').length, 2);
  assert.equal(document.querySelectorAll('.rg-grid details > summary > img').length, 2);
  assert.equal(document.querySelector('.rg-caption')!.textContent, '<i>first</i>');
});

test('streams are joined and read as a terminal reads them', async (t) => {
  const stream = (text: string | string[]): object => ({ output_type: 'stream', name: 'stdout', text });
  const { document } = await page(
    tempDir(t),
    code('print', stream(['10%\r50%\r', '100%\n']), stream('\u001b[1;32mgreen\u001b[0m plain\u001b[2K <b>\n')),
  );
  const blocks = document.querySelectorAll('pre.stream');
  assert.equal(blocks.length, 1);
  assert.equal(blocks[0]!.textContent, '100%\ngreen plain <b>');
  assert.equal(blocks[0]!.querySelector('.ansi-green.ansi-bold')!.textContent, 'green');
});

test('errors, plain values and pictures are shown', async (t) => {
  const png = String(imageGrid([new Float32Array(4)]).bundle()['image/png']);
  const { document } = await page(
    tempDir(t),
    code('e', { output_type: 'error', ename: 'RangeError', evalue: 'too far', traceback: [] }),
    code('v', { output_type: 'execute_result', data: { 'text/plain': ['[ 1,', ' 2 ]'] } }),
    code('p', { output_type: 'display_data', data: { 'image/png': `${png}\n` } }),
    code('w', { output_type: 'display_data', data: { 'application/vnd.jupyter.widget-view+json': {}, 'text/plain': 'Slider' } }),
  );
  assert.equal(document.querySelector('pre.error')!.textContent, 'RangeError: too far');
  assert.equal(document.querySelector('pre.value')!.textContent, '[ 1, 2 ]');
  assert.ok(document.querySelector<HTMLImageElement>('.output > img')!.src.endsWith(png));
  assert.match(document.body.textContent ?? '', /works in the notebook only.*Slider/s);
});

test('solutions fold away, and an open fold ends with its cell', async (t) => {
  const solution = '<details><summary>Solution of `x`</summary>\n\nBecause **so**.\n\n</details>\n\n</details>';
  const { document } = await page(tempDir(t), markdown(solution), markdown('<details>\n\nopen'), markdown('after'));
  const folds = Array.from(document.querySelectorAll('main details'));
  assert.equal(folds[0]!.querySelector('summary')!.innerHTML, 'Solution of <code>x</code>');
  assert.equal(folds[0]!.querySelector('strong')!.textContent, 'so');
  assert.ok(folds.every((fold) => !fold.textContent!.includes('after')));
});

test('pictures beside the notebook and attachments come along', async (t) => {
  const folder = tempDir(t);
  const png = imageGrid([new Float32Array(4)]).png();
  writeFileSync(join(folder, 'a b.png'), png);
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  const attached = { attachments: { 'x.png': { 'image/png': Buffer.from(png).toString('base64') } } };
  const text = '![beside](a%20b.png) ![attached](attachment:x.png) ![gone](gone.png) ![no picture](secret.txt)';
  const { document } = await page(folder, markdown(text, attached));
  const sources = Array.from(document.querySelectorAll('main img'), (image) => image.getAttribute('src'));
  assert.deepEqual(sources, new Array(2).fill(`data:image/png;base64,${Buffer.from(png).toString('base64')}`));
  assert.match(document.querySelector('main')!.textContent ?? '', /not included: gone.*not included: no picture/s);
});

test('code is coloured and unchanged', async (t) => {
  const source = "const a: Map<string, number> = f(`x`); // it's <so>\nreturn a.delete('b') / 2e-3;";
  const { document } = await page(tempDir(t), code(source));
  const block = document.querySelector('.code pre')!;
  assert.equal(block.textContent, source);
  const parts = (kind: string): string[] => Array.from(block.querySelectorAll(`.tok-${kind}`), (part) => part.textContent!);
  assert.deepEqual(parts('keyword'), ['const', 'string', 'number', 'return']);
  assert.deepEqual(parts('comment'), ["// it's <so>"]);
  assert.deepEqual(parts('string'), ['`x`', "'b'"]);
  assert.deepEqual(parts('call'), ['f', 'delete']);
});

test('what is no notebook is refused by name', async (t) => {
  const folder = tempDir(t);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  await assert.rejects(exportNotebook(file('a.ipynb', '{"x": 1}')), /a\.ipynb.*notebook/);
  await assert.rejects(exportNotebook(file('b.ipynb', '{"nbformat": 3, "cells": []}')), /b\.ipynb.*format 4/);
  await assert.rejects(exportNotebook(file('c.ipynb', '{"nbformat": 4')), /c\.ipynb/);
  await assert.rejects(exportNotebook(join(folder, 'none.ipynb')), /none\.ipynb/);
});

/** A browser, where there is one. */
const browser = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0);

test('a browser draws the figures under the policy', { skip: browser ? false : 'no chromium here' }, async (t) => {
  const folder = tempDir(t);
  const { path } = await page(folder, code('one', shown(line)), code('grid', shown(imageGrid([new Float32Array(16)]))));
  const flags =
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
  const args = [
    ...flags.split(' '),
    `--user-data-dir=${join(folder, 'profile')}`,
    '--virtual-time-budget=5000',
    '--dump-dom',
    pathToFileURL(path).href,
  ];
  const drawn = execFileSync(browser!, args, {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { document } = new JSDOM(drawn).window;
  assert.ok(document.querySelector('[data-figure] .main-svg .ytick text'), 'the axis is drawn');
  assert.equal(document.querySelector('[data-figure] > img'), null, 'the figure took the place of its picture');
});
