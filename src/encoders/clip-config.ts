/** The configs of CLIP's towers, as in their JSON, with transformers' defaults. */

import { completeSettings, type Defaults, is, optional, type PublishedKeys, withoutNulls } from '../files/internal';
import { MOST_LAYERS } from '../nn/internal';
import { NOTES } from './config-notes';

/** Activation of the feed-forward layers: x · sigmoid(1.702 x), or the exact GELU. */
export type ClipActivation = 'quick_gelu' | 'gelu';

/** What both towers have. */
export interface ClipTowerConfig {
  hidden_size?: number;
  intermediate_size?: number;
  num_hidden_layers?: number;
  num_attention_heads?: number;
  /** Default "quick_gelu"; Stable Diffusion 2.x has "gelu". */
  hidden_act?: ClipActivation;
  /** Default 1e-5. */
  layer_norm_eps?: number;
  /** Size of the embedding that both towers share, where there is a projection. Default 512. */
  projection_dim?: number;
  /** All standard deviations at the start are multiplied by it. Default 1. */
  initializer_factor?: number;
}

/** CLIPTextConfig. Defaults: 49408 tokens, 512 channels, 2048 inside the feed-forward layers, 12 layers, 8 heads, 77 positions. */
export interface ClipTextConfig extends ClipTowerConfig {
  /** Left out in configs that are made here; saved folders have "clip_text_model". */
  model_type?: 'clip_text_model' | 'clip';
  vocab_size?: number;
  max_position_embeddings?: number;
  /**
   * The pooled state is that of the first such token. Old files have the value 2, which is wrong: with it, the state of the largest id is
   * pooled. Default 49407.
   */
  eos_token_id?: number;
  bos_token_id?: number;
  pad_token_id?: number;
  /** ["CLIPTextModelWithProjection"] where there is a projection. */
  architectures?: readonly string[];
  /** Where true, padding is masked, as diffusers' pipelines read it; Stable Diffusion's is not. */
  use_attention_mask?: boolean;
}

/** CLIPVisionConfig. Defaults: 768 channels, 3072 inside the feed-forward layers, 12 layers and heads, 224 pixels in patches of 32. */
export interface ClipVisionConfig extends ClipTowerConfig {
  num_channels?: number;
  /** Side of the square image, pixels. */
  image_size?: number;
  /** Side of a patch, pixels. */
  patch_size?: number;
  initializer_range?: number;
}

/** CLIPConfig: both towers, and the size of the embedding that they share. */
export interface ClipConfig {
  text_config?: ClipTextConfig;
  vision_config?: ClipVisionConfig;
  /** Default 512. */
  projection_dim?: number;
  /** The logarithm of the inverse temperature at the start. Default 2.6592. */
  logit_scale_init_value?: number;
  initializer_factor?: number;
}

export type CompleteClipTextConfig = Required<
  Omit<ClipTextConfig, 'model_type' | 'bos_token_id' | 'pad_token_id' | 'architectures' | 'use_attention_mask'>
>;
export type CompleteClipVisionConfig = Required<ClipVisionConfig>;

const size = is.whole(1);

const TOWER = {
  hidden_act: optional<ClipActivation>(is.oneOf('quick_gelu', 'gelu'), 'quick_gelu'),
  layer_norm_eps: optional(is.number(0), 1e-5),
  projection_dim: optional(size, 512),
  initializer_factor: optional(is.number(0), 1),
  num_hidden_layers: optional(is.whole(1, MOST_LAYERS), 12),
};

const TEXT: Defaults<CompleteClipTextConfig> = {
  ...TOWER,
  vocab_size: optional(size, 49408),
  hidden_size: optional(size, 512),
  intermediate_size: optional(size, 2048),
  num_attention_heads: optional(size, 8),
  max_position_embeddings: optional(size, 77),
  eos_token_id: optional((value) => (Number.isInteger(value) ? undefined : 'one token id'), 49407),
};

const VISION: Defaults<CompleteClipVisionConfig> = {
  ...TOWER,
  hidden_size: optional(size, 768),
  intermediate_size: optional(size, 3072),
  num_attention_heads: optional(size, 12),
  num_channels: optional(size, 3),
  image_size: optional(size, 224),
  patch_size: optional(size, 32),
  initializer_range: optional(is.number(0), 0.02),
};

const TOWERS: Defaults<Required<ClipConfig>> = {
  text_config: optional<ClipTextConfig>(is.object, {}),
  vision_config: optional<ClipVisionConfig>(is.object, {}),
  projection_dim: optional(size, 512),
  logit_scale_init_value: optional(is.number(), 2.6592),
  initializer_factor: optional(is.number(0), 1),
};

/** Further keys of both towers' files. `initializer_range` is not that of the text tower here: its standard deviations follow from its sizes. */
const PUBLISHED: PublishedKeys = {
  ...NOTES,
  architectures: is.list(is.anything),
  attention_dropout: is.oneOf(0),
  dropout: is.oneOf(0),
  initializer_range: is.anything,
  pad_token_id: is.anything,
  use_attention_mask: is.flag,
};

/** The config with its defaults, for which null stands too. Keys of transformers that say nothing about the tower are passed over. */
function complete<C extends Required<ClipTowerConfig>>(where: string, config: object, modelType: string, defaults: Defaults<C>): C {
  const published = { ...PUBLISHED, model_type: is.oneOf(modelType, 'clip') };
  const c = completeSettings(where, withoutNulls(config), defaults, published);
  if (c.hidden_size % c.num_attention_heads !== 0)
    throw new RangeError(`${where}: hidden_size is ${c.hidden_size}, not a multiple of num_attention_heads, ${c.num_attention_heads}`);
  return c;
}

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeClipTextConfig(config: ClipTextConfig): CompleteClipTextConfig {
  return complete('clip text', config, 'clip_text_model', TEXT);
}

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeClipVisionConfig(config: ClipVisionConfig): CompleteClipVisionConfig {
  const c = complete('clip vision', config, 'clip_vision_model', VISION);
  const { image_size, patch_size } = c;
  if (patch_size > image_size) throw new RangeError(`clip vision: patch_size is ${patch_size}, larger than image_size, ${image_size}`);
  return c;
}

/** @throws RangeError naming the key and its value where the config asks for another network; the towers' own configs are not looked into */
export function completeClipConfig(config: ClipConfig): Required<ClipConfig> {
  const further = { ...NOTES, model_type: is.oneOf('clip'), text_config_dict: is.anything, vision_config_dict: is.anything };
  return completeSettings('clip', withoutNulls(config), TOWERS, further);
}
