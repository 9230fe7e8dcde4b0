/** Figures of the classification: AUROC by label, the reliability diagram, and a sample of each finding from each set. */

import type { ImageRecord } from '../../datasets';
import { barFigure, imageGrid, lineFigure } from '../../display';
import { type ImageSet, REAL_TRAINING } from '../image-set';
import type { ResultFigure } from '../result';
import type { ClassifiedImages } from './measure';

/** As many findings as a page shows. */
const MOST_ROWS = 14;
/** Findings are beside each other while there are no more columns. */
const MOST_COLUMNS = 6;

export async function classificationFigures(
  classified: readonly ClassifiedImages[],
  sets: readonly ImageSet[],
  labels: readonly string[],
  draws: number,
): Promise<ResultFigure[]> {
  const samples = await samplesFigure(sets, labels);
  return [aurocFigure(classified, draws), reliabilityFigure(classified), ...(samples ? [samples] : [])];
}

function aurocFigure(classified: readonly ClassifiedImages[], draws: number): ResultFigure {
  const labels = classified[0]!.labels.map(({ label }) => label);
  const of = (pick: 'value' | 'low' | 'high') => (set: ClassifiedImages) =>
    [...set.labels.map(({ auroc }) => auroc), set.all.auroc].map((auroc) => auroc?.[pick] ?? Number.NaN);
  return {
    name: 'auroc',
    caption: 'AUROC of the classifier by finding; real images are what it can do at best, 0.5 is chance.',
    figure: barFigure({
      title: 'Findings that a classifier sees',
      categories: [...labels, 'mean'],
      series: classified.map((set) => ({ name: set.set, values: of('value')(set), low: of('low')(set), high: of('high')(set) })),
      xTitle: 'finding',
      yTitle: 'AUROC',
      interval: `95% bootstrap over images, ${draws} draws`,
      reference: { value: 0.5, label: 'chance' },
    }),
  };
}

function reliabilityFigure(classified: readonly ClassifiedImages[]): ResultFigure {
  return {
    name: 'reliability',
    caption: 'How often a finding was asked for, against how probable the classifier takes it to be; on the diagonal both agree.',
    figure: lineFigure({
      title: 'Reliability, all findings together',
      series: [
        { name: 'perfect', x: [0, 1], y: [0, 1] },
        ...classified.map(({ set, reliability }) => ({
          name: set,
          x: reliability.map(({ predicted }) => predicted),
          y: reliability.map(({ observed }) => observed.value),
          low: reliability.map(({ observed }) => observed.low),
          high: reliability.map(({ observed }) => observed.high),
        })),
      ],
      xTitle: 'mean probability of a bin',
      yTitle: 'share that has the finding',
      interval: "95%, Wilson's, of a bin's images",
    }),
  };
}

/** Figure 4: for each finding the real and each model's image of one text. undefined where no text has a finding. */
async function samplesFigure(sets: readonly ImageSet[], labels: readonly string[]): Promise<ResultFigure | undefined> {
  const shown = sets.filter(({ name }) => name !== REAL_TRAINING); // of other texts
  const rows = labels.flatMap((label) => {
    const row = clearest(shown[0]!.records, label);
    return row === undefined ? [] : [{ label, row }];
  });
  if (rows.length === 0) return undefined;
  const kept = rows.slice(0, MOST_ROWS);
  const images = await Promise.all(kept.flatMap(({ row }) => shown.map(({ pixels }) => pixels.read([row]))));
  return {
    name: 'samples',
    caption:
      'For each finding, side by side: the real image of a text that has it and, where there are such, no other, and what each model makes of that text.',
    figure: imageGrid(images, undefined, {
      columns: shown.length * Math.max(1, Math.floor(MOST_COLUMNS / shown.length)),
      labels: kept.flatMap(({ label }) => shown.map(({ name }) => `${label}, ${name}`)),
      title: 'What was asked for, finding by finding',
      synthetic: true,
    }),
  };
}

/** The first of the records with a finding that have the fewest others. */
function clearest(records: readonly ImageRecord[], label: string): number | undefined {
  const others = (record: ImageRecord): number => Object.values(record.labels).filter((value) => value === 1).length;
  const having = records.map((_, i) => i).filter((i) => records[i]!.labels[label] === 1);
  return having.reduce<number | undefined>(
    (best, i) => (best === undefined || others(records[i]!) < others(records[best]!) ? i : best),
    undefined,
  );
}
