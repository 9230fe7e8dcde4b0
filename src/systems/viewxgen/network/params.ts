/** The parameters, by the published names. */

import type * as tf from '@tensorflow/tfjs-core';
import { dispose, foldIn, type Key } from '../../../engine';
import type { EmbeddingParams, LinearParams, NormParams, Spec } from '../../../nn';
import { embeddingSpec, initialise, linearSpec, normSpec, orthogonalFeatures, specShapes } from '../../../nn/internal';
import { imageVocabulary, sequenceLength, vocabularyOf } from '../sequence/tokens';
import { viewKinds } from '../sequence/views';
import { checkViewxgenConfig, type ViewxgenConfig } from './config';

type AttentionLayer = {
  norm: NormParams;
  fn: {
    to_q: LinearParams;
    to_k: LinearParams;
    to_v: LinearParams;
    to_output: LinearParams;
    /** Random rows that features are made with, [features, dim_head]; they don't train. Exact attention has none. */
    fast_attention?: { projection_matrix: tf.Tensor2D };
  };
};
type FeedForward = { norm: NormParams; fn: { w1: LinearParams; w2: LinearParams } };

/** A table of learned positions. */
type Learned = { emb: EmbeddingParams };

export type ViewxgenParams = {
  token_emb: EmbeddingParams;
  image_token_emb: EmbeddingParams;
  txt_att_emb: Learned;
  ap_att_emb: Learned;
  pa_att_emb: Learned;
  la_att_emb: Learned;
  pad_img_att_emb: Learned;
  /** Rows and columns of an image, in files [1, n, 1, dim] and [1, 1, n, dim]. */
  image_pos_emb: { weights: { '0': tf.Tensor4D; '1': tf.Tensor4D } };
  /** Pairs of an attention and a feed-forward layer. */
  transformer: { net: { layers: { '0': AttentionLayer; '1': FeedForward }[] } };
  norm: NormParams;
  to_out_combined_txt_img: LinearParams;
};

/** Of the published network's feed-forward layers, and of its tables. */
const WIDER = 4;
const STD = 0.02;

/** Rows and columns that images have positions for: one more than codes, which leaves room for start and end. */
export const axis = ({ grid }: ViewxgenConfig): number => grid + 1;

function viewxgenSpec(c: ViewxgenConfig): Spec<ViewxgenParams> {
  checkViewxgenConfig(c);
  const { dim, heads, dim_head, features } = c;
  const inner = heads * dim_head;
  const bare = { noBias: true } as const;
  const learned = (): Spec<Learned> => ({ emb: embeddingSpec(sequenceLength(c), dim, STD) });
  const axial = (
    shape: readonly [number, number, number, number],
  ): { shape: readonly number[]; init: { kind: 'normal'; std: number } } => ({
    shape,
    init: { kind: 'normal', std: STD },
  });
  const projected = { projection_matrix: { shape: [features, dim_head], init: { kind: 'normal', std: 1 } } } as const;
  const layer = {
    '0': {
      norm: normSpec(dim),
      fn: {
        to_q: linearSpec(dim, inner, bare),
        to_k: linearSpec(dim, inner, bare),
        to_v: linearSpec(dim, inner, bare),
        to_output: linearSpec(inner, dim, bare),
        ...(c.attention !== 'exact' && { fast_attention: projected }),
      },
    },
    '1': { norm: normSpec(dim), fn: { w1: linearSpec(dim, WIDER * dim), w2: linearSpec(WIDER * dim, dim) } },
  } as Spec<ViewxgenParams['transformer']['net']['layers'][number]>;
  return {
    token_emb: embeddingSpec(c.text_vocabulary, dim, STD),
    image_token_emb: embeddingSpec(imageVocabulary(c), dim, STD),
    txt_att_emb: learned(),
    ap_att_emb: learned(),
    pa_att_emb: learned(),
    la_att_emb: learned(),
    pad_img_att_emb: learned(),
    image_pos_emb: { weights: { '0': axial([1, dim, axis(c), 1]), '1': axial([axis(c), dim, 1, 1]) } },
    transformer: { net: { layers: Array.from({ length: c.depth }, () => layer) } },
    norm: normSpec(dim),
    to_out_combined_txt_img: linearSpec(dim, vocabularyOf(c)),
  };
}

/** Random weights; the caller disposes the tree. */
export function initViewxgen(config: ViewxgenConfig, key: Key): ViewxgenParams {
  const params = initialise<ViewxgenParams>(viewxgenSpec(config), foldIn(key, 0));
  return withProjections(params, config, foldIn(key, 1));
}

/** The parameters with other random rows in each layer, in place of theirs, which are disposed. */
export function withProjections(params: ViewxgenParams, config: ViewxgenConfig, key: Key): ViewxgenParams {
  params.transformer.net.layers.forEach(({ '0': { fn } }, i) => {
    if (!fn.fast_attention) return;
    dispose(fn.fast_attention);
    fn.fast_attention.projection_matrix = orthogonalFeatures(config.features, config.dim_head, foldIn(key, i));
  });
  return params;
}

/** Every parameter's shape by its key, in the engine's layout; nothing is allocated. */
export function viewxgenShapes(config: ViewxgenConfig): Record<string, number[]> {
  return specShapes(viewxgenSpec(config));
}

/** The tables of images' positions by their kind. */
export const positionTables = (params: ViewxgenParams): tf.Tensor2D[] => [
  ...viewKinds.map((kind) => params[`${kind}_att_emb`].emb.weight),
  params.pad_img_att_emb.emb.weight,
];
