/** The configs of CLIP's towers, as in their JSON, with transformers' defaults. */

import { expectNumbers, expectPositiveIntegers, MOST_LAYERS } from '../nn';

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

const TOWER = { hidden_act: 'quick_gelu', layer_norm_eps: 1e-5, projection_dim: 512, initializer_factor: 1 } as const;

const TEXT: CompleteClipTextConfig = {
  ...TOWER,
  vocab_size: 49408,
  hidden_size: 512,
  intermediate_size: 2048,
  num_hidden_layers: 12,
  num_attention_heads: 8,
  max_position_embeddings: 77,
  eos_token_id: 49407,
};

const VISION: CompleteClipVisionConfig = {
  ...TOWER,
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  num_channels: 3,
  image_size: 224,
  patch_size: 32,
  initializer_range: 0.02,
};

const ACTIVATIONS: readonly string[] = ['quick_gelu', 'gelu'];

/** The values that are given, over the defaults. Keys of transformers about generating text are passed over. */
function complete<C extends Required<ClipTowerConfig>>(where: string, config: object, modelType: string, defaults: C): C {
  const values = config as Record<string, unknown>;
  if (values.model_type !== undefined && values.model_type !== modelType && values.model_type !== 'clip') {
    throw new RangeError(`${where}: config key "model_type": expected "${modelType}", got ${JSON.stringify(values.model_type)}`);
  }
  if (values.architectures !== undefined && values.architectures !== null && !Array.isArray(values.architectures))
    throw new RangeError(`${where}: config key "architectures": expected a list, got ${JSON.stringify(values.architectures)}`);
  for (const key of ['attention_dropout', 'dropout']) {
    if (values[key])
      throw new RangeError(`${where}: config key "${key}": expected 0, got ${JSON.stringify(values[key])}, which is not supported`);
  }
  const present = Object.keys(defaults).filter((key) => values[key] !== undefined && values[key] !== null);
  const c = { ...defaults, ...Object.fromEntries(present.map((key) => [key, values[key]])) } as C;
  if (!ACTIVATIONS.includes(c.hidden_act)) {
    throw new RangeError(`${where}: config key "hidden_act": expected ${ACTIVATIONS.join(' or ')}, got ${JSON.stringify(c.hidden_act)}`);
  }
  const { hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, projection_dim, layer_norm_eps, initializer_factor } = c;
  expectPositiveIntegers(where, { hidden_size, intermediate_size, num_attention_heads, projection_dim });
  expectPositiveIntegers(where, { num_hidden_layers }, MOST_LAYERS);
  expectNumbers(where, { layer_norm_eps, initializer_factor }, 0);
  if (hidden_size % num_attention_heads !== 0) {
    throw new RangeError(`${where}: hidden_size is ${hidden_size}, not a multiple of num_attention_heads, ${num_attention_heads}`);
  }
  return c;
}

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeClipTextConfig(config: ClipTextConfig): CompleteClipTextConfig {
  const c = complete('clip text', config, 'clip_text_model', TEXT);
  const { vocab_size, max_position_embeddings } = c;
  expectPositiveIntegers('clip text', { vocab_size, max_position_embeddings });
  if (!Number.isInteger(c.eos_token_id)) {
    throw new RangeError(`clip text: config key "eos_token_id": expected one token id, got ${JSON.stringify(c.eos_token_id)}`);
  }
  return c;
}

/** @throws RangeError naming the key and its value where the config asks for another network */
export function completeClipVisionConfig(config: ClipVisionConfig): CompleteClipVisionConfig {
  const c = complete('clip vision', config, 'clip_vision_model', VISION);
  const { num_channels, image_size, patch_size, initializer_range } = c;
  expectPositiveIntegers('clip vision', { num_channels, image_size, patch_size });
  expectNumbers('clip vision', { initializer_range }, 0);
  if (patch_size > image_size) throw new RangeError(`clip vision: patch_size is ${patch_size}, larger than image_size, ${image_size}`);
  return c;
}
