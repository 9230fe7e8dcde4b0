/** RoentGen's Table 2 and Figure 5: how near images are to real ones, and how much those of one prompt differ. */

import { barFigure, imageGrid } from '../../display';
import { foldIn } from '../../engine';
import { readRange } from '../../files/internal';
import type { Features } from '../../metrics';
import type { Bench } from '../bench';
import { captionOf } from '../captions';
import { bootstrapMean, type Estimate } from '../estimate';
import { featuresOf } from '../features';
import { generatedImages, type ImageSet, realImages } from '../image-set';
import { paperTable, readPaperTable } from '../paper';
import type { Cell, EvaluationResult, ResultFigure } from '../result';
import { chosenRows } from '../rows';
import { msSsimDefinition, PER_PROMPT, type SeveralOfAPrompt, severalOfAll } from '../several-of-a-prompt';
import { featureSpaces } from '../spaces/all';
import { DISTANCE_DEFINITIONS, type DistanceOptions, type Distances, distancesOf, NEIGHBOURS } from './distances';

export interface FidelityRow extends Distances {
  /** A model's name, or that of the real images that it is read against. */
  readonly images: string;
  readonly space: string;
  /** All images, or those whose texts name a finding. */
  readonly finding?: string;
  readonly count: number;
}

export interface FidelityResult extends EvaluationResult {
  readonly rows: readonly FidelityRow[];
  readonly msSsim: readonly { readonly images: string; readonly mean: Estimate; readonly deviation: number }[];
}

export interface FidelityOptions {
  /** Also for each finding alone, where enough images of both sets have it. */
  readonly perFinding?: boolean;
}

/** Below so many images of a finding a distance says more about chance than about images. */
const LEAST_OF_A_FINDING = 24;
/** Prompts of the figure. */
const SHOWN = 6;

/**
 * Measures all models, and real images of the training part as what a perfect model would come near.
 *
 * @throws RangeError where there are too few prompts for neighbours among their images
 */
export async function evaluateFidelity(bench: Bench, { perFinding = false }: FidelityOptions = {}): Promise<FidelityResult> {
  if (bench.records.length <= NEIGHBOURS)
    throw new RangeError(
      `fidelity: ${bench.records.length} prompts are too few: precision and recall go by an image's neighbour ${NEIGHBOURS}; give ${NEIGHBOURS + 1} at least, better hundreds`,
    );
  const draws = bench.quick ? 20 : 100;
  const reference = await realImages(bench, 'test');
  const sets: ImageSet[] = [];
  for (const model of bench.models) sets.push(await generatedImages(bench, model));
  sets.push(await realImages(bench, 'train'));
  const spaces = await featureSpaces(bench);
  const notes: string[] = [];
  const rare = new Set<string>();
  const rows: FidelityRow[] = [];
  try {
    for (const [p, space] of spaces.entries()) {
      if (reference.pixels.length <= space.width)
        notes.push(
          `${reference.pixels.length} images are not more than the ${space.width} features of ${space.name} are wide: its FID is dominated by their number; read it against the row of real images.`,
        );
      const real = await featuresOf(bench, space, reference);
      for (const [s, set] of sets.entries()) {
        const features = await featuresOf(bench, space, set);
        const key = foldIn(foldIn(bench.key, p), s);
        const row = async (a: Features, b: Features, own: DistanceOptions): Promise<FidelityRow> => ({
          images: set.name,
          space: space.name,
          count: b.rows,
          ...(await distancesOf(a, b, { ...own, ...(bench.signal && { signal: bench.signal }) })),
        });
        rows.push(await row(real, features, { key, draws }));
        for (const [f, finding] of (perFinding ? bench.test.findings : []).entries()) {
          const [a, b] = [having(reference, finding), having(set, finding)];
          if (Math.min(a.length, b.length) < LEAST_OF_A_FINDING) rare.add(finding);
          else {
            const own = { key: foldIn(key, 1000 + f), draws: Math.min(20, draws) };
            rows.push({ finding, ...(await row(chosenRows(real, a), chosenRows(features, b), own)) });
          }
        }
        bench.progress(`distances in ${space.name}`, s + 1, sets.length);
      }
    }
  } finally {
    for (const space of spaces) space.dispose();
  }
  if (perFinding && bench.test.findings.length === 0)
    notes.push('The data have no labels: there is nothing to be measured for each finding.');
  if (rare.size > 0)
    notes.push(`Fewer than ${LEAST_OF_A_FINDING} images of a set have ${[...rare].join(', ')}: no distances of their own there.`);
  const several = await severalOfAll(bench, notes);
  const msSsim = several.map(({ model, byPrompt, byPair }, i) => ({
    images: model.name,
    mean: bootstrapMean(byPrompt, { key: foldIn(bench.key, 900 + i) }),
    deviation: deviationOf(byPair),
  }));
  const intervals = `95%: of FID 1.96 standard deviations of ${draws} bootstrap draws of both sets${perFinding ? ' (20 for a finding alone)' : ''}, of KID and density percentiles of 1000, of shares Wilson's`;
  const shown = (row: FidelityRow): Record<string, Cell> => ({
    images: row.images,
    ...(perFinding && { finding: row.finding ?? 'all' }),
    space: row.space,
    count: row.count,
    FID: row.fid,
    KID: row.kid,
    precision: row.precision,
    recall: row.recall,
    density: row.density,
    coverage: row.coverage,
  });
  return {
    evaluation: 'fidelity',
    title: 'Fidelity and diversity',
    paper: 'Table 2, Figure 5',
    rows,
    msSsim,
    tables: [
      { name: 'fidelity', title: 'Distance to real images of patients who were not trained on', rows: rows.map(shown), intervals },
      {
        name: 'ms-ssim',
        title: `How alike ${PER_PROMPT} images of a prompt are`,
        rows: msSsim.map(({ images, mean, deviation }) => ({ images, 'MS-SSIM': mean, 'deviation over pairs': deviation })),
        intervals: '95%, bootstrap over prompts, 1000 draws',
      },
      paperTable(2, readPaperTable<Record<string, Cell>>(2).rows),
    ],
    figures: [...distanceFigures(rows), ...(several.length > 0 ? [await promptFigure(bench, several)] : [])],
    definitions: {
      ...DISTANCE_DEFINITIONS,
      ...(several[0] && { 'MS-SSIM': msSsimDefinition(several[0].scales) }),
      ...Object.fromEntries(spaces.map(({ name, definition }) => [name, definition])),
    },
    notes,
  };
}

