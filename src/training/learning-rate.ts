/** Learning rates over the steps of a run, as diffusers' `get_scheduler` has them. */

export interface LearningRate {
  /** Largest rate. */
  readonly peak: number;
  readonly schedule: 'constant' | 'linear' | 'cosine';
  /** Steps of linear rise from 0. */
  readonly warmup: number;
  /** What is left of the peak at the last step, 0 to 1; for `linear` and `cosine`. */
  readonly floor: number;
}

/** The rate of step `t`, counted from 0, of `steps`. */
export function learningRateAt({ peak, schedule, warmup, floor }: LearningRate, t: number, steps: number): number {
  if (t < warmup) return (peak * t) / Math.max(1, warmup);
  const done = (t - warmup) / Math.max(1, steps - warmup);
  const share =
    schedule === 'constant' ? 1 : schedule === 'linear' ? Math.max(0, 1 - done) : 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));
  return peak * (floor + (1 - floor) * share);
}
