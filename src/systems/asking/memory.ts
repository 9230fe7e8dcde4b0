/** What a training on answers needs of memory. */

import type { LlamaConfig } from '../../decoders';
import type { MemoryEstimate } from '../../experiments';
import { estimateStepMemory } from '../../experiments/internal';
import type { Optimisation } from '../../training';

/** Values that a forward pass leaves for the way back, for each token: of a layer's width, of what is inside it; of each logit. */
const LAYER = { width: 14, inner: 4 };
const LOGIT = 5;

export interface AnswersToEstimate {
  /** Of all parameters by their keys. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly trains: (path: string) => boolean;
  readonly language: Omit<LlamaConfig, 'model_type'>;
  /** Tokens of a row, images included. */
  readonly length: number;
}

/** Before it starts: parameters, moments, gradients, and what a batch leaves for the way back. */
export function estimateAnswersMemory({ shapes, trains, language, length }: AnswersToEstimate, optimisation: Optimisation): MemoryEstimate {
  const sizeOf = (keep: (path: string) => boolean): number =>
    Object.entries(shapes).reduce((sum, [path, shape]) => sum + (keep(path) ? shape.reduce((a, b) => a * b, 1) : 0), 0);
  const {
    hidden_size: width = 4096,
    intermediate_size: inner = 11008,
    num_hidden_layers: layers = 32,
    num_attention_heads: heads = 32,
    vocab_size = 32000,
  } = language;
  const activations = length * (layers * (LAYER.width * width + LAYER.inner * inner + 2 * heads * length) + LOGIT * vocab_size);
  return estimateStepMemory({ parameters: sizeOf(() => true), trained: sizeOf(trains), activations }, optimisation);
}