const having = ({ records }: ImageSet, finding: string): number[] => records.flatMap(({ labels }, i) => (labels[finding] === 1 ? [i] : []));

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
}

/** FID and coverage, which have other units, in a figure each; spaces are of different scales, so that each has its own bars. */
function distanceFigures(rows: readonly FidelityRow[]): ResultFigure[] {
  const all = rows.filter(({ finding }) => finding === undefined);
  const spaces = [...new Set(all.map(({ space }) => space))];
  const names = [...new Set(all.map(({ images }) => images))];
  return spaces.map((space) => {
    const of = all.filter((row) => row.space === space);
    const values = names.map((name) => of.find(({ images }) => images === name)!.fid);
    return {
      name: `fid-${space}`,
      caption: `FID in the space ${space}; a perfect model would be near the bar of real images of the training part.`,
      figure: barFigure({
        title: `Distance to real images, ${space}`,
        categories: names,
        series: [
          {
            name: 'FID',
            values: values.map(({ value }) => value),
            low: values.map(({ low }) => low),
            high: values.map(({ high }) => high),
          },
        ],
        xTitle: 'FID',
        yTitle: 'images',
        horizontal: true,
        interval: '95%, bootstrap over images',
      }),
    };
  });
}

async function promptFigure(bench: Bench, several: readonly SeveralOfAPrompt[]): Promise<ResultFigure> {
  const prompts = Math.min(SHOWN, several[0]!.byPrompt.length);
  const area = bench.size ** 2;
  const cells: { pixels: Float32Array; label: string; caption: string }[] = [];
  for (const { model, images, byPrompt } of several)
    for (let p = 0; p < prompts; p++) {
      const pixels = await readRange(images.pixels, p * PER_PROMPT, (p + 1) * PER_PROMPT);
      for (let i = 0; i < PER_PROMPT; i++)
        cells.push({
          pixels: pixels.slice(i * area, (i + 1) * area),
          label: i === 0 ? `${model.name}, MS-SSIM ${byPrompt[p]!.toFixed(2)}` : '',
          caption: i === 0 ? captionOf(bench, images.records[p * PER_PROMPT]!, p) : '',
        });
    }
  return {
    name: 'images-of-a-prompt',
    caption: `${PER_PROMPT} images of each of ${prompts} prompts, one prompt a row: how much they differ. Synthetic, not for diagnosis.`,
    figure: imageGrid(
      cells.map(({ pixels }) => pixels),
      cells.map(({ caption }) => caption),
      { columns: PER_PROMPT, labels: cells.map(({ label }) => label), synthetic: true },
    ),
  };
}
