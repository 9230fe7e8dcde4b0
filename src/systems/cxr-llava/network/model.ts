/** CXR-LLaVA (Lee et al. 2024, arXiv:2310.18341): a radiograph's patches through one linear layer stand among the tokens of Llama. */

import { type ChatWriter, initLlama, type LlamaParams, languageModel, llama, llamaAttention } from '../../../decoders';
import { llamaShapes } from '../../../decoders/internal';
import { type Key, split, type Tree } from '../../../engine';
import { type LinearParams, linearLayer } from '../../../nn';
import { initialise, linearSpec } from '../../../nn/internal';
import type { OpenClipVisionParams, ResNetParams } from '../../../vision';
import type { AskedNetwork } from '../../asking/network';
import { IMAGE_MARK } from '../../asking/tokens';
import { type CxrLlavaConfig, checkCxrLlavaConfig, languageConfigOf } from './config';
import { llavaVision } from './vision';

export type CxrLlavaParams = {
  vision_tower: OpenClipVisionParams | ResNetParams;
  mm_projector: LinearParams;
  /** The language model under its file's names: without the prefix `model`. */
  llama: LlamaParams['model'];
  /** Where it is not tied to the embeddings. */
  lm_head?: LinearParams;
};

/** What the model is told to be. */
const SYSTEM = 'You are a helpful radiologist.';

const languageParams = ({ llama: model, lm_head }: CxrLlavaParams): LlamaParams => ({ model, ...(lm_head && { lm_head }) });

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function cxrLlavaShapes(config: CxrLlavaConfig): Record<string, number[]> {
  checkCxrLlavaConfig(config);
  const language = languageConfigOf(config);
  const width = language.hidden_size ?? 4096;
  const under = (shapes: Record<string, number[]>, name: (key: string) => string): Record<string, number[]> =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [name(key), shape]));
  return {
    ...under(llavaVision(config).shapes, (key) => `vision_tower.${key}`),
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
    vision_tower: llavaVision(config).init(visionKey) as CxrLlavaParams['vision_tower'],
    mm_projector: initialise<LinearParams>(linearSpec(config.mm_projector_dim, language.hidden_size ?? 4096), bridgeKey),
    llama: model,
    ...(lm_head && { lm_head }),
  };
}

/**
 * CXR-LLaVA as a model that is asked: states of the encoder's places, one linear layer, Llama, and Llama 2's template of dialogues or the folder's own.
 *
 * @param chat where the config's `dialogue` asks for it
 * @throws RangeError naming what of the config can't be worked with
 */
export function askedCxrLlava(config: CxrLlavaConfig, chat?: ChatWriter): AskedNetwork {
  checkCxrLlavaConfig(config);
  if (config.dialogue && !chat) throw new RangeError('cxr-llava: its config asks for a template of dialogues, and there is none');
  const language = languageConfigOf(config);
  const { size, grid, channels, places: see } = llavaVision(config);
  const places = grid ** 2;
  const own = (params: Tree): CxrLlavaParams => params as CxrLlavaParams;
  return {
    name: 'cxr-llava',
    size,
    images: 1,
    places,
    grid,
    states: { count: places, channels },
    encoder: (params) => own(params).vision_tower as Tree,
    see: (params, pixels) => see(own(params).vision_tower as Tree, pixels),
    bridge: (params, states) => linearLayer(own(params).mm_projector, states),
    words: (params) => own(params).llama.embed_tokens.weight,
    language: (params) => ({
      ...languageModel(language, params), // its facts
      forward: (weights, inputs) => llama(language, languageParams(own(weights)), inputs),
    }),
    attention: (params, inputs) => llamaAttention(language, languageParams(own(params)), inputs),
    prompt: (question, images) =>
      config.dialogue
        ? chatted(chat!, question, images)
        : `[INST] <<SYS>>\n${SYSTEM}\n<</SYS>>\n\n${IMAGE_MARK.repeat(images)}\n${question} [/INST]`,
  };
}

/** By another model's template. */
const chatted = (chat: ChatWriter, question: string, images: number): string =>
  chat(
    [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: `${IMAGE_MARK.repeat(images)}\n${question}` },
    ],
    { answer: true },
  );
