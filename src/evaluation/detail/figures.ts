/** Pictures and curves of detail. */

import { barFigure, imageGrid, type LineSeries, lineFigure } from '../../display';
import { palette } from '../../display/internal';
import { readRange } from '../../files/internal';
import type { Bench } from '../bench';
import { legendBeside } from '../legend-beside';
import type { ResultFigure } from '../result';
import type { DetailImages } from './images';
import type { DetailToldRow, PartRow, PowerRow } from './rows';
import { STAGE_NAMES } from './tables';

/** Images of a grid, of each kind. */
const GRID = 32;
/** Side by side, of each kind. */
const COLUMNS = 8;
/** Records of the picture of stages. */
const SHOWN = 8;
/** About so many screen pixels are a picture wide: whole multiples of its own. */
const WIDE = 128;

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const scaleOf = (size: number): number => Math.max(1, Math.floor(WIDE / size));
const nameOf = ({ model, stage }: { readonly model?: string; readonly stage: DetailToldRow['stage'] }): string =>
  model === undefined ? STAGE_NAMES[stage] : `${model}: ${STAGE_NAMES[stage]}`;

/** Power over that of real images, against frequency. */
export function spectrumFigure(rows: readonly PowerRow[]): ResultFigure {
  const models = [...new Set(rows.map(({ model }) => model))];
  const dashes: Partial<Record<DetailToldRow['stage'], NonNullable<LineSeries['dash']>>> = {
    autoencoder: 'dash',
    generated: 'solid',
    diffusion: 'dot',
  };
  const series = rows.map(
    (row): LineSeries => ({
      name: nameOf(row),
      x: row.rings.map((_, i) => i + 1),
      y: row.rings.map(({ value }) => value),
      low: row.rings.map(({ low }) => low),
      high: row.rings.map(({ high }) => high),
      colour:
        row.model === undefined ? '#767676' : palette[models.filter((model) => model !== undefined).indexOf(row.model) % palette.length]!,
      dash: dashes[row.stage] ?? 'solid',
    }),
  );
  const last = rows[0]!.rings.length;
  return {
    name: 'power-spectrum',
    caption:
      'Power by frequency over that of real images, on a logarithmic axis: 1 where nothing is lost, below it where detail is missing (blur), above it where there is too much (grain). Grey: real images of other patients.',
    figure: legendBeside(
      lineFigure({
        series: [...series, { name: 'nothing lost: 1', x: [1, last], y: [1, 1], colour: '#000000', dash: 'dashdot' }],
        title: 'What is left of each frequency',
        xTitle: 'frequency, cycles over the width of the image',
        yTitle: 'power over that of real images',
        logY: true,
        interval: '95%, bootstrap over images',
      }),
    ),
  };
}

export function toldFigure(rows: readonly DetailToldRow[]): ResultFigure {
  return {
    name: 'two-sample',
    caption: 'Share of images that a fresh network tells right, not having seen them: 0.5 is chance. The first bar is real against real.',
    figure: barFigure({
      title: 'Can the stage be told?',
      categories: rows.map(nameOf),
      series: [
        {
          name: 'accuracy',
          values: rows.map(({ accuracy }) => accuracy.value),
          low: rows.map(({ accuracy }) => accuracy.low),
          high: rows.map(({ accuracy }) => accuracy.high),
        },
      ],
      reference: { value: 0.5, label: 'chance' },
      xTitle: 'accuracy',
      yTitle: 'stage',
      horizontal: true,
      interval: '95%, Wilson over images',
    }),
  };
}

