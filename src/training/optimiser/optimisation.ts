/** How parameters are updated: what a recipe says of its optimiser. */

import type { AdamWOptions } from './adamw';
import type { LearningRate } from './learning-rate';

export interface Optimisation extends AdamWOptions {
  /** Updates of the parameters. */
  readonly steps: number;
  /** Images that go through the networks at once. */
  readonly batchSize: number;
  /** Batches whose gradients are averaged for one update; 1 where left out. */
  readonly accumulation?: number;
  readonly learningRate: LearningRate;
  /** Largest global norm of the gradient. */
  readonly clipNorm: number;
  /** Decay of the moving average of the parameters; without it there is none. */
  readonly emaDecay?: number;
}

/** @throws RangeError naming the first value that no optimiser can work with */
export function checkOptimisation(o: Optimisation, where: string): void {
  const fail = (name: string, expected: string, got: unknown): never => {
    throw new RangeError(`${where}: ${name}: expected ${expected}, got ${JSON.stringify(got)}`);
  };
  const whole = (name: string, value: unknown, least: number): void => {
    if (!Number.isSafeInteger(value) || (value as number) < least) fail(name, `a whole number from ${least}`, value);
  };
  const number = (name: string, value: unknown, low: number, high: number): void => {
    if (typeof value !== 'number' || !(value >= low && value <= high)) fail(name, `a number from ${low} to ${high}`, value);
  };
  whole('steps', o.steps, 1);
  whole('batchSize', o.batchSize, 1);
  whole('accumulation', o.accumulation ?? 1, 1);
  number('learningRate.peak', o.learningRate?.peak, 0, 3e38);
  for (const [path, peak] of Object.entries(o.learningRate.peaks ?? {})) number(`learningRate.peaks.${path}`, peak, 0, 3e38);
  if (!['constant', 'linear', 'cosine'].includes(o.learningRate.schedule))
    fail('learningRate.schedule', 'constant, linear or cosine', o.learningRate.schedule);
  whole('learningRate.warmup', o.learningRate.warmup, 0);
  number('learningRate.floor', o.learningRate.floor, 0, 1);
  number('betas[0]', o.betas[0], 0, 1 - 1e-7);
  number('betas[1]', o.betas[1], 0, 1 - 1e-7);
  number('epsilon', o.epsilon, 1e-30, 1);
  number('weightDecay', o.weightDecay, 0, 3e38);
  number('clipNorm', o.clipNorm, 1e-30, 3e38);
  if (o.emaDecay !== undefined) number('emaDecay', o.emaDecay, 0, 1);
}
