/** What a training of a network needs of memory. */

import { completeBertConfig } from '../../../encoders/internal';
import type { MemoryEstimate } from '../../../experiments';
import { estimateStepMemory } from '../../../experiments/internal';
import type { Optimisation } from '../../../training';
import { type DygieConfig, spansKept } from '../network/config';
import { dygieShapes, spanWidth } from '../network/params';

/** Values that a forward pass leaves for the way back, for each piece and channel of a BERT layer, and for each channel inside it. */
const LAYER = { width: 12, inner: 3 };

/** Before it starts: parameters, moments, gradients, and what a batch's reports leave for the way back. */
export function estimateRadGraphMemory(config: DygieConfig, optimisation: Optimisation): MemoryEstimate {
  const parameters = Object.values(dygieShapes(config)).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const {
    hidden_size: width,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
  } = completeBertConfig(config.bert);
  const { max_pieces: P, max_words: W, max_span_width: M, hidden_dims } = config;
  const [first, second] = hidden_dims;
  const K = spansKept(config, W);
  const bert = layers * (P * (LAYER.width * width + LAYER.inner * inner) + 2 * heads * P * P);
  const spans = 2 * W * M * (3 * first + 2 * second); // entities' and the pruner's
  const pairs = K * K * (2 * spanWidth(config) + 4 * first + 2 * second);
  return estimateStepMemory({ parameters, trained: parameters, activations: bert + spans + pairs }, optimisation);
}
