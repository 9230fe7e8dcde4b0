// The section of docs/results.md on the recipes' models, of what recipes.mjs has measured.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One entry for each recipe and seed. */
export const measuredFile = fileURLToPath(new URL('recipes.json', import.meta.url));
export const measured = () => (existsSync(measuredFile) ? JSON.parse(readFileSync(measuredFile, 'utf8')) : []);

const percent = ({ value, low, high }) => `${(100 * value).toFixed(0)}% (${(100 * low).toFixed(0)} to ${(100 * high).toFixed(0)})`;
const beside = (value, real, digits) => `${value.toFixed(digits)} (${real.toFixed(digits)})`;

const columns = {
  recipe: ({ recipe }) => recipe,
  seed: ({ seed }) => seed,
  pixels: ({ size }) => size,
  parameters: ({ parameters }) => `${(parameters / 1e6).toFixed(1)} M`,
  'images measured': ({ images }) => images,
  'told from real (real ones of others)': ({ told }) => `${percent(told.generated)} (${percent(told.real)})`,
  'mean AUROC (real images)': ({ auroc, aurocReal }) => (auroc === null ? '–' : beside(auroc, aurocReal, 3)),
  'side as asked (real images)': ({ side, sideReal }) => (side === null ? '–' : `${(100 * side).toFixed(0)}%${sideReal === null ? '' : ` (${(100 * sideReal).toFixed(0)}%)`}`),
  'FID, own classifier (real ones of others)': ({ fid, fidReal }) => beside(fid, fidReal, 3),
};

export function recipesSection() {
  const rows = measured();
  if (rows.length === 0) return '';
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const names = Object.keys(columns);
  return `## Recipes

Models as their recipes train them, measured as the quickstart measures its own, on texts of patients that were kept aside: \`node bench/reproduction/recipes.mjs RECIPE=RUN\`. *Told
from real* is the share that fresh networks tell right, with 95% intervals, chance 50%. FID is in the features of the recipe's classifier, and not comparable between sizes.

${line(names)}
${line(names.map(() => '---'))}
${rows.map((row) => line(Object.values(columns).map((cell) => cell(row)))).join('\n')}

**A window of mostly padding hides words.** \`roentgen evaluate text-use --quick\` says by how much the loss on 48 real images rises where left and right are exchanged in their texts.
After 600 steps of the quickstart (seed 1; noise of -16 dB, where it rises most) that is

| window | padding | sides exchanged | no text |
| --- | --- | --- | --- |
| 24 tokens | seen | 12.0% (6.4 to 18.5) | 33% (26 to 41) |
| 96 tokens | seen | 0.3% (0.1 to 0.4) | 30% (22 to 41) |
| 96 tokens | masked | 18.0% (11.8 to 26.2) | 37% (31 to 45) |

all else equal. A U-Net attends to padding as to words, as diffusers has it, and nine tenths of 96 tokens are padding: what one word says is lost in it, though views and whole texts are heard. \`phantom-128\`
as it was learnt nothing of sides in 4,500 steps (0.1%); its images look right and have the findings, on either side. Since then \`phantom-128\`, \`phantom-256\` and the recipes that adapt them mask padding
(\`mask_padding\` of the U-Net's config), and their noise ends in noise alone (Lin et al. 2023, arXiv:2305.08891), as sampling begins.
`;
}
