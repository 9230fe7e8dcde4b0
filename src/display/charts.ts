import { type Figure, figure } from './figure';
import { textWidth } from './font';
import { palette } from './palette';

/** One line of a line figure. Low and high, where given, are an interval around y that is drawn as a band. */
export interface LineSeries {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
  /** Of CSS, and Plotly's name of a dash, in place of the house's next ones: where what lines have in common is to be seen. */
  readonly colour?: string;
  readonly dash?: 'solid' | 'dash' | 'dot' | 'dashdot';
}

/** What all our charts say about themselves; an axis title carries the unit. */
export interface ChartOptions {
  readonly title?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** What error bars and bands are, such as "95% bootstrap interval of 200 images"; needed where there are any. */
  readonly interval?: string;
}

/**
 * Lines over a common axis.
 *
 * @throws TypeError where there are bands and `interval` does not say what they are; RangeError where lengths differ
 * @example lineFigure({ series: [{ name: 'train', x: steps, y: losses }], xTitle: 'step', yTitle: 'loss', logY: true })
 */
export function lineFigure(options: ChartOptions & { readonly series: readonly LineSeries[]; readonly logY?: boolean }): Figure {
  const { series, logY = false } = options;
  for (const line of series) checkLengths('lineFigure', line.name, line.x.length, line);
  const data = series.flatMap((line, i) => {
    const color = line.colour ?? palette[i % palette.length]!;
    const mode = line.x.length <= 30 ? 'lines+markers' : 'lines';
    const dash = line.dash ?? ['solid', 'dash', 'dot'][Math.floor(i / palette.length) % 3]; // more lines than colours stay apart
    const main = { type: 'scatter', mode, name: line.name, x: Array.from(line.x), y: Array.from(line.y), line: { color, dash } };
    return line.low && line.high ? [...band(line, color), main] : [main];
  });
  const intervals = series.some((line) => line.low) ? 'Band' : '';
  return figure({
    data,
    layout: chartLayout('lineFigure', options, intervals, {
      yaxis: logY ? logAxis(series.flatMap(({ y }) => Array.from(y))) : {},
    }),
  });
}

function band(line: LineSeries, color: string): object[] {
  const edge = { type: 'scatter', mode: 'lines', x: Array.from(line.x), line: { width: 0, color }, hoverinfo: 'skip', showlegend: false };
  return [
    { ...edge, y: Array.from(line.low!) },
    { ...edge, y: Array.from(line.high!), fill: 'tonexty', fillcolor: `${color}33` },
  ];
}

/** One colour of bars. Low and high, where given, are drawn as error bars. */
export interface BarSeries {
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
  /** Of CSS, in place of the house's next one: where other charts beside this one give those to something else. */
  readonly colour?: string;
}

/** A line that a chart is read against. */
export interface Reference {
  readonly value: number;
  readonly label: string;
}

/** What a bar chart shows: one value, or one for each series, by category. */
export interface BarOptions extends ChartOptions {
  readonly categories: readonly string[];
  readonly series: readonly BarSeries[];
  /** A line that bars are judged against, such as chance. */
  readonly reference?: Reference;
  /** Bars from left to right, for categories with long names; xTitle is then the values' title. */
  readonly horizontal?: boolean;
}

/**
 * Bars by category, from zero.
 *
 * @throws TypeError where there are error bars and `interval` does not say what they are; RangeError where lengths differ
 */
export function barFigure(options: BarOptions): Figure {
  const { categories, series, reference, horizontal = false } = options;
  for (const bars of series) checkLengths('barFigure', bars.name, categories.length, { y: bars.values, low: bars.low, high: bars.high });
  const [category, value] = horizontal ? ['y', 'x'] : ['x', 'y'];
  const data = series.map((bars, i) => ({
    type: 'bar',
    name: bars.name,
    orientation: horizontal ? 'h' : 'v',
    [category!]: categories,
    [value!]: Array.from(bars.values),
    marker: { color: bars.colour ?? palette[i % palette.length] },
    ...(bars.low && bars.high && { [`error_${value}`]: errorBars(bars) }),
  }));
  const height = horizontal ? Math.max(300, 150 + categories.length * (12 + 16 * series.length)) : 420;
  const layout = chartLayout('barFigure', options, series.some((bars) => bars.low) ? 'Error bars' : '', {
    height,
    barmode: 'group',
    showlegend: series.length > 1,
    // The first category on top, as one reads; nothing to zoom along categories.
    [`${category}axis`]: { type: 'category', showgrid: false, ...(horizontal && { autorange: 'reversed' }) },
    [`${value}axis`]: { rangemode: 'tozero' },
    ...(reference && referenceLine(reference, horizontal)),
  });
  return figure({ data, layout });
}

/**
 * A dot for each value, a line for each category: for many categories with long names and a few series, where bars would be a wall.
 *
 * @throws RangeError where lengths differ
 */
export function dotFigure(
  options: Omit<ChartOptions, 'interval'> & {
    readonly categories: readonly string[];
    readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  },
): Figure {
  const { categories, series } = options;
  const shapes = ['circle', 'diamond', 'square', 'triangle-up', 'x', 'star'];
  const data = series.map(({ name, values }, i) => {
    checkLengths('dotFigure', name, categories.length, { y: values });
    const marker = { color: palette[i % palette.length], symbol: shapes[(i + Math.floor(i / palette.length)) % shapes.length], size: 9 };
    return { type: 'scatter', mode: 'markers', name, x: Array.from(values), y: categories, marker };
  });
  const layout = chartLayout('dotFigure', options, '', {
    height: 130 + 26 * categories.length,
    showlegend: series.length > 1,
    yaxis: { type: 'category', categoryarray: categories, autorange: 'reversed' },
    xaxis: { rangemode: 'tozero' },
  });
  return figure({ data, layout });
}

