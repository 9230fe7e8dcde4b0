/** Reports by how their tokens are drawn: temperature, and of which share of probability. */

import { type Displayable, figure } from '../../display';
import { chosenRows } from '../../files/internal';
import type { AskedModel, Radiographs } from '../../systems';
import type { Draws, Estimate } from '../estimate';
import type { ResultTable } from '../result';
import { estimateOf, type SummedMeasure } from '../summed';
import { inHundredths } from '../text-measures';
import { COVERAGE, DEFINITE, reportMeasures, TRUTH } from './measures';
import { type ReportsOptions, reportsOf } from './reports';

/** Temperatures and shares of probability that reports are written at. */
const PLANE = { temperature: [0, 0.2, 0.5, 0.8, 1, 1.5], top_p: [0.5, 0.8, 1] } as const;

export interface SamplingPlane {
  readonly table: ResultTable;
  readonly figure: Displayable;
  /** F1 against the labels, by temperature, at the largest share. */
  readonly measures: ReadonlyMap<number, SummedMeasure>;
}

/** @param count of the images, the first ones */
export async function samplingPlane(
  model: AskedModel,
  images: Radiographs,
  count: number,
  { draws, ...options }: ReportsOptions & { readonly draws: Draws },
): Promise<SamplingPlane> {
  const n = Math.min(count, images.records.length);
  const few: Radiographs = {
    ...images,
    records: images.records.slice(0, n),
    pixels: chosenRows(
      images.pixels,
      Array.from({ length: n }, (_, i) => i),
    ),
  };
  const rows: ResultTable['rows'][number][] = [];
  const measures = new Map<number, SummedMeasure>();
  const values: number[][] = [];
  for (const top_p of PLANE.top_p) {
    const line: number[] = [];
    for (const temperature of PLANE.temperature) {
      const what = `reports at temperature ${temperature} and top-p ${top_p}`;
      const reports = await reportsOf(options, model, what, 'naming', few, { temperature, top_p });
      const own = reportMeasures(reports, few.records);
      const named = (name: string): SummedMeasure => own.find((measure) => measure.name === name)!;
      const estimate = (name: string): Estimate => estimateOf(named(name), draws);
      if (top_p === PLANE.top_p.at(-1)) measures.set(temperature, named(TRUTH));
      line.push(estimate(TRUTH).value);
      rows.push({
        temperature,
        'top-p': top_p,
        ...Object.fromEntries([DEFINITE, COVERAGE, TRUTH].map((name) => [name, inHundredths(estimate(name))])),
      });
    }
    values.push(line);
  }
  return {
    table: {
      name: 'cxr-llava-sampling',
      title: `${n} reports at each temperature and top-p, hundredths`,
      intervals: `95% bootstrap over images, ${draws.draws} draws`,
      rows,
    },
    figure: heatMap(values),
    measures,
  };
}

const heatMap = (values: readonly (readonly number[])[]): Displayable =>
  figure({
    data: [
      {
        type: 'heatmap',
        x: PLANE.temperature.map(String),
        y: PLANE.top_p.map(String),
        z: values,
        texttemplate: '%{z:.2f}',
        colorscale: 'Blues',
        reversescale: true,
        showscale: false,
      },
    ],
    layout: {
      title: { text: `${TRUTH}, by how tokens are drawn` },
      width: 620,
      height: 320,
      margin: { l: 70, r: 30, t: 60, b: 60 },
      xaxis: { type: 'category', title: { text: 'temperature' }, showgrid: false },
      yaxis: { type: 'category', title: { text: 'top-p' }, showgrid: false },
    },
  });
