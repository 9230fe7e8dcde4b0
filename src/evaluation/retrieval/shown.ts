/** The tables and figures of a retrieval. */

import { barFigure } from '../../display';
import type { Estimate } from '../estimate';
import type { Cell, ResultFigure, ResultTable } from '../result';
import { inHundredths } from '../text-measures';
import type { RetrievalScores } from './scores';

/** Of images or of texts. */
export interface ShownSearch {
  readonly name: 'image-image' | 'image-text';
  readonly title: string;
  readonly rows: readonly RetrievalScores[];
  readonly cuts: readonly number[];
  readonly intervals: string;
}

const percent = (estimate: Estimate | null): Cell => (estimate === null ? null : inHundredths(estimate));

/** Precision and recall by set of images, and the first precision by finding. */
export function searchTables({ name, title, rows, cuts, intervals }: ShownSearch): ResultTable[] {
  const [first] = cuts;
  return [
    {
      name: `retrieval-${name}`,
      title: `${title}, hundredths`,
      intervals,
      rows: rows.map(({ images, queries, precision, recall }) => ({
        images,
        queries,
        ...Object.fromEntries(cuts.map((cut, i) => [`Precision@${cut}`, percent(precision[i]!)])),
        ...Object.fromEntries(cuts.map((cut, i) => [`Recall@${cut}`, percent(recall[i]!)])),
      })),
    },
    {
      name: `retrieval-${name}-by-finding`,
      title: `${title}: Precision@${first} by finding, hundredths`,
      intervals,
      rows: rows.map(({ images, byFinding }) => ({
        images,
        ...Object.fromEntries(byFinding.map(({ label, queries, precision }) => [`${label} (${queries})`, percent(precision)])),
      })),
    },
  ];
}

/** Bars of precision by K with their intervals; chance is a series of its own, since it may differ by K. */
export function searchFigure({ name, title, rows, cuts, intervals }: ShownSearch): ResultFigure {
  const known = cuts.flatMap((cut, i) => (rows.every(({ precision }) => precision[i]) ? [{ cut, i }] : []));
  const chance = rows.find(({ kind }) => kind === 'chance')!.precision[known[0]?.i ?? 0];
  return {
    name: `retrieval-${name}`,
    caption: `${title}: share of the first K that show the finding of the query. The line is a search by lot.`,
    figure: barFigure({
      title,
      categories: known.map(({ cut }) => `K = ${cut}`),
      series: rows
        .filter(({ kind }) => kind !== 'chance')
        .map(({ images, precision }) => ({
          name: images,
          values: known.map(({ i }) => 100 * precision[i]!.value),
          low: known.map(({ i }) => 100 * precision[i]!.low),
          high: known.map(({ i }) => 100 * precision[i]!.high),
        })),
      xTitle: 'candidates looked at',
      yTitle: 'Precision@K, hundredths',
      interval: intervals,
      ...(chance && { reference: { value: 100 * chance.value, label: 'chance' } }),
    }),
  };
}
