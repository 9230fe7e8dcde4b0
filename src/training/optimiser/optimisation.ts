/** How parameters are updated: what a recipe says of its optimiser. */

import type { Precision } from '../../engine';
import { precisions } from '../../engine/internal';
import { is, optional, type ShapeOf } from '../../files/internal';
import type { AdamWOptions } from './adamw';
import type { LearningRate } from './learning-rate';

/** With the keys that recipes have. */
export interface Optimisation extends AdamWOptions {
  /** Updates of the parameters. */
  readonly steps: number;
  /** Images that go through the networks at once. */
  readonly batch_size: number;
  /** Batches whose gradients are averaged for one update. Default 1. */
  readonly accumulation?: number;
  readonly learning_rate: LearningRate;
  /** Largest global norm of the gradient. */
  readonly clip_norm: number;
  /** Decay of the moving average of the parameters; without it there is none. */
  readonly ema_decay?: number;
  /** What products of the step are computed in; parameters and moments are float32 either way. Default: what the engine was started with. */
  readonly precision?: Precision;
}

/** Beyond what float32 holds. */
const MOST = 3e38;
const rate = is.number(0, MOST);

export const optimisationShape: ShapeOf<Optimisation> = {
  steps: is.whole(1),
  batch_size: is.whole(1),
  accumulation: optional(is.whole(1)),
  learning_rate: {
    peak: rate,
    peaks: optional(is.record(rate)),
    schedule: is.oneOf('constant', 'linear', 'cosine', 'cyclic'),
    period: optional(is.whole(2)),
    warmup: is.whole(0),
    floor: is.number(0, 1),
  },
  betas: is.list(is.number(0, 1 - 1e-7), 2, 2),
  epsilon: is.number(1e-30, 1),
  weight_decay: is.number(0, MOST),
  clip_norm: is.number(1e-30, MOST),
  ema_decay: optional(is.number(0, 1)),
  precision: optional(is.oneOf(...precisions)),
};
