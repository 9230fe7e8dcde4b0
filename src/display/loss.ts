import { logAxis, plotText } from './charts';
import { type Figure, figure } from './figure';
import { live } from './live';
import { palette } from './palette';

/** One loss over steps. */
export interface LossCurve {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A drawn curve holds at most this many points: longer ones are averaged in equal bins. */
const mostPoints = 600;

/**
 * Loss curves: what was measured as a thin line, its running mean as a bold one where there are enough points to need it.
 *
 * @param curves  losses by step; those that never fall to zero are drawn on a logarithmic axis
 */
export function lossPlot(curves: readonly LossCurve[], options: { readonly title?: string; readonly xTitle?: string } = {}): Figure {
  const data = curves.flatMap(({ name, x, y }, i) => {
    const line = { color: palette[i % palette.length] };
    const thin = binned(x, y);
    const window = Math.max(1, Math.round(thin.y.length / 25));
    const trace = { type: 'scatter', x: thin.x };
    if (window === 1) return [{ ...trace, mode: 'lines+markers', name, y: thin.y, line }];
    const faint = {
      ...trace,
      mode: 'lines',
      name,
      y: thin.y,
      line: { ...line, width: 1 },
      opacity: 0.35,
      hoverinfo: 'skip',
      showlegend: false,
    };
    return [
      faint,
      { ...trace, mode: 'lines', name: `${name} (running mean)`, y: runningMean(thin.y, window), line: { ...line, width: 2.5 } },
    ];
  });
  const positive = curves.every(({ y }) => Array.from(y).every((value) => !(value <= 0)));
  const title = options.title ?? 'Loss';
  return figure({
    data,
    layout: {
      title: { text: plotText(title) },
      margin: { l: 76, r: 24, t: 76, b: 56 },
      showlegend: true,
      xaxis: { title: { text: plotText(options.xTitle ?? 'step') } },
      yaxis: { title: { text: 'loss' }, ...(positive ? logAxis(curves.flatMap(({ y }) => Array.from(y))) : {}) },
    },
  });
}

/** Loss curves that grow in place while a model trains. */
export interface LiveLoss {
  /** Adds one step's losses; a name that was not seen before starts a curve. */
  push(step: number, losses: Readonly<Record<string, number>>): void;
  /** The final plot, with its PNG. */
  end(): void;
}

/**
 * A loss plot that is redrawn in place at most a few times a second; in a terminal it is silent until its end.
 *
 * @example
 * const losses = liveLoss({ title: 'VAE' });
 * for (…) losses.push(step, { train: loss });
 * losses.end();
 */
export function liveLoss(options: { readonly title?: string; readonly xTitle?: string } = {}): LiveLoss {
  const curves = new Map<string, { x: number[]; y: number[] }>();
  const place = live<Figure>();
  const draw = (): Figure =>
    lossPlot(
      Array.from(curves, ([name, { x, y }]) => ({ name, x, y })),
      options,
    );
  return {
    push: (step, losses) => {
      for (const [name, value] of Object.entries(losses)) {
        let curve = curves.get(name);
        if (!curve) {
          curve = { x: [], y: [] };
          curves.set(name, curve);
        }
        curve.x.push(step);
        curve.y.push(value);
      }
      place.update(draw);
    },
    end: () => place.end(),
  };
}

/** The curve, or its means in equal bins where it is longer than a plot can show. Non-finite values stay gaps. */
function binned(x: ArrayLike<number>, y: ArrayLike<number>): { x: number[]; y: number[] } {
  const bins = Math.min(mostPoints, y.length);
  const edges = Array.from({ length: bins + 1 }, (_, i) => Math.round((i * y.length) / bins));
  const mean = (values: ArrayLike<number>, i: number): number => {
    let sum = 0;
    for (let k = edges[i]!; k < edges[i + 1]!; k++) sum += values[k]!;
    return sum / (edges[i + 1]! - edges[i]!);
  };
  const indices = Array.from({ length: bins }, (_, i) => i);
  return { x: indices.map((i) => mean(x, i)), y: indices.map((i) => mean(y, i)) };
}

/** Mean of the `window` values around each place, fewer at the ends; non-finite ones are skipped. */
function runningMean(values: readonly number[], window: number): number[] {
  const half = Math.floor(window / 2);
  return values.map((_, i) => {
    const near = values.slice(Math.max(0, i - half), i + half + 1).filter(Number.isFinite);
    return near.reduce((sum, value) => sum + value, 0) / near.length;
  });
}
