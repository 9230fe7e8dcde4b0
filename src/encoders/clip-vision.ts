/** CLIP's image encoder, a vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929): patches to states and an embedding. */

import * as tf from '@tensorflow/tfjs-core';
import { conv2d, type Key, linear, scope } from '../engine';
import { expectShape } from '../engine/internal';
import type { ConvParams, EmbeddingParams, LinearParams, NormParams, Spec } from '../nn';
import { convSpec, embeddingSpec, initialise, layerNormLayer, linearSpec, normSpec, specShapes } from '../nn/internal';
import { type ClipVisionConfig, type CompleteClipVisionConfig, completeClipVisionConfig } from './clip-config';
import { type ClipLayerParams, clipLayer, clipLayerSpecs } from './clip-layers';

export type ClipVisionParams = {
  vision_model: {
    embeddings: { class_embedding: tf.Tensor1D; patch_embedding: ConvParams; position_embedding: EmbeddingParams };
    /** The published name, with its misspelling. */
    pre_layrnorm: NormParams;
    encoder: { layers: ClipLayerParams[] };
    post_layernorm: NormParams;
  };
  /** In CLIPVisionModelWithProjection, and in both towers' model. */
  visual_projection?: LinearParams;
};

/** Results of the encoder; the caller disposes them all. */
export type ClipVisionOutput = {
  /** [0] the embeddings after their norm, [i] the output of layer i, [B, 1 + patches, C] each. */
  hiddenStates: tf.Tensor3D[];
  /** The last layer's states, class token first, [B, 1 + patches, C]. */
  lastHiddenState: tf.Tensor3D;
  /** The class token's state after the last norm, [B, C]. */
  pooled: tf.Tensor2D;
  /** Its projection, not yet of length 1, [B, projection_dim]; where there is a projection. */
  imageEmbeds?: tf.Tensor2D;
};

/** The description of the image tower, without projection. */
export function clipVisionTowerSpec(config: CompleteClipVisionConfig): Spec<ClipVisionParams['vision_model']> {
  const { hidden_size, num_channels, image_size, patch_size, initializer_range, initializer_factor: factor } = config;
  const patches = Math.floor(image_size / patch_size) ** 2;
  return {
    embeddings: {
      class_embedding: { shape: [hidden_size], init: { kind: 'normal', std: hidden_size ** -0.5 * factor } },
      patch_embedding: convSpec(num_channels, hidden_size, patch_size, { noBias: true, std: initializer_range * factor }),
      position_embedding: embeddingSpec(patches + 1, hidden_size, initializer_range * factor),
    },
    pre_layrnorm: normSpec(hidden_size),
    encoder: { layers: clipLayerSpecs(config) },
    post_layernorm: normSpec(hidden_size),
  };
}

function clipVisionSpec(config: ClipVisionConfig, { projection }: ClipVisionShapeOptions = {}): Spec<ClipVisionParams> {
  const c = completeClipVisionConfig(config);
  const std = c.hidden_size ** -0.5 * c.initializer_factor;
  return {
    vision_model: clipVisionTowerSpec(c),
    ...(projection ? { visual_projection: linearSpec(c.hidden_size, c.projection_dim, { noBias: true, std }) } : {}),
  };
}

export interface ClipVisionShapeOptions {
  /** With the projection behind the class token's state. Default false. */
  readonly projection?: boolean;
}

/** Random weights, as transformers' CLIP starts. The caller disposes the tree. */
export function initClipVision(config: ClipVisionConfig, key: Key): ClipVisionParams {
  return initialise<ClipVisionParams>(clipVisionSpec(config), key);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function clipVisionShapes(config: ClipVisionConfig, options?: ClipVisionShapeOptions): Record<string, number[]> {
  return specShapes(clipVisionSpec(config, options));
}

/**
 * Encodes images.
 *
 * @param pixels [B, image_size, image_size, num_channels], normalised as CLIP's processor does
 * @throws TypeError where the shape is wrong, RangeError where the config asks for another network
 */
export function clipVision(config: ClipVisionConfig, params: ClipVisionParams, pixels: tf.Tensor4D): ClipVisionOutput {
  const c = completeClipVisionConfig(config);
  const { B } = expectShape('clip vision: pixels', pixels, `B ${c.image_size} ${c.image_size} ${c.num_channels}`) as { B: number };
  return scope(() => {
    const { embeddings, pre_layrnorm, encoder, post_layernorm } = params.vision_model;
    const patches = conv2d(pixels, embeddings.patch_embedding.weight, undefined, { stride: c.patch_size });
    const tokens = tf.reshape(patches, [B, -1, c.hidden_size]); // [B, patches, C], row by row
    const first = tf.tile(tf.reshape(embeddings.class_embedding, [1, 1, c.hidden_size]), [B, 1, 1]);
    const placed = tf.add(tf.concat([first, tokens], 1), embeddings.position_embedding.weight);
    const hiddenStates = [layerNormLayer(pre_layrnorm, placed, c.layer_norm_eps) as tf.Tensor3D];
    for (const layer of encoder.layers) hiddenStates.push(clipLayer(c, layer, hiddenStates.at(-1)!));
    const lastHiddenState = hiddenStates.at(-1)!;
    const classState = tf.reshape(tf.slice(lastHiddenState, [0, 0, 0], [B, 1, c.hidden_size]), [B, c.hidden_size]);
    const pooled = layerNormLayer(post_layernorm, classState, c.layer_norm_eps) as tf.Tensor2D;
    const states = { hiddenStates, lastHiddenState, pooled };
    return params.visual_projection ? { ...states, imageEmbeds: linear(pooled, params.visual_projection.weight) } : states;
  });
}
