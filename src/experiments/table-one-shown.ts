/** Table 1 in cells: as printed, as one row for each figure, as a plot. */

import { type ArqueroTable, type Displayable, dotFigure, type Figure, type TableColumns, table, toTable } from '../display';
import { type TableOnePart, tableOneLabels, tableOneRows } from './table-one';

/** One figure of the table. */
export interface TableOneRow {
  /** The part's name. */
  readonly source: string;
  readonly kind: 'count' | 'view' | 'length' | 'label';
  /** What is counted or measured, as the table calls it. */
  readonly name: string;
  /** The count; the mean of a length. */
  readonly value: number;
  /** Of a length. */
  readonly std: number | undefined;
  /** Of views, labels and texts that are cut: the fraction of the images. */
  readonly fraction: number | undefined;
}

/**
 * One row for each figure of the table, as an arquero table to filter, group and derive from. What a part does not know has no row.
 *
 * @example (await tableOne(parts)).filter((row) => row.kind === 'label').groupby('name').pivot('source', 'fraction')
 */
export async function tableOne(parts: readonly TableOnePart[]): Promise<ArqueroTable> {
  return toTable(parts.flatMap(rowsOf));
}

function rowsOf({ name: source, images, patients, views = {}, characters, tokens, cut, labels }: TableOnePart): TableOneRow[] {
  const none = { std: undefined, fraction: undefined };
  const counts = Object.entries({ Images: images, Patients: patients, 'Texts cut': cut });
  const part = (kind: 'view' | 'label', values: Readonly<Record<string, number>>): TableOneRow[] =>
    Object.entries(values).map(([name, value]) => ({ source, kind, name, value, std: undefined, fraction: value / images }));
  return [
    ...counts.flatMap(([name, value]): TableOneRow[] => {
      if (value === undefined) return [];
      return [{ source, kind: 'count', name, value, ...none, ...(name === 'Texts cut' && { fraction: value / images }) }];
    }),
    ...Object.entries({ Characters: characters, Tokens: tokens }).map(
      ([name, { mean, std }]): TableOneRow => ({ source, kind: 'length', name, value: mean, std, fraction: undefined }),
    ),
    ...part('view', views),
    ...part('label', labels),
  ];
}

/** The table as the paper prints it, a column for each part. */
export function tableOneAsPrinted(parts: readonly TableOnePart[], title: string = ''): Displayable {
  const [head, ...rows] = tableOneRows(parts);
  const columns: TableColumns = Object.fromEntries(head!.map((name, i) => [name, rows.map((row) => row[i])]));
  return table(columns, { title, figures: head!.slice(1) });
}

/** Of how many of each part's images the 14 labels are said. A label that a part does not have is no dot. */
export function tableOneFigure(parts: readonly TableOnePart[], title: string = 'How frequent each label is'): Figure {
  return dotFigure({
    title,
    xTitle: 'fraction of images',
    yTitle: '',
    categories: tableOneLabels,
    series: parts.map(({ name, images, labels }) => ({
      name,
      values: tableOneLabels.map((label) => (labels[label] ?? Number.NaN) / images),
    })),
  });
}
