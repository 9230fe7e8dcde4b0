import { createHash } from 'node:crypto';
import { escapeHtml } from './escape';
import type { GridCell, GridPlan } from './grid-plan';
import { encodePngSync, greyIfPossible } from './png';

/**
 * A grid as HTML without scripts, so that it also works in a saved page that allows none: every picture at its own size,
 * enlarged by the browser with sharp pixels; a click on a picture (a hidden checkbox) brings it to the full width of the
 * grid. Without the style sheet, as in a notebook that is not trusted, the pictures and texts remain.
 */
export function gridHtml(plan: GridPlan): string {
  const pictures = plan.cells.map(({ picture }) => encodePngSync(greyIfPossible(picture)).toString('base64'));
  // Ids must differ between the grids of a page and be the same from run to run.
  const id = `rg-${createHash('sha256')
    .update(JSON.stringify(plan.cells.map(({ label, caption }) => [label, caption])))
    .update(pictures.join())
    .digest('hex')
    .slice(0, 12)}`;
  const cells = plan.cells.map((cell, i) => cellHtml(cell, pictures[i]!, `${id}-${i}`));
  const title = plan.title === '' ? '' : `<div class="rg-title">${escapeHtml(plan.title)}</div>`;
  const notes = plan.notes.map((note) => `<div class="rg-note">${escapeHtml(note)}</div>`).join('');
  const columns = `grid-template-columns:repeat(${plan.columns},minmax(0,${plan.cellWidth}px))`;
  const grid = `<div class="rg-cells" style="display:grid;gap:12px;${columns}">${cells.join('')}</div>`;
  return `<div class="rg-grid" id="${id}">${styleSheet}${title}${grid}${notes}</div>`;
}

function cellHtml({ picture, scale, label, caption }: GridCell, png: string, id: string): string {
  const [width, height] = [picture.width * scale, picture.height * scale];
  const alt = escapeHtml(caption || label || 'picture');
  const hint = caption === '' ? 'Click to enlarge' : `${escapeHtml(caption)}&#10;(click to enlarge)`;
  const above = label === '' ? '' : `<div class="rg-label" style="font-weight:600">${escapeHtml(label)}</div>`;
  const below = caption === '' ? '' : `<div class="rg-caption">${escapeHtml(caption)}</div>`;
  const look = `width="${width}" height="${height}" style="image-rendering:pixelated;max-width:100%"`;
  const image = `<img src="data:image/png;base64,${png}" alt="${alt}" title="${hint}" ${look}>`;
  return `<div class="rg-cell"><input type="checkbox" id="${id}" hidden>${above}<label for="${id}">${image}</label>${below}</div>`;
}

// One rule a line; all under .rg-grid, so that nothing else of the page changes.
const styleSheet = `<style>
.rg-grid{font:12px/1.35 system-ui,"DejaVu Sans",sans-serif;margin:4px 0}
.rg-grid .rg-cells{align-items:start;grid-auto-flow:dense}
.rg-grid .rg-title{font-size:15px;margin:0 0 8px}
.rg-grid input{display:none}
.rg-grid label{cursor:zoom-in;display:block;margin:0}
.rg-grid img{display:block;height:auto;margin:0}
.rg-grid .rg-label{margin:0 0 3px}
.rg-grid .rg-caption{margin:3px 0 0;overflow-wrap:anywhere}
.rg-grid .rg-cell:has(input:checked){grid-column:1/-1}
.rg-grid input:checked~label{cursor:zoom-out}
.rg-grid input:checked~label img{width:min(100%,768px)}
.rg-grid .rg-note{margin:8px 0 0;opacity:.75}
</style>`;
