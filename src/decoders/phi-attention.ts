/** Where the tokens of Phi look: for looking at, since the pass itself keeps no weights of attention. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { attentionWeights } from '../engine/internal';
import { linearLayer } from '../nn';
import { layerNormLayer, repeatHeads } from '../nn/internal';
import type { DecoderInputs } from './pass';
import { completePhiConfig, type PhiConfig, type PhiParams, phi } from './phi';
import { rotate, rotation } from './rotary';

/**
 * How much each token attends to each one before it and to itself, by layer and head.
 *
 * @param inputs a whole sequence, without keys of passes before
 * @returns      a tensor for each layer, [B, heads, L, L], rows of which sum up to 1; the caller disposes them
 */
export function phiAttention(config: PhiConfig, params: PhiParams, inputs: Omit<DecoderInputs, 'kept' | 'places'>): tf.Tensor4D[] {
  const c = completePhiConfig(config);
  const times = c.num_attention_heads / c.num_key_value_heads;
  return scope(() => {
    const { hiddenStates, kept } = phi(config, params, inputs);
    const angles = rotation(inputs.positions, c.turning, c.rope_theta);
    return params.model.layers.map(({ input_layernorm, self_attn }, i) => {
      const n = layerNormLayer(input_layernorm, hiddenStates[i]!, c.layer_norm_eps); // the last layer's own norm is not among these
      const q = rotate(linearLayer(self_attn.q_proj, n), c.head_dim, angles);
      return attentionWeights(q, repeatHeads(kept[i]!.k, c.head_dim, times), { heads: c.num_attention_heads, mask: inputs.scores });
    });
  });
}
