/** What the training loop tells of each step, to its callers and to its checkpoints. */

/** One step as logged. */
export interface StepLog {
  /** Counted from 1. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Of groups of parameters with rates of their own. */
  readonly learningRates?: Readonly<Record<string, number>>;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Further results of the loss, by name. */
  readonly aux: Readonly<Record<string, number>>;
}

/** The loss's mean over the last tenth of the steps. */
export function tailLoss(log: readonly StepLog[]): number {
  return tailMean(log, ({ loss }) => loss);
}

/** The mean of any figure over the last tenth of the steps; NaN for a log that is empty. */
export function tailMean<L extends StepLog>(log: readonly L[], figure: (step: L) => number): number {
  const tail = log.slice(-Math.ceil(log.length / 10));
  return tail.reduce((sum, step) => sum + figure(step), 0) / tail.length;
}