function errorBars(bars: BarSeries): object {
  const y = Array.from(bars.values);
  const array = y.map((value, i) => bars.high![i]! - value);
  const arrayminus = y.map((value, i) => value - bars.low![i]!);
  return { type: 'data', symmetric: false, array, arrayminus, thickness: 1.5, width: 4, color: '#767676' };
}

function referenceLine({ value, label }: Reference, horizontal: boolean): object {
  const along = horizontal ? { x0: value, x1: value, y0: 0, y1: 1, yref: 'paper' } : { y0: value, y1: value, x0: 0, x1: 1, xref: 'paper' };
  const at = horizontal
    ? { x: value, y: 1, yref: 'paper', yanchor: 'bottom', xanchor: 'center' }
    : { x: 1, xref: 'paper', xshift: 4, y: value, xanchor: 'left', yanchor: 'middle' };
  return {
    // Beside the plot, where no bar covers it.
    margin: horizontal ? {} : { r: Math.ceil(24 + textWidth(label, 12)) },
    shapes: [{ type: 'line', ...along, line: { dash: 'dash', width: 1.5, color: '#767676' } }],
    annotations: [{ ...at, text: plotText(label), showarrow: false, font: { size: 12 } }],
  };
}

/**
 * Counts of values in bins that all series share. The bundle holds the counts, not the values.
 *
 * @param options.bins       how many bins at most; by default the square root of the largest series' length, 10 to 60. Of whole numbers each bin holds equally many
 * @param options.reference  a line at one value, such as a limit
 * @throws RangeError where no series holds a finite value
 */
export function histogram(
  options: Omit<ChartOptions, 'yTitle' | 'interval'> & {
    readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
    readonly bins?: number;
    readonly reference?: Reference;
  },
): Figure {
  const series = options.series.map(({ name, values }) => ({ name, values: Array.from(values).filter(Number.isFinite) }));
  const bounds = series.reduce(([low, high], { values }) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [low, high]), [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);
  const [low, high] = bounds[0] < bounds[1] ? bounds : [bounds[0] - 0.5, bounds[1] + 0.5];
  if (!Number.isFinite(low)) throw new RangeError('histogram: expected at least one finite value, got none');
  const largest = Math.max(...series.map(({ values }) => values.length));
  const most = options.bins ?? Math.min(60, Math.max(10, Math.round(Math.sqrt(largest))));
  const whole = series.every(({ values }) => values.every(Number.isInteger));
  const width = whole ? Math.ceil((high - low + 1) / most) : (high - low) / most;
  const start = whole ? low - 0.5 : low;
  const bins = whole ? Math.ceil((high - low + 1) / width) : most;
  const centres = Array.from({ length: bins }, (_, i) => start + (i + 0.5) * width);
  const data = series.map(({ name, values }, i) => {
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) counts[Math.min(bins - 1, Math.floor((value - start) / width))]! += 1;
    const marker = { color: palette[i % palette.length], opacity: series.length > 1 ? 0.6 : 1 };
    return { type: 'bar', name, x: centres, y: counts, width, marker };
  });
  const yTitle = series.length > 1 ? 'count' : `count of ${largest}`;
  const layout = chartLayout('histogram', { ...options, yTitle }, '', {
    barmode: 'overlay',
    showlegend: series.length > 1,
    ...(options.reference && referenceLine(options.reference, true)),
  });
  return figure({ data, layout });
}

/** A logarithmic axis for these values, whose labels are written out and leave each other room. */
export function logAxis(values: readonly number[]): Readonly<Record<string, unknown>> {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const ratio = positive.reduce((a, b) => Math.max(a, b), 0) / positive.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  // Up to two decades: 1, 2, 5; within a third of one every digit; above that Plotly's own choice.
  return { type: 'log', exponentformat: 'none', minorloglabels: 'complete', ...(ratio > 3 && ratio < 300 && { dtick: 'D2' }) };
}

/** Text that Plotly shows as it is: it reads a subset of HTML in titles and labels. */
export function plotText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

type Parts = Readonly<Record<string, unknown>>;

function chartLayout(where: string, options: ChartOptions, intervals: string, extra: Parts): Parts {
  if (intervals && !options.interval) throw new TypeError(`${where}: low and high need \`interval\`, which says what they are`);
  const subtitle = options.interval && intervals ? { subtitle: { text: `${intervals}: ${plotText(options.interval)}` } } : {};
  return {
    ...extra,
    ...((options.title || intervals) && { title: { text: plotText(options.title ?? ''), ...subtitle } }),
    // From the top: title, what intervals are, the legend above the plot.
    margin: { l: 76, r: 24, t: 44 + (options.title ? 26 : 0) + (intervals ? 24 : 0), b: 56, ...(extra.margin as object | undefined) },
    xaxis: { ...(extra.xaxis as object | undefined), title: { text: plotText(options.xTitle) } },
    yaxis: { ...(extra.yaxis as object | undefined), title: { text: plotText(options.yTitle) } },
  };
}

interface Lengths {
  readonly y: ArrayLike<number>;
  readonly low?: ArrayLike<number>;
  readonly high?: ArrayLike<number>;
}

function checkLengths(where: string, name: string, expected: number, { y, low, high }: Lengths): void {
  for (const [what, values] of Object.entries({ y, low, high })) {
    if (values && values.length !== expected) {
      throw new RangeError(`${where}: ${what} of ${JSON.stringify(name)}: expected ${expected} values, got ${values.length}`);
    }
  }
  if (!low !== !high) throw new RangeError(`${where}: ${JSON.stringify(name)}: expected both low and high, got one of them`);
}
