// The plot of how cost grows along an axis.

import { figure } from 'roentgen-lab/display';
import { figureSvg } from '#display/plotly/render';

export const SIDES = [
  { key: 'ours', label: 'ours', colour: '#0072B2', symbol: 'circle' },
  { key: 'pytorch', label: 'PyTorch', colour: '#D55E00', symbol: 'square' },
];
export const MEASURES = [
  { key: 'ms', label: 'milliseconds of a call' },
  { key: 'MiB', label: 'memory beside the bare process, MiB' },
];

/**
 * Two panels, time and memory, both axes logarithmic: points, and the power law through them.
 *
 * @param points one for each value: by side, by measure
 * @param laws   by side, by measure (power-law.mjs)
 * @returns an SVG
 */
export function growthSvg({ heading, work, title, values }, points, laws) {
  const data = MEASURES.flatMap(({ key: measure }, panel) =>
    SIDES.flatMap(({ key, label, colour, symbol }) => {
      const { exponent, interval, factor } = laws[key][measure];
      const place = { x: values, xaxis: panel === 0 ? 'x' : 'x2', yaxis: panel === 0 ? 'y' : 'y2', legend: panel === 0 ? 'legend' : 'legend2', type: 'scatter' };
      return [
        { ...place, mode: 'markers', y: points.map((point) => point[key][measure]), marker: { color: colour, symbol, size: 9 }, showlegend: false },
        { ...place, mode: 'lines', y: values.map((x) => factor * x ** exponent), line: { color: colour, width: 1.5 }, name: `${label}: exponent ${exponent.toFixed(2)} ± ${interval.toFixed(2)}` },
      ];
    }),
  );
  const ticks = { type: 'log', tickvals: values, ticktext: values.map(String), title: { text: title } };
  const marks = [-1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((digit) => digit * 10 ** power));
  const logY = (measure) => ({ type: 'log', tickvals: marks, ticktext: marks.map((mark) => String(Number(mark.toPrecision(1)))), title: { text: MEASURES[measure].label } });
  const legend = { orientation: 'v', yanchor: 'bottom', y: 1.02, xanchor: 'left' };
  const { spec } = figure({
    data,
    layout: {
      width: 960,
      height: 440,
      title: { text: heading, subtitle: { text: `${work}. Exponents of the power laws that fit best, with their 95 % intervals` } },
      margin: { l: 76, r: 24, t: 124, b: 56 },
      xaxis: { ...ticks, domain: [0, 0.44] },
      xaxis2: { ...ticks, domain: [0.56, 1] },
      yaxis: logY(0),
      yaxis2: { ...logY(1), anchor: 'x2' },
      legend: { ...legend, x: 0 },
      legend2: { ...legend, x: 0.56 },
    },
  });
  return figureSvg(spec, spec.layout.width, spec.layout.height);
}
