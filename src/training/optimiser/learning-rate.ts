/** Learning rates over the steps of a run, as diffusers' `get_scheduler` has them, and triangles (Smith 2017, arXiv:1506.01186). */

export interface LearningRate {
  /** Largest rate. */
  readonly peak: number;
  readonly schedule: 'constant' | 'linear' | 'cosine' | 'cyclic';
  /** Steps of linear rise from 0. */
  readonly warmup: number;
  /** What is left of the peak at the last step, 0 to 1; for `linear` and `cosine`. For `cyclic`, at the lowest points. */
  readonly floor: number;
  /** Steps from one lowest point to the next, for `cyclic`; by default one triangle over the whole run. */
  readonly period?: number;
  /** Largest rates of groups of parameters, by the beginning of their paths: `{ "textEncoder": 1e-5 }`; the same schedule, and `peak` for all others. */
  readonly peaks?: Readonly<Record<string, number>>;
}

/** Whose rate a parameter has: the longest of the groups' paths that its own begins with, or '' for `peak`. */
export function learningRateGroup({ peaks = {} }: LearningRate, path: string): string {
  const groups = Object.keys(peaks).filter((group) => path === group || path.startsWith(`${group}.`));
  return groups.sort((a, b) => b.length - a.length)[0] ?? '';
}

/** @throws RangeError where a group has no parameter of these paths: its rate would be nobody's */
export function expectGroups({ peaks = {} }: LearningRate, paths: readonly string[]): void {
  for (const group of Object.keys(peaks))
    if (!paths.some((path) => path === group || path.startsWith(`${group}.`)))
      throw new RangeError(
        `learning_rate.peaks: ${group}: no parameter's path begins with it; they begin with ${firstParts(paths).join(', ')}`,
      );
}

const firstParts = (paths: readonly string[]): string[] => [...new Set(paths.map((path) => path.split('.')[0]!))];

/** The rates of step `t` by group. */
export function learningRatesAt(rate: LearningRate, t: number, steps: number): Record<string, number> {
  const groups = Object.entries({ '': rate.peak, ...rate.peaks });
  return Object.fromEntries(groups.map(([group, peak]) => [group, learningRateAt({ ...rate, peak }, t, steps)]));
}

/** The rate of step `t`, counted from 0, of `steps`. */
export function learningRateAt({ peak, schedule, warmup, floor, period }: LearningRate, t: number, steps: number): number {
  if (t < warmup) return (peak * t) / Math.max(1, warmup);
  const done = (t - warmup) / Math.max(1, steps - warmup);
  const shares = {
    constant: () => 1,
    linear: () => Math.max(0, 1 - done),
    cosine: () => 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done))),
    cyclic: () => 1 - Math.abs(1 - 2 * (((t - warmup) / (period ?? Math.max(1, steps - warmup))) % 1)),
  };
  return peak * (floor + (1 - floor) * shares[schedule]());
}
