import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { escapeHtml } from '../escape';
import { notForDiagnosis } from '../palette';
import { plotlySource } from '../plotly/render';
import type { Heading } from './markdown';
import type { PageFigure } from './outputs';
import { styleSheet } from './style';

/** What a page is made of. */
export interface PageParts {
  readonly title: string;
  /** A line under the title: date, kernel, cells. */
  readonly about: string;
  /** The cells, as HTML. */
  readonly body: string;
  readonly headings: readonly Heading[];
  readonly figures: readonly PageFigure[];
}

/**
 * Draws the figures in the reader's theme, and on white with dark ink while the page is printed. Written for browsers: it is sent as text.
 */
const drawing = `'use strict';
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const places = [...document.querySelectorAll('[data-figure]')];
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const ink = (night) => ({ 'font.color': night ? '#c9cdd3' : '#3c4043' });
  const config = { responsive: true, displaylogo: false };
  for (const place of places) {
    const { data, layout } = figures[Number(place.dataset.figure)];
    const target = document.createElement('div');
    place.prepend(target);
    const font = { ...layout.font, color: layout.font?.color ?? ink(dark.matches)['font.color'] };
    Plotly.newPlot(target, data, { ...layout, font, width: undefined, autosize: true }, config).then(
      () => { place.querySelector(':scope > img')?.remove(); place.plot = target; },
      () => target.remove(),
    );
  }
  const repaint = (night) => { for (const place of places) if (place.plot) Plotly.relayout(place.plot, ink(night)); };
  dark.addEventListener('change', () => repaint(dark.matches));
  addEventListener('beforeprint', () => repaint(false));
  addEventListener('afterprint', () => repaint(dark.matches));
})();`;

/** A page that needs nothing but itself: style, scripts, pictures and data are inside, and its policy forbids the network. */
export function pageHtml(parts: PageParts): string {
  const interactive = parts.figures.length > 0;
  const scripts = interactive ? [readFileSync(plotlySource(), 'utf8'), drawing].map(inlineScript) : [];
  const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  const policy = [
    "default-src 'none'",
    'img-src data: blob:',
    "style-src 'unsafe-inline'",
    `script-src ${hashes.length > 0 ? hashes.join(' ') : "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const data = interactive ? `<script type="application/json" id="figures">${jsonInHtml(parts.figures)}</script>` : '';
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(parts.title)}</title>
<style>${styleSheet}</style>
</head>
<body>
<input type="checkbox" id="hide-code" class="switch">
<header>
<p class="warning">${escapeHtml(capital(notForDiagnosis))}: generated pictures in this report show no real patient.</p>
<p class="about">${escapeHtml(parts.about)}</p>
<label class="toggle" for="hide-code"></label>
</header>
${contents(parts.headings)}
<main>
${parts.body}
</main>
${data}
${scripts.map((text) => `<script>${text}</script>`).join('\n')}
</body>
</html>
`;
}

function contents(headings: readonly Heading[]): string {
  const listed = headings.filter(({ level }) => level === 2 || level === 3);
  if (listed.length < 3) return '';
  const items = listed.map(({ level, text, id }) => `<li class="level-${level}"><a href="#${id}">${escapeHtml(text)}</a></li>`);
  return `<nav><details><summary>Contents</summary><ul>${items.join('')}</ul></details></nav>`;
}

/** A script as the browser will read it (line ends, no end tag inside), so that its hash is that of what is run. */
function inlineScript(source: string): string {
  return source
    .replace(/\r\n?/g, '\n')
    .replace(/<\/script/gi, '<\\/script')
    .replace(/<!--/g, '<\\!--');
}

/** JSON that cannot end the element it stands in. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
