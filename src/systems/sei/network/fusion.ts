/** Image, similar case and indication brought together, whichever of the two a study has. */

import * as tf from '@tensorflow/tfjs-core';
import type { BertLayerParams } from '../../../encoders';
import { paddingScores } from '../../../encoders/internal';
import { attention, scope } from '../../../engine';
import { gelu } from '../../../engine/internal';
import { type LinearParams, linearLayer, type Spec } from '../../../nn';
import { layerNormLayer, linearSpec, normSpec } from '../../../nn/internal';
import type { WriterConfig } from './config';

type AttentionParams = BertLayerParams['attention'];

/** BERT's layer with a cross-attention between self-attention and feed-forward layers. */
export type CrossLayerParams = BertLayerParams & { crossattention: AttentionParams };

/** By the names of the paper's modules; those of what is not read are left out. */
export type FusionParams = {
  /** Image to case. */
  multi_modal_vision_layers?: CrossLayerParams[];
  /** Indication to case. */
  multi_modal_indication_layers?: CrossLayerParams[];
  /** Image to indication. */
  multi_modal_vision_indication_layers?: CrossLayerParams[];
};

const STD = 0.02;
const EPS = 1e-12;

function crossLayerSpec(width: number, inner: number): Spec<CrossLayerParams> {
  const dense = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std: STD });
  const attended = (): Spec<AttentionParams> => ({
    self: { query: dense(width, width), key: dense(width, width), value: dense(width, width) },
    output: { dense: dense(width, width), LayerNorm: normSpec(width) },
  });
  return {
    attention: attended(),
    crossattention: attended(),
    intermediate: { dense: dense(width, inner) },
    output: { dense: dense(inner, width), LayerNorm: normSpec(width) },
  };
}

export function fusionSpec({ output_dim, fusion, reads }: WriterConfig): Spec<FusionParams> {
  const layers = (): Spec<CrossLayerParams>[] =>
    Array.from({ length: fusion.layers }, () => crossLayerSpec(output_dim, fusion.intermediate_size));
  const [hasCase, hasIndication] = [reads.includes('case'), reads.includes('indication')];
  return {
    ...(hasCase && { multi_modal_vision_layers: layers() }),
    ...(hasCase && hasIndication && { multi_modal_indication_layers: layers() }),
    ...(hasIndication && { multi_modal_vision_indication_layers: layers() }),
  } as Spec<FusionParams>;
}

/** Vectors with the scores of an attention over them: 0 where there is something to see. */
interface Seen {
  readonly vectors: tf.Tensor3D;
  readonly scores?: tf.Tensor4D;
}

/** One layer after another: `x` attends to itself, then to `context`. */
function cross(layers: readonly CrossLayerParams[], heads: number, { vectors, scores }: Seen, context: Seen): tf.Tensor3D {
  const attend = ({ self, output }: AttentionParams, x: tf.Tensor3D, seen: Seen): tf.Tensor3D => {
    const [k, v] = [linearLayer(self.key, seen.vectors), linearLayer(self.value, seen.vectors)];
    const mixed = attention(linearLayer(self.query, x), k, v, { heads, ...(seen.scores && { mask: seen.scores }) });
    return layerNormLayer(output.LayerNorm, tf.add(linearLayer(output.dense, mixed), x) as tf.Tensor3D, EPS);
  };
  return scope(() => {
    let x = tf.clone(vectors);
    for (const layer of layers) {
      const own = attend(layer.attention, x, { vectors: x, ...(scores && { scores }) });
      const h = attend(layer.crossattention, own, context);
      const inner = gelu(linearLayer(layer.intermediate.dense, h));
      x = layerNormLayer(layer.output.LayerNorm, tf.add(linearLayer(layer.output.dense, inner), h) as tf.Tensor3D, EPS);
    }
    return x;
  });
}

/** A text's vectors, [B, L, D], and its mask, int32 [B, L], 0 all along where a study has none. */
export interface FusedText {
  readonly vectors: tf.Tensor3D;
  readonly mask: tf.Tensor2D;
}

/** Rows of `changed` where the mask's row has a token, else of `kept`. */
const wherePresent = (mask: tf.Tensor2D, changed: tf.Tensor3D, kept: tf.Tensor3D): tf.Tensor3D =>
  tf.where(tf.greater(tf.expandDims(tf.max(mask, 1, true), 2), 0), changed, kept) as tf.Tensor3D;

/**
 * The image with what case and indication add, study by study: with both CA(CA(image; case); CA(indication; case)), with the case alone CA(image; case), with the
 * indication alone CA(image; indication), with neither the image.
 *
 * @param image [B, 1 + places, D]
 * @returns     the same shape; the caller disposes it
 */
export function fuse(
  { fusion: { heads } }: Pick<WriterConfig, 'fusion'>,
  params: FusionParams,
  image: tf.Tensor3D,
  { similar, indication }: { readonly similar?: FusedText; readonly indication?: FusedText },
): tf.Tensor3D {
  return scope(() => {
    const seen = ({ vectors, mask }: FusedText): Seen => ({ vectors, scores: paddingScores(mask) });
    const ofCase = similar && seen(similar);
    const withCase = ofCase
      ? wherePresent(similar.mask, cross(params.multi_modal_vision_layers!, heads, { vectors: image }, ofCase), image)
      : tf.clone(image);
    if (!indication) return withCase;
    const asked = seen(indication);
    const askedWithCase = ofCase
      ? wherePresent(similar.mask, cross(params.multi_modal_indication_layers!, heads, asked, ofCase), asked.vectors)
      : asked.vectors;
    const both = cross(params.multi_modal_vision_indication_layers!, heads, { vectors: withCase }, { ...asked, vectors: askedWithCase });
    return wherePresent(indication.mask, both, withCase);
  });
}
