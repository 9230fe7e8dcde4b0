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

const line = (cells) => `| ${cells.join(' | ')} |`;
const tableOf = (names, rows) => [line(names), line(names.map(() => '---')), ...rows.map(line)].join('\n');

/** AUROC of each finding, of the models of which it is known. */
function findingsTable(rows) {
  const known = rows.filter(({ aurocs = {} }) => Object.keys(aurocs).length > 0);
  const findings = [...new Set(known.flatMap(({ aurocs }) => Object.keys(aurocs)))];
  return tableOf(
    ['AUROC of a finding (real images)', ...known.map(({ recipe, seed }) => `${recipe}, seed ${seed}`)],
    findings.map((finding) => [finding, ...known.map(({ aurocs }) => (aurocs[finding] ? beside(...aurocs[finding], 2) : '–'))]),
  );
}

/** Small images first, then by name and seed. */
const inOrder = (a, b) => a.size - b.size || a.recipe.localeCompare(b.recipe) || a.seed - b.seed;

export function recipesSection() {
  const rows = measured().sort(inOrder);
  if (rows.length === 0) return '';
  return `## Recipes

Models as their recipes train them, measured as the quickstart measures its own, on texts of patients that were kept aside: \`node bench/reproduction/recipes.mjs RECIPE=RUN\`. *Told
from real* is the share that fresh networks tell right, with 95% intervals, chance 50%. FID is in the features of the recipe's classifier, and not comparable between sizes.

${tableOf(Object.keys(columns), rows.map((row) => Object.values(columns).map((cell) => cell(row))))}

${findingsTable(rows)}

**A window of mostly padding hides words.** \`roentgen evaluate text-use --quick\` says by how much the loss on 48 real images rises where left and right are exchanged in their texts.
After 600 steps of the quickstart (seed 1; noise of -16 dB, where it rises most) that is

| window | padding | sides exchanged | no text |
| --- | --- | --- | --- |
| 24 tokens | seen | 12.0% (6.4 to 18.5) | 33% (26 to 41) |
| 96 tokens | seen | 0.3% (0.1 to 0.4) | 30% (22 to 41) |
| 96 tokens | masked | 18.0% (11.8 to 26.2) | 37% (31 to 45) |

all else equal. A U-Net attends to padding as to words, as diffusers has it, and nine tenths of 96 tokens are padding: what one word says is lost in it, though views and whole texts are heard. Since then
\`phantom-128\`, \`phantom-256\` and the recipes that adapt them mask padding (\`mask_padding\` of the U-Net's config), and their noise ends in noise alone (Lin et al. 2023, arXiv:2305.08891), as
sampling begins.

**A text encoder that learns as fast as the U-Net unlearns sides before they are used.** Masking alone did not do where impressions stand beside prompts: \`phantom-256\`, 4,500 steps of its own, learnt nothing
of sides (0.0% at -21 dB), though by eye its images have ribs, vessels and sharp tubes; a pacemaker is often on both sides at once. At 64 pixels the same is seen in 600 steps (text encoder and texts of
\`phantom-128\`, measured as above):

| rate of the text encoder | loss at -16 dB | sides exchanged |
| --- | --- | --- |
| the U-Net's, 2e-3 | 0.148 (0.132 to 0.162) | 0.0% (-0.1 to 0.2) |
| a tenth of it | 0.133 (0.121 to 0.144) | 4.4% (2.7 to 6.4) |
| none: it stays random | 0.134 (0.123 to 0.146) | 3.9% (2.3 to 6.0) |

Random embeddings of *left* and *right* lie far apart. A side needs two things at once, a place that asks and a word that answers, and until both are there the difference is noise to the U-Net, which the encoder
learns to take away: after the 4,500 steps the contexts of the two words are 0.9 apart at a norm of 9.3, those of AP and PA 11. Batches of 16 at half the rate (1,200 steps), a smaller encoder, and a vocabulary of 1,000 did not change it (sides
0.0 to 0.3%); prompts alone are heard at the full rate, as in the quickstart. One seed each. The two phantom recipes now
train the text encoder at a tenth of the rate: \`phantom-128\` hears sides (8.4%, 4.8 to 13.4, of its loss at -21 dB) and draws them, in prompts and impressions alike; \`phantom-256\` hears them later (5.6%, 3.7 to 7.7, at -21 dB after its 4,500 steps; a sample at step 1,500 had a pacemaker on both
sides, at 3,500 on the one asked for) and draws four of five as asked. In 32 images of it, unsorted, all have lungs, heart, diaphragm, ribs and vessels, and tubes and wires are sharp lines; the four pacemakers, three pneumothoraces and the effusions of prompts are on the side that was asked for; of
nodules, masses and a widened mediastinum nothing is to be seen, a lower lobe pneumonia is missing where an impression names it among other things, and bright areas have a faint lattice, the autoencoder's. It took an hour of the six that it may take; whether more steps mend these is
not tried.

**Real radiographs of 256 pixels.** \`nih-256\` goes on from that model with 975 images of NIH (566 PA, 409 AP), 41 minutes: fresh networks tell 60% of its images right. That flatters it: they learn from 160 images of each kind. In 32 images, unsorted, for texts of patients kept aside, 13 of
14 PA ones have clear lungs, heart and diaphragm; of 18 AP ones 12 have two lungs and a heart, many under a veil and with a diaphragm that fades, and three (two of them of boys of 14, of whom it has seen few) are no chest at all. Of images of several findings little of these is to be seen. At 64 pixels (\`npm run quickstart -- --data nih\`, 1,562 images, 6 minutes, seed 1)
68% are told right (real ones of others 55%); of 32 images each, unsorted, 29 of PA texts have clear lungs, heart and diaphragm, and about 16 of AP texts: the others are veiled, have one lung, or none. AP images are the fewer ones, are taken of patients who lie, and vary more.
**The real ones set the mark:** of 32 real AP radiographs drawn at random from the set and looked at in the same way at 64 pixels, 18 to 21 pass (of the others four have a lung that is white, four a veil, one is shown inverted, one is cut off at the edge), of 32 real PA ones 28 to 31. One pair of eyes, which knew what it
saw. What is made of PA texts stands up to that; what is made of AP texts is two to five in thirty-two short of it.

**Noise that ends in noise alone and masked padding do not help at 64 pixels,** where the window is short and latents are small: the quickstart with both (seed 1) is told from real in 74% (75% without), has an AUROC of .978 (.975) and a FID of .154 (.148). On NIH's images, from that model, 77% are told
right (68% in the run without, above); by eye 15 of 32 AP images pass, veiled as before, and 28 of 32 PA ones. One seed each. The quickstart stays as it is.
`;
}
