/** Tables and figures of the instruments. */

import { imageGrid, type LineSeries, lineFigure } from '../../display';
import { palette } from '../../display/internal';
import { legendBeside } from '../legend-beside';
import type { Cell, ResultFigure, ResultTable } from '../result';
import type { Degradation } from './degradations';
import type { InstrumentModelRow, InstrumentRow } from './rows';

interface Found {
  readonly rows: readonly InstrumentRow[];
  readonly passing: readonly string[];
  readonly models: readonly InstrumentModelRow[];
  readonly halves: number;
  /** Images of a half. */
  readonly size: number;
}

const namesOf = (rows: readonly InstrumentRow[]): string[] => [...new Set(rows.map(({ instrument }) => instrument.name))];

export function instrumentTables({ rows, passing, models, halves, size }: Found): ResultTable[] {
  const intervals = `of features: mean and 1.96 standard deviations over ${halves} random halves by patient, ${size} images each; of the two-sample network: 95% Wilson over images, one division into halves`;
  const summary = namesOf(rows).map((name) => {
    const own = rows.filter(({ instrument }) => instrument.name === name);
    const words = own.map(({ degradation, verdict, seenFrom }): [string, Cell] => [
      degradation.name,
      seenFrom === null ? verdict : `${verdict}, seen from ${seenFrom}`,
    ]);
    return {
      instrument: name,
      passes: passing.includes(name) ? 'passes' : 'does not pass',
      'real halves': own[0]!.values[0]!,
      ...Object.fromEntries(words),
    };
  });
  const values = rows.flatMap(({ instrument, degradation, strengths, values: each, spearman }) =>
    each.map((value, i) => ({
      instrument: instrument.name,
      degradation: degradation.name,
      strength: strengths[i]!,
      value,
      spearman: spearman === null ? null : round(spearman),
    })),
  );
  const signals = namesOf(rows).map((name) => ({
    instrument: name,
    ...Object.fromEntries(
      rows
        .filter(({ instrument }) => instrument.name === name)
        .map(({ degradation, faintest }): [string, Cell] => [degradation.name, round(faintest)]),
    ),
  }));
  return [
    { name: 'verdicts', title: 'Instruments: what each sees', rows: summary, intervals },
    {
      name: 'faintest',
      title: 'Faintest degradation: how far it moves a measure to the worse, in standard deviations between halves of real images',
      rows: signals,
    },
    { name: 'values', title: 'Value at each strength', rows: values, intervals },
    ...(models.length === 0
      ? []
      : [
          {
            name: 'models',
            title: "Models' images against real ones, beside real against real; measures that do not pass are not to be relied on",
            rows: models.map(({ model, instrument, real, value }) => ({
              model,
              instrument: instrument.name,
              passes: passing.includes(instrument.name) ? 'passes' : 'does not pass',
              'real halves': real,
              'model against real': value,
            })),
            intervals,
          },
        ]),
  ];
}

const round = (value: number): number => Number(value.toPrecision(3));

/** Of each degradation. */
const STRENGTHS = 4;

/** Measures that are drawn, each with a dash of its own; all are in the table. */
const DASHES = { FID: 'solid', coverage: 'dash', 'two-sample test': 'dot', 'two-sample network': 'dashdot' } as const;
const dashOf = ({ instrument }: InstrumentRow): LineSeries['dash'] => DASHES[instrument.measure.name as keyof typeof DASHES];

/** How far a value is from that of real halves, in parts of the farthest that the instrument went with any degradation. */
function partsOf(row: InstrumentRow, rows: readonly InstrumentRow[]): { y: number[]; low: number[]; high: number[] } {
  const { worse } = row.instrument.measure;
  const own = rows.filter(({ instrument }) => instrument.name === row.instrument.name);
  const farthest = Math.max(...own.flatMap(({ values }) => values.map(({ value }) => worse * (value - values[0]!.value))));
  const part = (value: number): number => (worse * (value - row.values[0]!.value)) / (farthest || 1);
  const [low, high] = worse === 1 ? (['low', 'high'] as const) : (['high', 'low'] as const);
  return {
    y: row.values.map(({ value }) => part(value)),
    low: row.values.map((value) => part(value[low])),
    high: row.values.map((value) => part(value[high])),
  };
}

export async function instrumentFigures(
  rows: readonly InstrumentRow[],
  degradations: readonly Degradation[],
  degrade: (d: number, strength: number, pixels: Float32Array) => Promise<Float32Array>,
  pixels: Float32Array,
  size: number,
): Promise<ResultFigure[]> {
  const spaces = [...new Set(rows.map(({ instrument }) => instrument.space))];
  const lines = degradations.map(({ name, unit }): ResultFigure => {
    const own = rows.filter((row) => row.degradation.name === name && dashOf(row));
    return {
      name: name.replaceAll(' ', '-'),
      caption: `${name}: how far each measure moves to the worse from what it is between halves of real images, in parts of the farthest that it went with any degradation. A colour for each space, a dash for each measure.`,
      figure: legendBeside(
        lineFigure({
          series: own.map((row) => ({
            name: row.instrument.name,
            x: row.strengths,
            ...partsOf(row, rows),
            colour: palette[spaces.indexOf(row.instrument.space) % palette.length]!,
            dash: dashOf(row)!,
          })),
          title: `What sees ${name}?`,
          xTitle: unit,
          yTitle: 'change, part of the largest',
          interval: '95% over halves of real images, or Wilson of the network',
        }),
      ),
    };
  });
  const area = size * size;
  const columns = 1 + STRENGTHS;
  const pictures: Float32Array[] = [];
  const labels: string[] = [];
  for (const [d, { name, strengths, alters }] of degradations.entries()) {
    if (alters === 'each image')
      for (const strength of [0, ...strengths]) {
        pictures.push(await degrade(d, strength, pixels.subarray(0, area)));
        labels.push(`${name} ${strength}`);
      }
    else {
      const worse = await degrade(d, strengths.at(-1)!, pixels.subarray(0, columns * area));
      for (let i = 0; i * area < worse.length; i++) {
        pictures.push(worse.subarray(i * area, (i + 1) * area));
        labels.push(name);
      }
    }
  }
  const grid = imageGrid(pictures, undefined, { columns, labels, synthetic: true });
  return [
    ...lines,
    {
      name: 'degradations',
      caption: 'Degradations, synthetic, not for diagnosis: one real image at each strength, and bad images that are mixed in.',
      figure: grid,
    },
  ];
}
