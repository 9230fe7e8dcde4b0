/** CXR-LLaVA (Lee et al. 2024, arXiv:2310.18341): a radiograph's patches through one linear layer stand among the tokens of Llama. */

import * as tf from '@tensorflow/tfjs-core';
import { spliceImages } from '../../../bridges';
import { type DecoderInputs, type DecoderOutput, initLlama, type LlamaParams, llama } from '../../../decoders';
import { llamaShapes } from '../../../decoders/internal';
import { embedding, type Key, scope, split } from '../../../engine';
import { type LinearParams, linearLayer } from '../../../nn';
import { initialise, linearSpec } from '../../../nn/internal';
import { initOpenClipVision, type OpenClipVisionParams, openClipVision } from '../../../vision';
import { completeOpenClipVisionConfig, openClipVisionShapes } from '../../../vision/internal';
import { type CxrLlavaConfig, checkCxrLlavaConfig, languageConfigOf, visionConfigOf } from './config';

export type CxrLlavaParams = {
  vision_tower: OpenClipVisionParams;
  mm_projector: LinearParams;
  /** The language model under its file's names: without the prefix `model`. */
  llama: LlamaParams['model'];
  lm_head: LinearParams;
};

/** In the place of an image among tokens, as published: no token has it. */
export const IMAGE_TOKEN = -200;

/** Of an image as tokens: one for each patch. */
export function imageTokens(config: CxrLlavaConfig): number {
  const { image_size, patch_size } = completeOpenClipVisionConfig(visionConfigOf(config));
  return (image_size / patch_size) ** 2;
}

const languageParams = ({ llama: model, lm_head }: CxrLlavaParams): LlamaParams => ({ model, lm_head });

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function cxrLlavaShapes(config: CxrLlavaConfig): Record<string, number[]> {
  checkCxrLlavaConfig(config);
  const language = languageConfigOf(config);
  const width = language.hidden_size ?? 4096;
  const under = (shapes: Record<string, number[]>, name: (key: string) => string): Record<string, number[]> =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [name(key), shape]));
  return {
    ...under(openClipVisionShapes(visionConfigOf(config)), (key) => `vision_tower.${key}`),
    'mm_projector.weight': [config.mm_projector_dim, width],
    'mm_projector.bias': [width],
    ...under(llamaShapes(language), (key) => key.replace(/^model\./, 'llama.')),
  };
}

/** Random weights; the caller disposes the tree. */
export function initCxrLlava(config: CxrLlavaConfig, key: Key): CxrLlavaParams {
  checkCxrLlavaConfig(config);
  const language = languageConfigOf(config);
  const [visionKey, bridgeKey, languageKey] = split(key, 3) as [Key, Key, Key];
  const { model, lm_head } = initLlama(language, languageKey);
  return {
    vision_tower: initOpenClipVision(visionConfigOf(config), visionKey),
    mm_projector: initialise<LinearParams>(linearSpec(config.mm_projector_dim, language.hidden_size ?? 4096), bridgeKey),
    llama: model,
    lm_head: lm_head!,
  };
}

/**
 * Images as the language model sees them.
 *
 * @param pixels [images, image_size, image_size, 1], 0 to 1
 * @returns      [images, patches, width]; the caller disposes it
 */
export function cxrLlavaImages(config: CxrLlavaConfig, { vision_tower, mm_projector }: CxrLlavaParams, pixels: tf.Tensor4D): tf.Tensor3D {
  const { mean, std } = config.image_preprocess_cfg;
  return scope(() => {
    const states = openClipVision(visionConfigOf(config), vision_tower, tf.div(tf.sub(pixels, mean), std));
    return linearLayer(mm_projector, tf.slice(states, [0, 1, 0]) as tf.Tensor3D);
  });
}

/**
 * Tokens and the images among them as the language model sees them.
 *
 * @param ids    int32 [B, L], with `IMAGE_TOKEN` once for each of an image's patches
 * @param images of `cxrLlavaImages`, in the order in which they stand
 * @returns      [B, L, width]; the caller disposes it
 */
export function cxrLlavaEmbeddings({ llama: { embed_tokens } }: CxrLlavaParams, ids: tf.Tensor2D, images: tf.Tensor3D): tf.Tensor3D {
  return scope(() => {
    const words = embedding(tf.maximum(ids, tf.scalar(0, 'int32')), embed_tokens.weight) as tf.Tensor3D;
    return spliceImages(ids, words, images, IMAGE_TOKEN);
  });
}

/** A pass of the language model; with `embeddings` in the inputs, images among the tokens. */
export function cxrLlava(config: CxrLlavaConfig, params: CxrLlavaParams, inputs: DecoderInputs): DecoderOutput {
  return llama(languageConfigOf(config), languageParams(params), inputs);
}
