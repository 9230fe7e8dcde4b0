import { barRaster, barTicks } from './colour-bar';
import { escapeHtml } from './escape';
import type { ColourBar, GridCell, GridPlan } from './grid-plan';
import { encodePngSync, greyIfPossible, type Raster } from './png';

/**
 * A grid as HTML without scripts, so that it also works in a saved page that allows none: every picture at its own size, enlarged by
 * the browser with sharp pixels; opening a picture (a disclosure, by click or key) brings it to the full width of the grid. Without
 * the style sheet, as in a notebook that is not trusted, the pictures and texts remain.
 */
export function gridHtml(plan: GridPlan): string {
  const cells = plan.cells.map(cellHtml);
  const title = plan.title === '' ? '' : `<div class="rg-title">${escapeHtml(plan.title)}</div>`;
  const bar = plan.bar ? barHtml(plan.bar) : '';
  const notes = plan.notes.map((note) => `<div class="rg-note">${escapeHtml(note)}</div>`).join('');
  const columns = `grid-template-columns:repeat(${plan.columns},minmax(0,${plan.cellWidth}px))`;
  const grid = `<div class="rg-cells" style="display:grid;gap:12px;${columns}">${cells.join('')}</div>`;
  return `<div class="rg-grid">${styleSheet}${title}${grid}${bar}${notes}</div>`;
}

function cellHtml({ picture, scale, label, caption, alt }: GridCell): string {
  const [width, height] = [picture.width * scale, picture.height * scale];
  const hint = caption === '' ? 'Click or Enter to enlarge' : `${escapeHtml(caption)}&#10;(click or Enter to enlarge)`;
  const above = label === '' ? '' : `<div class="rg-label" style="font-weight:600">${escapeHtml(label)}</div>`;
  const below = caption === '' ? '' : `<div class="rg-caption">${escapeHtml(caption)}</div>`;
  const look = `width="${width}" height="${height}" style="image-rendering:pixelated;max-width:100%"`;
  const image = `<img src="${dataUrl(picture)}" alt="${escapeHtml(alt)}" title="${hint}" ${look}>`;
  // JupyterLab's own keys would take Enter away from what is in focus.
  const open = `<details><summary data-lm-suppress-shortcuts="true">${image}</summary></details>`;
  return `<div class="rg-cell">${above}${open}${below}</div>`;
}

function barHtml(bar: ColourBar): string {
  const [width, height] = [256, 12];
  const colours = `<img src="${dataUrl(barRaster(bar, width, 1))}" alt="colour scale" width="${width}" height="${height}" style="max-width:100%;height:${height}px">`;
  const ticks = barTicks(bar).map(({ at, text }) => {
    const shift = at === 0 ? 0 : at === 1 ? 100 : 50;
    return `<span style="position:absolute;left:${(100 * at).toFixed(1)}%;transform:translateX(-${shift}%)">${text}</span>`;
  });
  const numbers = `<div style="position:relative;height:1.35em">${ticks.join('')}</div>`;
  return `<div class="rg-bar"><div style="width:${width}px;max-width:100%">${colours}${numbers}</div>${escapeHtml(bar.unit)}</div>`;
}

function dataUrl(picture: Raster): string {
  return `data:image/png;base64,${encodePngSync(greyIfPossible(picture)).toString('base64')}`;
}

// One rule a line; all under .rg-grid, so that nothing else of the page changes.
const styleSheet = `<style>
.rg-grid{font:12px/1.35 system-ui,"DejaVu Sans",sans-serif;margin:4px 0}
.rg-grid .rg-cells{align-items:start;grid-auto-flow:dense}
.rg-grid .rg-title{font-size:15px;margin:0 0 8px}
.rg-grid details{margin:0;padding:0;border:0}
.rg-grid summary{cursor:zoom-in;display:block;list-style:none;width:fit-content;max-width:100%;margin:0;padding:0}
.rg-grid summary::-webkit-details-marker{display:none}
.rg-grid summary:focus-visible{outline:3px solid #0072b2;outline-offset:2px}
.rg-grid img{display:block;height:auto;margin:0}
.rg-grid .rg-label{margin:0 0 3px}
.rg-grid .rg-caption{margin:3px 0 0;overflow-wrap:anywhere}
.rg-grid .rg-cell:has([open]){grid-column:1/-1}
.rg-grid [open]>summary{cursor:zoom-out;width:auto}
.rg-grid [open] img{width:min(100%,768px)}
.rg-grid .rg-bar{margin:10px 0 0}
.rg-grid .rg-note{margin:8px 0 0;opacity:.75}
</style>`;
