/**
 * CheXagent-2-3b (Chen et al. 2024, arXiv:2401.12208): SigLIP's states of an image's patches, through two layers of their own each, stand between two marks
 * among the tokens of Phi.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type ChatWriter, initPhi, languageModel, type PhiParams, phi, phiAttention } from '../../../decoders';
import { phiShapes } from '../../../decoders/internal';
import { type Key, scope, split, type Tree } from '../../../engine';
import { type LinearParams, linearLayer, type NormParams, type Spec } from '../../../nn';
import { activations, initialise, layerNormLayer, linearSpec, normSpec, specShapes } from '../../../nn/internal';
import { initSiglipVision, type SiglipVisionParams, siglipVision } from '../../../vision';
import { completeSiglipVisionConfig, siglipVisionShapes } from '../../../vision/internal';
import type { AskedNetwork } from '../../asking/network';
import { IMAGE_MARK } from '../../asking/tokens';
import { type CheXagent2Config, checkCheXagent2Config, partsOf2 } from './config';

type BridgeParams = {
  /** The places of the patches, [patches, C]. */
  pos_embed: tf.Tensor2D;
  /** By the numbers of the layers that have parameters. */
  attn_pool: { '0': LinearParams; '2': LinearParams };
  ln_post: NormParams;
  /** [width, width]. */
  proj: tf.Tensor2D;
};

export type CheXagent2Params = {
  model: PhiParams['model'] & { visual: BridgeParams & { model: SiglipVisionParams } };
  lm_head: PhiParams['lm_head'];
};

/** What the model is told to be, as its authors ask it. */
const SYSTEM = 'You are a helpful assistant.';

/** Images of a question: two, as of the first family. */
const MOST_IMAGES = 2;

/** SigLIP's: pixels of 0 to 1 become values of -1 to 1. */
const PREPROCESSING = { mean: 0.5, std: 0.5 };

const EPS = 1e-6;

/** In the bridge's first layer, in widths of the language model. */
const INNER = 4;

function bridgeSpec(config: CheXagent2Config): Spec<BridgeParams> {
  const { hidden_size: seen, image_size: size, patch_size } = completeSiglipVisionConfig(partsOf2(config).vision);
  const { output_dim: width } = config.visual;
  return {
    pos_embed: { shape: [(size / patch_size) ** 2, seen], init: { kind: 'constant', value: 0 } },
    attn_pool: { '0': linearSpec(seen, INNER * width), '2': linearSpec(INNER * width, width) },
    ln_post: normSpec(width),
    proj: { shape: [width, width], init: { kind: 'normal', std: width ** -0.5 } },
  };
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function cheXagent2Shapes(config: CheXagent2Config): Record<string, number[]> {
  checkCheXagent2Config(config);
  const { vision, language } = partsOf2(config);
  const under = (prefix: string, shapes: Record<string, number[]>): [string, number[]][] =>
    Object.entries(shapes).map(([key, shape]) => [`model.visual.${prefix}${key}`, shape]);
  return Object.fromEntries([
    ...Object.entries(phiShapes(language)),
    ...under('', specShapes(bridgeSpec(config))),
    ...under('model.', siglipVisionShapes(vision)),
  ]);
}

/** Random weights, places as sines and cosines; the caller disposes the tree. */
export function initCheXagent2(config: CheXagent2Config, key: Key): CheXagent2Params {
  checkCheXagent2Config(config);
  const { vision, language } = partsOf2(config);
  const [ofVision, ofBridge, ofLanguage] = split(key, 3) as [Key, Key, Key];
  const { pos_embed, ...bridge } = initialise<BridgeParams>(bridgeSpec(config), ofBridge);
  const [patches, channels] = pos_embed.shape;
  pos_embed.dispose();
  const { model, lm_head } = initPhi(language, ofLanguage);
  const visual = { ...bridge, pos_embed: tf.tensor2d(placesOf(Math.sqrt(patches), channels), [patches, channels]) };
  return { model: { ...model, visual: { ...visual, model: initSiglipVision(vision, ofVision) } }, lm_head };
}

/** Of a grid's places, row by row: sines and cosines of the column in one half of the channels, of the row in the other (He et al. 2022, arXiv:2111.06377). */
function placesOf(side: number, channels: number): Float32Array {
  const quarter = Math.floor(channels / 4);
  const values = new Float32Array(side * side * channels);
  for (let place = 0; place < side * side; place++)
    [place % side, Math.floor(place / side)].forEach((at, half) => {
      for (let i = 0; i < quarter; i++) {
        const angle = at / 10000 ** (i / quarter);
        const first = place * channels + 2 * half * quarter + i;
        values[first] = Math.sin(angle);
        values[first + quarter] = Math.cos(angle);
      }
    });
  return values;
}

/**
 * CheXagent-2 as a model that is asked.
 *
 * @param chat writes dialogues as the folder's template has them
 * @throws RangeError naming what of the config can't be worked with
 */
export function askedCheXagent2(config: CheXagent2Config, chat: ChatWriter): AskedNetwork {
  checkCheXagent2Config(config);
  const { vision, language } = partsOf2(config);
  const { image_size: size, patch_size, hidden_size: channels } = completeSiglipVisionConfig(vision);
  const grid = size / patch_size;
  const own = (params: Tree): CheXagent2Params => params as CheXagent2Params;
  return {
    name: 'chexagent-2',
    size,
    images: MOST_IMAGES,
    places: grid ** 2,
    grid,
    states: { count: grid ** 2, channels },
    encoder: (params) => own(params).model.visual.model as Tree,
    see: (params, pixels) =>
      scope(() => {
        const grey = tf.div(tf.sub(pixels, PREPROCESSING.mean), PREPROCESSING.std);
        const { hiddenStates } = siglipVision(vision, own(params).model.visual.model, tf.tile(grey, [1, 1, 1, 3]) as tf.Tensor4D);
        return tf.clone(hiddenStates.at(-1)!); // before the last norm
      }),
    bridge: (params, states) =>
      scope(() => {
        const { pos_embed, attn_pool, ln_post, proj } = own(params).model.visual;
        const placed = tf.add(states, pos_embed) as tf.Tensor3D;
        const pooled = linearLayer(attn_pool['2'], activations.gelu(linearLayer(attn_pool['0'], placed)));
        return linearLayer({ weight: proj }, layerNormLayer(ln_post, pooled, EPS));
      }),
    words: (params) => own(params).model.embed_tokens.weight,
    language: (params) => ({
      ...languageModel(language, params), // its facts
      forward: (weights, inputs) => phi(language, own(weights), inputs),
    }),
    attention: (params, inputs) => phiAttention(language, own(params), inputs),
    prompt: (question, images) => {
      const pictures = Array.from({ length: images }, (_, i) => `Picture ${i + 1}:<|img|>${IMAGE_MARK}<|/img|>\n`);
      return chat([said('system', SYSTEM), said('human', `${pictures.join('')}${question}`)], { answer: true });
    },
  };
}

/** Under the names of transformers' templates and those of the release. */
const said = (from: string, value: string) => ({ role: from === 'human' ? 'user' : from, content: value, from, value });
