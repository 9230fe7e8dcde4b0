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
  const tail = log.slice(-Math.ceil(log.length / 10));
  return tail.reduce((sum, { loss }) => sum + loss, 0) / tail.length;
}
