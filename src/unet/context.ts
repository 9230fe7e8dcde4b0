/** What the U-Net takes of the text: keys and values of every cross-attention, the same for all latents and timesteps. */

import type * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';
import { expectShape } from '../engine/internal';
import type { KeysAndValues } from '../nn';
import { contextKeys2d } from '../nn/internal';
import type { UNetParams } from './parameters';

/** One entry for each transformer of the block, and in it one for each transformer block; none where the block does not attend. */
export type BlockKeys = { attentions?: KeysAndValues[][] };

/** Keys and values of a context, by the names of the parameters that they were made with. */
export type ContextKeys = { down_blocks: BlockKeys[]; mid_block: BlockKeys; up_blocks: BlockKeys[] };

/**
 * Keys and values of a context, for `unet` in the context's place: where many calls see one context, as all steps of sampling do, they need computing
 * only once.
 *
 * @param context encoded text, [B, L, cross_attention_dim]
 * @returns       the caller's
 * @throws TypeError where the context is not as wide as the network's parameters ask for
 */
export function contextKeys(params: UNetParams, context: tf.Tensor3D): ContextKeys {
  const [first] = params.mid_block.attentions[0].transformer_blocks;
  expectShape('unet: context', context, `B L ${first!.attn2.to_k.weight.shape[0]}`);
  const keys = ({ attentions }: Pick<UNetParams['down_blocks'][number], 'attentions'>): BlockKeys =>
    attentions ? { attentions: attentions.map((transformer) => contextKeys2d(transformer, context)) } : {};
  return scope(() => ({
    down_blocks: params.down_blocks.map(keys),
    mid_block: keys(params.mid_block),
    up_blocks: params.up_blocks.map(keys),
  }));
}
