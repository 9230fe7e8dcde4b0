/** One face for every kind of text encoder: what it is, its weights, and from ids to the context of the U-Net. */

import * as tf from '@tensorflow/tfjs-core';
import type { Key } from '../engine';
import type { LinearParams } from '../nn';
import { type BertParams, bert, bertShapes, initBert } from './bert';
import { type BertConfig, bertWindow, completeBertConfig } from './bert-config';
import { bertClass } from './bert-files';
import { type ClipTextConfig, completeClipTextConfig } from './clip-config';
import { type ClipTextInit, type ClipTextParams, clipContext, clipText, clipTextShapes, initClipText } from './clip-text';
import { initT5, type T5Params, t5, t5Shapes } from './t5';
import { completeT5Config, type T5Config } from './t5-config';
import { t5Class } from './t5-files';

/** The JSON of a text encoder; `model_type` says which, and CLIP may leave it out. */
export type TextEncoderConfig = ClipTextConfig | BertConfig | T5Config;

export type TextEncoderParams = ClipTextParams | BertParams | T5Params;

/** A text encoder: config and weights that belong together. */
export interface TextEncoderModel {
  readonly config: TextEncoderConfig;
  /** The caller disposes it. */
  readonly params: TextEncoderParams;
}

export type TextEncoderKind = 'CLIP' | 'BERT' | 'RoBERTa' | 'XLM-RoBERTa' | 'T5';

/** What is known of an encoder from its config alone. */
export interface TextEncoderFacts {
  readonly kind: TextEncoderKind;
  /** Channels of the context. */
  readonly width: number;
  /** Tokens that it can read; undefined where there is no limit (T5). */
  readonly window: number | undefined;
  /** Rows of its table of tokens. */
  readonly vocabulary: number;
  /** transformers' class, as model_index.json names it. */
  readonly className: string;
  /** Whether padding is masked: of all but CLIP where the encoder is used alone, and in a Stable Diffusion folder where its config says so. */
  readonly masks: boolean;
}

const BERT_KINDS = { bert: 'BERT', roberta: 'RoBERTa', 'xlm-roberta': 'XLM-RoBERTa' } as const;

/** Every `model_type` that is understood. */
export const textModelTypes: readonly string[] = ['clip_text_model', 'clip', 'bert', 'roberta', 'xlm-roberta', 't5', 'mt5'];

/**
 * What a config says.
 *
 * @throws RangeError where it asks for a network that is not computed here, naming the key
 */
export function textEncoderFacts(config: TextEncoderConfig): TextEncoderFacts {
  switch (config.model_type) {
    case 'bert':
    case 'roberta':
    case 'xlm-roberta': {
      const c = completeBertConfig(config);
      const [kind, className] = [BERT_KINDS[c.model_type], bertClass(config)];
      return { kind, width: c.hidden_size, window: bertWindow(c), vocabulary: c.vocab_size, className, masks: true };
    }
    case 't5':
    case 'mt5': {
      const c = completeT5Config(config);
      return { kind: 'T5', width: c.d_model, window: undefined, vocabulary: c.vocab_size, className: t5Class(config), masks: true };
    }
    default: {
      const c = completeClipTextConfig(config); // refuses other model types
      const common = { kind: 'CLIP', width: c.hidden_size, window: c.max_position_embeddings, vocabulary: c.vocab_size } as const;
      return { ...common, className: 'CLIPTextModel', masks: config.use_attention_mask === true };
    }
  }
}

/** Random weights, as transformers starts the class. The caller disposes the tree. */
export function initTextEncoder(config: TextEncoderConfig, key: Key, clipInit?: ClipTextInit): TextEncoderParams {
  switch (config.model_type) {
    case 'bert':
    case 'roberta':
    case 'xlm-roberta':
      return initBert(config, key);
    case 't5':
    case 'mt5':
      return initT5(config, key);
    default:
      return initClipText(config, key, clipInit);
  }
}

/** Every parameter's shape by its key, in the engine's layout, without a pooler; nothing is allocated. */
export function textEncoderShapes(config: TextEncoderConfig): Record<string, number[]> {
  switch (config.model_type) {
    case 'bert':
    case 'roberta':
    case 'xlm-roberta':
      return bertShapes(config);
    case 't5':
    case 'mt5':
      return t5Shapes(config);
    default:
      return clipTextShapes(config);
  }
}

/**
 * The states that the U-Net attends to: the last layer's, after the final norm where there is one.
 *
 * @param ids  int32 [B, L]
 * @param mask 1 for tokens, 0 for padding, [B, L]; without it all are attended to
 * @returns    [B, L, width], rows of padding too; the caller disposes it
 */
export function textContext(config: TextEncoderConfig, params: TextEncoderParams, ids: tf.Tensor2D, mask?: tf.Tensor2D): tf.Tensor3D {
  const options = { mask };
  switch (config.model_type) {
    case 'bert':
    case 'roberta':
    case 'xlm-roberta':
      return tf.tidy(() => bert(config, { ...(params as BertParams), pooler: undefined }, ids, options).lastHiddenState);
    case 't5':
    case 'mt5':
      return t5(config, params as T5Params, ids, options);
    default:
      return clipContext(config, params as ClipTextParams, ids, options);
  }
}

/** Results for a batch of texts; the caller disposes them. */
export type TextStates = {
  /** [B, L, width] */
  context: tf.Tensor3D;
  /** One vector a text, [B, width]: CLIP's state at the end of the text; of the others the mean of the tokens' states. */
  pooled: tf.Tensor2D;
};

/**
 * Contexts, and one vector for each text.
 *
 * @param mask  1 for tokens, 0 for padding, [B, L]: over which the mean is taken, and where `masks`, what is attended to
 * @param masks whether padding is masked; by default as the kind is used alone
 */
export function textStates(
  config: TextEncoderConfig,
  params: TextEncoderParams,
  ids: tf.Tensor2D,
  mask: tf.Tensor2D,
  masks: boolean = textEncoderFacts(config).masks,
): TextStates {
  const { kind } = textEncoderFacts(config);
  return tf.tidy(() => {
    const attended = masks ? mask : undefined;
    if (kind === 'CLIP') {
      const { lastHiddenState, pooled } = clipText(config as ClipTextConfig, params as ClipTextParams, ids, { mask: attended });
      return { context: lastHiddenState, pooled };
    }
    const context = textContext(config, params, ids, attended);
    const weights = tf.reshape(tf.cast(mask, 'float32'), [...mask.shape, 1]); // [B, L, 1]
    const pooled = tf.div(tf.sum(tf.mul(context, weights), 1), tf.maximum(tf.sum(weights, 1), 1)) as tf.Tensor2D;
    return { context, pooled };
  });
}

/** Weights by what they are for. */
export interface TextEncoderParts {
  /** What the context depends on. */
  readonly used: TextEncoderParams;
  /** BERT's pooler, CLIP's projection: no gradient of a context reaches them. */
  readonly rest: { readonly pooler?: LinearLayer; readonly text_projection?: LinearParams };
}

type LinearLayer = NonNullable<BertParams['pooler']>;

/** Divides an encoder's weights; the tensors are the same. */
export function contextParts(params: TextEncoderParams): TextEncoderParts {
  const { pooler, text_projection, ...used } = params as Partial<BertParams & ClipTextParams>;
  return {
    used: used as TextEncoderParams,
    rest: { ...(pooler ? { pooler } : {}), ...(text_projection ? { text_projection } : {}) },
  };
}
