/** Where the tokens of Llama and Mistral look: for looking at, since the pass itself keeps no weights of attention. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { attentionWeights } from '../engine/internal';
import { linearLayer } from '../nn';
import { repeatHeads, rmsNormLayer } from '../nn/internal';
import { completeLlamaConfig, type LlamaConfig, type LlamaParams, llama } from './llama';
import type { DecoderInputs } from './pass';
import { rotate, rotation } from './rotary';

/**
 * How much each token attends to each one before it and to itself, by layer and head.
 *
 * @param inputs a whole sequence, without keys of passes before
 * @returns      a tensor for each layer, [B, heads, L, L], rows of which sum up to 1; the caller disposes them
 */
export function llamaAttention(config: LlamaConfig, params: LlamaParams, inputs: Omit<DecoderInputs, 'kept' | 'places'>): tf.Tensor4D[] {
  const c = completeLlamaConfig(config);
  const times = c.num_attention_heads / c.num_key_value_heads;
  return scope(() => {
    const { hiddenStates, kept } = llama(config, params, inputs);
    const angles = rotation(inputs.positions, c.head_dim, c.rope_theta);
    return params.model.layers.map(({ input_layernorm, self_attn }, i) => {
      const n = rmsNormLayer(input_layernorm, hiddenStates[i]!, c.rms_norm_eps); // the last layer's own norm is not among these
      const q = rotate(linearLayer(self_attn.q_proj, n), c.head_dim, angles);
      return attentionWeights(q, repeatHeads(kept[i]!.k, c.head_dim, times), { heads: c.num_attention_heads, mask: inputs.scores });
    });
  });
}
