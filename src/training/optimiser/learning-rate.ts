/** Learning rates over the steps of a run, as diffusers' `get_scheduler` has them. */

export interface LearningRate {
  /** Largest rate. */
  readonly peak: number;
  readonly schedule: 'constant' | 'linear' | 'cosine';
  /** Steps of linear rise from 0. */
  readonly warmup: number;
  /** What is left of the peak at the last step, 0 to 1; for `linear` and `cosine`. */
  readonly floor: number;
  /** Largest rates of groups of parameters, by the beginning of their paths: `{ "textEncoder": 1e-5 }`; the same schedule, and `peak` for all others. */
  readonly peaks?: Readonly<Record<string, number>>;
}

/** Whose rate a parameter has: the longest of the groups' paths that its own begins with, or '' for `peak`. */
export function learningRateGroup({ peaks = {} }: LearningRate, path: string): string {
  const groups = Object.keys(peaks).filter((group) => path === group || path.startsWith(`${group}.`));
  return groups.sort((a, b) => b.length - a.length)[0] ?? '';
}

/** The rates of step `t` by group. */
export function learningRatesAt(rate: LearningRate, t: number, steps: number): Record<string, number> {
  const groups = Object.entries({ '': rate.peak, ...rate.peaks });
  return Object.fromEntries(groups.map(([group, peak]) => [group, learningRateAt({ ...rate, peak }, t, steps)]));
}

/** The rate of step `t`, counted from 0, of `steps`. */
export function learningRateAt({ peak, schedule, warmup, floor }: LearningRate, t: number, steps: number): number {
  if (t < warmup) return (peak * t) / Math.max(1, warmup);
  const done = (t - warmup) / Math.max(1, steps - warmup);
  const share =
    schedule === 'constant' ? 1 : schedule === 'linear' ? Math.max(0, 1 - done) : 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));
  return peak * (floor + (1 - floor) * share);
}
