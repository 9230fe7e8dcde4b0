/** The transformer that both towers of CLIP share (Radford et al. 2021, arXiv:2103.00020): layer norms first, residuals after. */

import * as tf from '@tensorflow/tfjs-core';
import { attention, scope } from '../engine';
import { gelu, quickGelu } from '../engine/internal';
import { type AdaptedLinearParams, type LinearParams, linearLayer, type NormParams, type Spec } from '../nn';
import { layerNormLayer, linearSpec, normSpec } from '../nn/internal';
import type { ClipTowerConfig } from './clip-config';

export type ClipLayerParams = {
  layer_norm1: NormParams;
  self_attn: { q_proj: AdaptedLinearParams; k_proj: AdaptedLinearParams; v_proj: AdaptedLinearParams; out_proj: AdaptedLinearParams };
  layer_norm2: NormParams;
  mlp: { fc1: LinearParams; fc2: LinearParams };
};

/** Layers as transformers starts them: normal, scaled by width and, where a layer writes to the residual stream, by depth. */
export function clipLayerSpecs(config: Required<ClipTowerConfig>): Spec<ClipLayerParams>[] {
  const { hidden_size: width, intermediate_size: inner, num_hidden_layers: depth, initializer_factor: factor } = config;
  const input = { std: width ** -0.5 * (2 * depth) ** -0.5 * factor };
  const output = { std: width ** -0.5 * factor };
  return Array.from({ length: depth }, () => ({
    layer_norm1: normSpec(width),
    self_attn: {
      q_proj: linearSpec(width, width, input),
      k_proj: linearSpec(width, width, input),
      v_proj: linearSpec(width, width, input),
      out_proj: linearSpec(width, width, output),
    },
    layer_norm2: normSpec(width),
    mlp: { fc1: linearSpec(width, inner, { std: (2 * width) ** -0.5 * factor }), fc2: linearSpec(inner, width, input) },
  }));
}

/**
 * @param x    [B, L, C]
 * @param mask added to the attention's scores, broadcastable to [B, heads, L, L]
 */
export function clipLayer(config: Required<ClipTowerConfig>, params: ClipLayerParams, x: tf.Tensor3D, mask?: tf.Tensor): tf.Tensor3D {
  const activation = config.hidden_act === 'gelu' ? gelu : quickGelu;
  return scope(() => {
    const { q_proj, k_proj, v_proj, out_proj } = params.self_attn;
    const n = layerNormLayer(params.layer_norm1, x, config.layer_norm_eps);
    const [q, k, v] = [linearLayer(q_proj, n), linearLayer(k_proj, n), linearLayer(v_proj, n)];
    const mixed = attention(q, k, v, { heads: config.num_attention_heads, mask });
    const h = tf.add(x, linearLayer(out_proj, mixed)) as tf.Tensor3D;
    const hidden = activation(linearLayer(params.mlp.fc1, layerNormLayer(params.layer_norm2, h, config.layer_norm_eps))); // [B, L, inner]
    return tf.add(h, linearLayer(params.mlp.fc2, hidden));
  });
}
