/**
 * LLaVA (Liu et al. 2023, arXiv:2304.08485; 1.5: arXiv:2310.03744), as transformers' LlavaForConditionalGeneration has it: CLIP's states of an image's
 * patches, through two layers, stand among the tokens of a language model.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type LlamaConfig, type LlamaParams, llama } from '../decoders';
import { llamaShapes } from '../decoders/internal';
import { type ClipVisionConfig, type ClipVisionParams, clipVision } from '../encoders';
import { clipVisionShapes } from '../encoders/internal';
import { embedding, scope } from '../engine';
import { checkSettings, is, optional, type ShapeOf } from '../files/internal';
import { type LinearParams, linearLayer } from '../nn';
import { type ActivationName, activationNames, activations } from '../nn/internal';
import { BRIDGE_NOTES } from './notes';

/** LlavaConfig. */
export interface LlavaConfig {
  model_type?: 'llava';
  text_config: LlamaConfig;
  vision_config: ClipVisionConfig;
  /** The token in whose places an image's states stand. Default 32000. */
  image_token_index?: number;
  projector_hidden_act?: ActivationName;
  /** Which of the tower's hidden states, from the end. Default -2. */
  vision_feature_layer?: number;
  /** All states, or all but the class token's. Default "default", the latter. */
  vision_feature_select_strategy?: 'default' | 'full';
}

export type ProjectorParams = { linear_1: LinearParams; linear_2: LinearParams };

export type LlavaParams = {
  /** CLIP's, its `vision_model`. */
  vision_tower: ClipVisionParams['vision_model'];
  multi_modal_projector: ProjectorParams;
  language_model: LlamaParams;
};

const SETTINGS: ShapeOf<LlavaConfig> = {
  model_type: optional<'llava'>(is.oneOf('llava')),
  text_config: is.object,
  vision_config: is.object,
  image_token_index: optional(is.whole(0)),
  projector_hidden_act: optional<ActivationName>(is.oneOf(...activationNames)),
  vision_feature_layer: optional(is.whole(-1000, -1)),
  vision_feature_select_strategy: optional<'default' | 'full'>(is.oneOf('default', 'full')),
} as ShapeOf<LlavaConfig>;

const PUBLISHED = {
  ...BRIDGE_NOTES,
  image_seq_length: is.anything,
  multimodal_projector_bias: is.oneOf(true),
  tie_word_embeddings: is.oneOf(false),
  ignore_index: is.oneOf(-100),
};

