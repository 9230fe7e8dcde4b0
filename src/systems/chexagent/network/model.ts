/** CheXagent-8b (Chen et al. 2024, arXiv:2401.12208): an image's states are read by queries, which stand before the tokens of Mistral. */

import * as tf from '@tensorflow/tfjs-core';
import { initQFormer, type QFormerParams, qformer } from '../../../bridges';
import { qformerShapes } from '../../../bridges/internal';
import { initLlama, type LlamaParams, languageModel, llama, llamaAttention } from '../../../decoders';
import { llamaShapes } from '../../../decoders/internal';
import { type Key, scope, split, type Tree } from '../../../engine';
import { type LinearParams, linearLayer, type Spec } from '../../../nn';
import { initialise, linearSpec } from '../../../nn/internal';
import type { Tokenizer } from '../../../tokenizers';
import { type Blip2VisionParams, blip2Vision, initBlip2Vision } from '../../../vision';
import { blip2VisionShapes, completeBlip2VisionConfig } from '../../../vision/internal';
import type { VectorEncoder } from '../../asking/labelled-encoder';
import type { AskedNetwork } from '../../asking/network';
import { IMAGE_MARK } from '../../asking/tokens';
import { type CheXagentConfig, checkCheXagentConfig, checkPreprocessing, type ImagePreprocessing, partsOf } from './config';

export type CheXagentParams = {
  vision_model: Blip2VisionParams;
  /** [1, queries, C]. */
  query_tokens: tf.Tensor3D;
  qformer: QFormerParams;
  language_projection: LinearParams;
  language_model: LlamaParams;
};

/** Images of a question: two, as published. */
const MOST_IMAGES = 2;

const widthsOf = (config: CheXagentConfig): { readonly queries: number; readonly language: number } => {
  const { qformer: bridge, language } = partsOf(config);
  return { queries: bridge.hidden_size ?? 768, language: language.hidden_size ?? 4096 };
};

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function cheXagentShapes(config: CheXagentConfig): Record<string, number[]> {
  checkCheXagentConfig(config);
  const { vision, qformer: bridge, language } = partsOf(config);
  const widths = widthsOf(config);
  const under = (prefix: string, shapes: Record<string, number[]>): Record<string, number[]> =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [`${prefix}.${key}`, shape]));
  return {
    ...under('vision_model', blip2VisionShapes(vision)),
    query_tokens: [1, config.num_query_tokens, widths.queries],
    ...under('qformer', qformerShapes(bridge)),
    'language_projection.weight': [widths.queries, widths.language],
    'language_projection.bias': [widths.language],
    ...under('language_model', llamaShapes(language)),
  };
}

/** Random weights; the caller disposes the tree. */
export function initCheXagent(config: CheXagentConfig, key: Key): CheXagentParams {
  checkCheXagentConfig(config);
  const { vision, qformer: bridge, language } = partsOf(config);
  const widths = widthsOf(config);
  const [ofVision, ofQueries, ofBridge, ofProjection, ofLanguage] = split(key, 5) as [Key, Key, Key, Key, Key];
  const queries: Spec<{ tokens: tf.Tensor3D }> = {
    tokens: { shape: [1, config.num_query_tokens, widths.queries], init: { kind: 'normal', std: 0.02 } },
  };
  return {
    vision_model: initBlip2Vision(vision, ofVision),
    query_tokens: initialise<{ tokens: tf.Tensor3D }>(queries, ofQueries).tokens,
    qformer: initQFormer(bridge, ofBridge),
    language_projection: initialise<LinearParams>(linearSpec(widths.queries, widths.language), ofProjection),
    language_model: initLlama(language, ofLanguage),
  };
}

/** What the encoder says of grey images, which all its channels get. */
function statesOf(
  config: CheXagentConfig,
  { image_mean, image_std }: ImagePreprocessing,
  params: Blip2VisionParams,
  pixels: tf.Tensor4D,
): tf.Tensor3D {
  const { vision } = partsOf(config);
  return scope(() => {
    const channels = tf.tile(pixels, [1, 1, 1, image_mean.length]);
    return blip2Vision(vision, params, tf.div(tf.sub(channels, tf.tensor1d([...image_mean])), tf.tensor1d([...image_std])));
  });
}

/**
 * CheXagent as a model that is asked about one image or two.
 *
 * @param tokenizer says whether the vocabulary has the mark `<s>` that the published prompt has before question and answer
 * @throws RangeError naming what of the config can't be worked with
 */
export function askedCheXagent(
  config: CheXagentConfig,
  preprocessing: ImagePreprocessing,
  tokenizer: Pick<Tokenizer, 'idOf'>,
): AskedNetwork {
  checkCheXagentConfig(config);
  checkPreprocessing(preprocessing, config);
  const { vision, qformer: bridge, language } = partsOf(config);
  const { image_size: size, patch_size, hidden_size: channels } = completeBlip2VisionConfig(vision);
  const own = (params: Tree): CheXagentParams => params as CheXagentParams;
  const mark = tokenizer.idOf('<s>') === undefined ? '' : '<s>';
  return {
    name: 'chexagent',
    size,
    images: MOST_IMAGES,
    places: config.num_query_tokens,
    states: { count: 1 + (size / patch_size) ** 2, channels },
    encoder: (params) => own(params).vision_model as Tree,
    see: (params, pixels) => statesOf(config, preprocessing, own(params).vision_model, pixels),
    bridge: (params, states) =>
      scope(() => {
        const { queries } = qformer(bridge, own(params).qformer, own(params).query_tokens, states);
        return linearLayer(own(params).language_projection, queries);
      }),
    words: (params) => own(params).language_model.model.embed_tokens.weight,
    language: (params) => ({
      ...languageModel(language, params), // its facts
      forward: (weights, inputs) => llama(language, own(weights).language_model, inputs),
    }),
    attention: (params, inputs) => llamaAttention(language, own(params).language_model, inputs),
    prompt: (question, images) => `${IMAGE_MARK.repeat(images)} USER: ${mark}${question} ASSISTANT: ${mark}`,
  };
}

/** The encoder of images as one that says of each what its class token's state is. */
export function cheXagentEncoder(config: CheXagentConfig, preprocessing: ImagePreprocessing): VectorEncoder {
  const { vision } = partsOf(config);
  const { image_size: size, hidden_size: width } = completeBlip2VisionConfig(vision);
  return {
    size,
    width,
    init: (key) => initBlip2Vision(vision, key) as Tree,
    vector: (params, pixels) =>
      scope(() => {
        const states = statesOf(config, preprocessing, params as Blip2VisionParams, pixels);
        return tf.reshape(tf.slice(states, [0, 0, 0], [-1, 1, width]), [-1, width]) as tf.Tensor2D;
      }),
  };
}
