/** Stable Diffusion's U-Net (Rombach et al. 2022, arXiv:2112.10752): noisy latents, time and text to the predicted noise. */

import * as tf from '@tensorflow/tfjs-core';
import { embedding, scope } from '../engine';
import { expectShape, silu } from '../engine/internal';
import { convLayer, groupNormLayer } from '../nn';
import { timestepEmbedding, timestepMlp } from '../nn/internal';
import { type AttentionObserver, type BlockContext, downBlock, midBlock, upBlock } from './blocks';
import { type CompleteUNetConfig, completeUNetConfig, type UNetConfig } from './config';
import { type ContextKeys, contextKeys } from './context';
import type { UNetParams } from './parameters';

export interface UNetOptions {
  /** Rows of the class table, int32 [B]; required if the config has `num_class_embeds`. For published models: no pipeline here gives them. */
  readonly classLabels?: tf.Tensor1D;
  /**
   * 1 where a token of the context may be attended to, 0 where not, [B, L]; between, its weight is multiplied by that before weights are brought to a sum
   * of 1. Required if the config has `mask_padding`.
   */
  readonly contextMask?: tf.Tensor2D;
  /** For training in little memory: inner results of the blocks are recomputed in the backward pass (`checkpoint`); gradients are the same. */
  readonly checkpointing?: boolean;
  /**
   * Sees the outputs of `time_embedding` [B, T], `conv_in`, `down_blocks.0` …, `mid_block`, `up_blocks.0` … and `conv_norm_out`
   * [B, h, w, C] as they are computed. It borrows them: they are freed when the network returns.
   */
  readonly onBlock?: (name: string, output: tf.Tensor) => void;
  /** Sees the cross-attention's weights; without it they are never put into memory. */
  readonly onAttention?: AttentionObserver;
}

/** As in diffusers: large enough that softmax makes it zero beside any real score. */
const MASKED_SCORE = -10000;

/** What is added to the scores, [B, 1, 1, L]: exponentials of scores are weights, so a factor of a weight is a logarithm here. */
const scoresOf = (mask: tf.Tensor2D): tf.Tensor =>
  tf.maximum(tf.log(tf.reshape(tf.cast(mask, 'float32'), [mask.shape[0], 1, 1, -1])), MASKED_SCORE);

/** SiLU of the embedded time (and class), [B, T]. */
function embedTime(
  config: CompleteUNetConfig,
  params: UNetParams,
  timesteps: tf.Tensor1D,
  { classLabels, onBlock }: UNetOptions,
): tf.Tensor2D {
  return scope(() => {
    const waves = timestepEmbedding(timesteps, config.block_out_channels[0]!, {
      cosFirst: config.flip_sin_to_cos,
      frequencyShift: config.freq_shift,
    });
    let time = timestepMlp(params.time_embedding, waves);
    onBlock?.('time_embedding', time);
    if (params.class_embedding) time = tf.add(time, embedding(classLabels!, params.class_embedding.weight));
    return silu(time);
  });
}

function checkInputs(
  config: CompleteUNetConfig,
  latents: tf.Tensor,
  timesteps: tf.Tensor,
  context: tf.Tensor | ContextKeys,
  options: UNetOptions,
): void {
  const { classLabels, contextMask } = options;
  const { B } = expectShape('unet: latents', latents, `B H W ${config.in_channels}`);
  expectShape('unet: timesteps', timesteps, `${B}`);
  const { L } =
    context instanceof tf.Tensor
      ? expectShape('unet: context', context, `${B} L ${config.cross_attention_dim}`)
      : expectShape('unet: keys of the context', context.mid_block.attentions![0]![0]!.k, `${B} L C`);
  if (contextMask) expectShape('unet: contextMask', contextMask, `${B} ${L}`);
  if (config.mask_padding && !contextMask)
    throw new TypeError("unet: the config says mask_padding: expected contextMask, the texts' mask, beside the context");
  const classes = config.num_class_embeds;
  if (classes === null && classLabels) throw new TypeError('unet: classLabels were given, but the config has no num_class_embeds');
  if (classes !== null && !classLabels)
    throw new TypeError(`unet: the config has ${classes} classes (num_class_embeds): expected classLabels`);
  if (classLabels) expectShape('unet: classLabels', classLabels, `${B}`);
}

/**
 * The network's prediction (of the noise, or of what the scheduler's `prediction_type` says).
 *
 * @param config    the JSON of the model folder
 * @param latents   noisy latents, [B, H, W, in_channels], any size; concatenated with other conditions where the config has more channels
 * @param timesteps [B], fractions allowed
 * @param context   encoded text, [B, L, cross_attention_dim], or the `contextKeys` of it
 * @returns         [B, H, W, out_channels]; the caller disposes it
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function unet(
  config: UNetConfig,
  params: UNetParams,
  latents: tf.Tensor4D,
  timesteps: tf.Tensor1D,
  context: tf.Tensor3D | ContextKeys,
  options: UNetOptions = {},
): tf.Tensor4D {
  const c = completeUNetConfig(config);
  checkInputs(c, latents, timesteps, context, options);
  const { contextMask, onBlock, onAttention, checkpointing = false } = options;

  return scope(() => {
    const shared: BlockContext = {
      groups: c.norm_num_groups,
      eps: c.norm_eps,
      time: embedTime(c, params, timesteps, options),
      checkpointing,
      contextMask: contextMask && scoresOf(contextMask),
      onAttention,
    };

    const keys = context instanceof tf.Tensor ? contextKeys(params, context) : context;
    let h = convLayer(params.conv_in, latents, { padding: 1 });
    onBlock?.('conv_in', h);
    const skips = [h];
    params.down_blocks.forEach((block, level) => {
      skips.push(...downBlock(block, c.attention_head_dim[level]!, h, keys.down_blocks[level]!, shared, `down_blocks.${level}`));
      h = skips[skips.length - 1]!;
      onBlock?.(`down_blocks.${level}`, h);
    });

    const lowest = params.down_blocks.length - 1;
    h = midBlock(params.mid_block, c.attention_head_dim[lowest]!, h, keys.mid_block, shared);
    onBlock?.('mid_block', h);

    params.up_blocks.forEach((block, i) => {
      const blockSkips = skips.splice(-block.resnets.length).reverse();
      const [, height, width] = skips.at(-1)?.shape ?? h.shape;
      const text = keys.up_blocks[i]!;
      const next = upBlock(block, c.attention_head_dim[lowest - i]!, h, text, blockSkips, [height, width], shared, `up_blocks.${i}`);
      tf.dispose([h, ...blockSkips]);
      h = next;
      onBlock?.(`up_blocks.${i}`, h);
    });

    const norm = { groups: c.norm_num_groups, eps: c.norm_eps };
    if (onBlock) scope(() => onBlock('conv_norm_out', groupNormLayer(params.conv_norm_out, h, norm)));
    return convLayer(params.conv_out, groupNormLayer(params.conv_norm_out, h, { ...norm, silu: true }), { padding: 1 });
  });
}