/** @throws RangeError naming the key and its value where the config asks for another network */
export function checkLlavaConfig(config: LlavaConfig): void {
  checkSettings('llava', config, SETTINGS, PUBLISHED);
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function llavaShapes(config: LlavaConfig): Record<string, number[]> {
  checkLlavaConfig(config);
  const [seen, width] = [config.vision_config.hidden_size ?? 768, config.text_config.hidden_size ?? 4096];
  const tower = Object.entries(clipVisionShapes(config.vision_config)).map(([key, shape]) => [
    key.replace(/^vision_model\./, 'vision_tower.'),
    shape,
  ]);
  const language = Object.entries(llamaShapes(config.text_config)).map(([key, shape]) => [`language_model.${key}`, shape]);
  return {
    ...Object.fromEntries(tower),
    'multi_modal_projector.linear_1.weight': [seen, width],
    'multi_modal_projector.linear_1.bias': [width],
    'multi_modal_projector.linear_2.weight': [width, width],
    'multi_modal_projector.linear_2.bias': [width],
    ...Object.fromEntries(language),
  };
}

/** From a file's key to the tree's: published folders have the tower's `vision_model`, new versions of transformers put all but the head below `model`. */
export const llavaKey = (key: string): string =>
  key
    .replace(/^lm_head\./, 'language_model.lm_head.')
    .replace(/^model\.language_model\./, 'language_model.model.')
    .replace(/^model\.(vision_tower|multi_modal_projector)\./, '$1.')
    .replace(/^vision_tower\.vision_model\./, 'vision_tower.');

/**
 * What the tower says of images: a state for each patch.
 *
 * @param pixels [B, image_size, image_size, num_channels], normalised as CLIP's processor does
 * @returns      [B, patches, C]; the caller disposes it
 */
export function llavaImageFeatures(config: LlavaConfig, params: LlavaParams, pixels: tf.Tensor4D): tf.Tensor3D {
  const { vision_feature_layer: layer = -2, vision_feature_select_strategy: strategy = 'default' } = config;
  return scope(() => {
    const { hiddenStates } = clipVision(config.vision_config, { vision_model: params.vision_tower }, pixels);
    const states = hiddenStates.at(layer);
    if (!states) throw new RangeError(`llava: vision_feature_layer is ${layer}, and the tower has ${hiddenStates.length} hidden states`);
    return tf.clone(strategy === 'full' ? states : (tf.slice(states, [0, 1, 0]) as tf.Tensor3D));
  });
}

/**
 * An image's states as the language model's tokens: linear, activation, linear.
 *
 * @param features [B, N, C]
 * @returns        [B, N, width]; the caller disposes it
 */
export function project({ linear_1, linear_2 }: ProjectorParams, features: tf.Tensor3D, activation: ActivationName = 'gelu'): tf.Tensor3D {
  return scope(() => linearLayer(linear_2, activations[activation](linearLayer(linear_1, features))));
}

/**
 * Tokens with images among them: the places of the image token, row after row, get the images' states in their order.
 *
 * @param ids        int32 [B, L]; each row has as many image tokens as its images have states
 * @param embeddings of the ids, [B, L, C]
 * @param states     of all images, [images, N, C]
 * @returns          [B, L, C]; the caller disposes it
 */
export function spliceImages(ids: tf.Tensor2D, embeddings: tf.Tensor3D, states: tf.Tensor3D, imageToken: number): tf.Tensor3D {
  const [rows, length] = ids.shape;
  const [images, each, channels] = states.shape;
  return scope(() => {
    const isImage = tf.cast(tf.equal(tf.reshape(ids, [rows * length]), tf.scalar(imageToken, 'int32')), 'float32');
    const before = tf.sub(tf.cumsum(isImage, 0), 1); // exact in float32
    const place = tf.cast(tf.clipByValue(before, 0, images * each - 1), 'int32');
    const placed = tf.reshape(embedding(place, tf.reshape(states, [images * each, channels]) as tf.Tensor2D), [rows, length, channels]);
    const there = tf.reshape(isImage, [rows, length, 1]);
    return tf.add(tf.mul(placed, there), tf.mul(embeddings, tf.sub(1, there))) as tf.Tensor3D;
  });
}

export interface LlavaInputs {
  /** int32 [B, L]. */
  readonly ids: tf.Tensor2D;
  /** int32 [B, L]. */
  readonly positions: tf.Tensor2D;
  /** Added to the scores of self-attention, [B, 1, L, L]: 0 where a token may be attended to. */
  readonly scores: tf.Tensor4D;
  /** [images, image_size, image_size, num_channels]. */
  readonly pixels: tf.Tensor4D;
}

/** Results; the caller disposes them all. */
export type LlavaOutput = {
  /** [images, patches, C]. */
  features: tf.Tensor3D;
  /** [images, patches, width]. */
  projected: tf.Tensor3D;
  /** What the language model sees, [B, L, width]. */
  embeddings: tf.Tensor3D;
  /** [B, L, vocabulary]. */
  logits: tf.Tensor3D;
};

/**
 * A pass over texts and their images.
 *
 * @throws TypeError where a shape is wrong, RangeError where the config asks for another network
 */
export function llava(config: LlavaConfig, params: LlavaParams, { ids, positions, scores, pixels }: LlavaInputs): LlavaOutput {
  const { image_token_index: imageToken = 32000, projector_hidden_act: activation } = config;
  return scope(() => {
    const features = llavaImageFeatures(config, params, pixels);
    const projected = project(params.multi_modal_projector, features, activation);
    const words = embedding(ids, params.language_model.model.embed_tokens.weight, config.text_config.pad_token_id) as tf.Tensor3D;
    const embeddings = spliceImages(ids, words, projected, imageToken);
    const { logits } = llama(config.text_config, params.language_model, { ids, positions, scores, embeddings });
    return { features, projected, embeddings, logits };
  });
}