/** A figure for each part. */
export function partFigures(rows: readonly PartRow[]): ResultFigure[] {
  return [...new Set(rows.map(({ part }) => part))].map((part) => {
    const own = rows.filter((row) => row.part === part);
    return {
      name: slug(`seen ${part}`),
      caption: `Share of images in which a network sees ${part}, having learnt them from the phantom drawn with and without. Of generated images what counts is what their texts ask for.`,
      figure: barFigure({
        title: `Are ${part} to be seen?`,
        categories: own.map((row) => `${row.stage === 'real' ? 'real' : nameOf(row)}, ${row.images}`),
        series: [
          {
            name: 'seen',
            values: own.map(({ seen }) => seen.value),
            low: own.map(({ seen }) => seen.low),
            high: own.map(({ seen }) => seen.high),
          },
        ],
        xTitle: 'share of images',
        yTitle: 'stage',
        horizontal: true,
        interval: '95%, Wilson over images',
      }),
    };
  });
}

/** The first records, unsorted: what was made of their texts beside the real images; and the same of each view where there are several. */
export async function gridFigures(bench: Bench, { real, models }: DetailImages): Promise<ResultFigure[]> {
  const { records } = bench;
  const views = [...new Set(records.flatMap(({ view }) => view ?? []))].sort();
  const rows = records.map((_, i) => i);
  const groups = [
    { name: 'grid', what: 'first prompts', rows },
    ...(views.length > 1
      ? views.map((view) => ({
          name: `grid-${slug(view)}`,
          what: `first prompts of ${view} views`,
          rows: rows.filter((row) => records[row]!.view === view),
        }))
      : []),
  ];
  const figures: ResultFigure[] = [];
  for (const { name: model, generated } of models)
    for (const { name, what, rows: all } of groups) {
      const chosen = all.slice(0, GRID);
      const area = bench.size ** 2;
      const [made, own] = [await generated.pixels.read(chosen), await real.pixels.read(chosen)];
      const cells: { pixels: Float32Array; label: string }[] = [];
      for (let from = 0; from < chosen.length; from += COLUMNS) {
        const line = chosen.slice(from, from + COLUMNS).map((row, i) => ({ row, at: from + i }));
        for (const [pixels, kind] of [
          [made, 'generated'],
          [own, 'real'],
        ] as const)
          cells.push(...line.map(({ row, at }) => ({ pixels: pixels.subarray(at * area, (at + 1) * area), label: `${kind} ${row + 1}` })));
      }
      figures.push({
        name: models.length === 1 ? name : `${name}-${slug(model)}`,
        caption: `${model}: ${chosen.length} images of the ${what}, seed ${bench.seed}, none left out and unsorted, and beside them in each line the real images of the same texts. Generated ones are synthetic, not for diagnosis.`,
        figure: imageGrid(
          cells.map(({ pixels }) => pixels),
          undefined,
          {
            columns: 2 * Math.min(COLUMNS, chosen.length),
            scale: scaleOf(bench.size),
            labels: cells.map(({ label }) => label),
            synthetic: true,
          },
        ),
      });
    }
  return figures;
}

/** Each record through all stages, a column. */
export async function stagesFigure(bench: Bench, { real, models }: DetailImages): Promise<ResultFigure> {
  const count = Math.min(SHOWN, bench.records.length);
  const area = bench.size ** 2;
  const stages = [
    { labels: ['real'], set: real },
    ...models.flatMap(({ name, autoencoder, generated }) => [
      ...(autoencoder ? [{ labels: ['autoencoder', `of ${name}`], set: autoencoder }] : []),
      { labels: ['generated', `by ${name}`], set: generated },
    ]),
  ];
  const cells: { pixels: Float32Array; label: string }[] = [];
  for (const { labels, set } of stages) {
    const pixels = await readRange(set.pixels, 0, count);
    for (let i = 0; i < count; i++) cells.push({ pixels: pixels.subarray(i * area, (i + 1) * area), label: labels[i] ?? '' });
  }
  return {
    name: 'stages',
    caption: `The first ${count} records, one a column: the real image, the same through the autoencoder, and what is made of its text. Pixels are as they are, not smoothed. Generated ones are synthetic, not for diagnosis.`,
    figure: imageGrid(
      cells.map(({ pixels }) => pixels),
      undefined,
      { columns: count, scale: scaleOf(bench.size), labels: cells.map(({ label }) => label), synthetic: true },
    ),
  };
}
