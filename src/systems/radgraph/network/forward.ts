/** DyGIE++'s forward pass (Wadden et al. 2019, arXiv:1909.03546, section 3), in shapes that do not follow from the texts. */

import * as tf from '@tensorflow/tfjs-core';
import { bert } from '../../../encoders';
import { scope } from '../../../engine';
import { detach } from '../../../engine/internal';
import { linearLayer } from '../../../nn';
import { type DygieConfig, spansKept } from './config';
import type { Dropped, DygieHeads, DygieParams, HeadParams } from './params';

/** What the network reads of B reports: W words at most of P pieces at most. */
export type ReportTensors = {
  /** int32 [B, P]. */
  ids: tf.Tensor2D;
  /** 1 for pieces, 0 for padding, int32 [B, P]. */
  mask: tf.Tensor2D;
  /** Each word as the mean of its pieces, [B, W, P]: rows that sum to 1, or to 0 of words that are not there. */
  words: tf.Tensor3D;
  /** 1 where a span lies in its report, [B, W * max_span_width]: by first word, then by width. */
  spans: tf.Tensor2D;
  /** 1 for as many spans as the report's length has relations looked for between, [B, K]. */
  kept: tf.Tensor2D;
};

/** What it makes of them; the caller disposes it. */
export type DygieScores = {
  /** Of each span, [B, W * max_span_width, classes]; no class has the score 0. */
  entities: tf.Tensor3D;
  /** The K spans with the highest scores of the pruner, int32 [B, K], numbers as in `spans`. Behind `kept` they mean nothing. */
  top: tf.Tensor2D;
  /** From each of these to each, [B, K, K, kinds]; no relation has the score 0. */
  relations: tf.Tensor4D;
};

const rows = (weight: tf.Tensor2D, from: number, count: number): tf.Tensor2D => tf.slice(weight, [from, 0], [count, -1]);
/** Of padding: below every score. */
const NEVER = -1e20;

/** A head behind the first layer's products, for which its bias is still to come. */
function behindFirst({ layers, out }: HeadParams, products: tf.Tensor, dropped: readonly tf.Tensor2D[] | undefined): tf.Tensor {
  const drop = (x: tf.Tensor, layer: number): tf.Tensor => {
    const factors = dropped?.[layer];
    if (!factors) return x;
    const [batch, width] = factors.shape;
    return tf.mul(x, tf.reshape(factors, [batch, ...Array<number>(x.rank - 2).fill(1), width]));
  };
  const first = drop(tf.relu(tf.add(products, layers[0]!.bias!)), 0);
  return linearLayer(out, drop(tf.relu(linearLayer(layers[1]!, first)), 1));
}

/** Scores of all spans: the products with first word, last word and width are made once each, and added for the spans that have them. */
function scoreSpans(
  { layers, out }: HeadParams,
  words: tf.Tensor3D,
  widths: tf.Tensor2D,
  dropped: readonly tf.Tensor2D[] | undefined,
): tf.Tensor3D {
  const [batch, count, channels] = words.shape;
  const { weight } = layers[0]!;
  const starts = linearLayer({ weight: rows(weight, 0, channels) }, words); // [B, W, h]
  const ends = linearLayer({ weight: rows(weight, channels, channels) }, words);
  const ofWidth = linearLayer({ weight: rows(weight, 2 * channels, widths.shape[1]) }, widths); // [M, h]
  const [most, hidden] = ofWidth.shape;
  const later = tf.pad(ends, [
    [0, 0],
    [0, most - 1],
    [0, 0],
  ]);
  const shifted = Array.from({ length: most }, (_, width) => tf.slice(later, [0, width, 0], [batch, count, hidden]));
  const products = tf.add(tf.add(tf.stack(shifted, 2), tf.expandDims(starts, 2)), ofWidth); // [B, W, M, h]
  const scores = behindFirst({ layers, out }, products, dropped);
  return tf.reshape(scores, [batch, count * most, scores.shape[3]!]);
}

/** Vectors of some spans, [B, K, 2C + feature]: first word, last word, width. */
function spanVectors(words: tf.Tensor3D, widths: tf.Tensor2D, spans: tf.Tensor2D): tf.Tensor3D {
  const most = tf.scalar(widths.shape[0], 'int32');
  const starts = tf.floorDiv(spans, most);
  const width = tf.sub(spans, tf.mul(starts, most));
  const at = (index: tf.Tensor, count: number): tf.Tensor3D => tf.cast(tf.oneHot(index as tf.Tensor2D, count), 'float32') as tf.Tensor3D;
  const count = words.shape[1];
  const ofWidth = linearLayer({ weight: widths }, at(width, widths.shape[0]));
  return tf.concat([tf.matMul(at(starts, count), words), tf.matMul(at(tf.add(starts, width), count), words), ofWidth], 2) as tf.Tensor3D;
}

/** Scores of all pairs of spans: the pair is [a; b; a∘b], of which the products with a and with b are made once each. */
function scorePairs({ layers, out }: HeadParams, spans: tf.Tensor3D, dropped: readonly tf.Tensor2D[] | undefined): tf.Tensor4D {
  const width = spans.shape[2];
  const { weight } = layers[0]!;
  const [a, b] = [0, 1].map((part) => linearLayer({ weight: rows(weight, part * width, width) }, spans)); // [B, K, h]
  const both = tf.mul(tf.expandDims(spans, 2), tf.expandDims(spans, 1)); // [B, K, K, D]
  const product = linearLayer({ weight: rows(weight, 2 * width, width) }, both);
  return behindFirst({ layers, out }, tf.add(tf.add(product, tf.expandDims(a!, 2)), tf.expandDims(b!, 1)), dropped) as tf.Tensor4D;
}

/** The vectors of reports' words: each the mean of its pieces' states, [B, W, C]; the caller disposes them. */
export function wordVectors(config: DygieConfig, params: Pick<DygieParams, 'bert'>, { ids, mask, words }: ReportTensors): tf.Tensor3D {
  return scope(() => tf.matMul(words, bert(config.bert, params.bert, ids, { mask }).lastHiddenState));
}

/** Scores of relations from each of some spans to each, [B, K, K, kinds]: the pair's, and what the pruner says of both. */
function scoreRelations(heads: DygieHeads, words: tf.Tensor3D, spans: tf.Tensor2D, dropped?: Dropped): tf.Tensor4D {
  const vectors = spanVectors(words, heads.width_embedding.weight, spans);
  const { weight } = heads.pruner.layers[0]!;
  const scores = behindFirst(heads.pruner, linearLayer({ weight }, vectors), dropped?.pruner); // [B, K, 1]
  const pairs = scorePairs(heads.relation, vectors, dropped?.relation);
  return tf.add(tf.add(pairs, tf.expandDims(scores, 2)), tf.expandDims(scores, 1)) as tf.Tensor4D;
}

/** The heads on words' vectors. */
export function dygieHeads(
  config: DygieConfig,
  heads: DygieHeads,
  words: tf.Tensor3D,
  { spans }: Pick<ReportTensors, 'spans'>,
  dropped?: Dropped,
): DygieScores {
  return scope(() => {
    const widths = heads.width_embedding.weight;
    const entities = scoreSpans(heads.entity, words, widths, dropped?.entity);
    const fixed = detach(words); // which spans are kept has no gradient
    const chances = scoreSpans(heads.pruner, fixed, widths, dropped?.pruner);
    const shown = tf.where(tf.greater(spans, 0), tf.squeeze(detach(chances), [2]), tf.scalar(NEVER));
    const top = tf.topk(shown, spansKept(config, words.shape[1])).indices as tf.Tensor2D;
    const relations = scoreRelations(heads, words, top, dropped);
    return { entities, top, relations };
  });
}

/** The whole network. */
export const dygie = (config: DygieConfig, params: DygieParams, reports: ReportTensors, dropped?: Dropped): DygieScores =>
  scope(() => dygieHeads(config, params, wordVectors(config, params, reports), reports, dropped));

/** Relations between spans that are given, such as gold ones, int32 [B, K] with numbers as in `ReportTensors.spans`: [B, K, K, kinds]; the caller disposes it. */
export const relationsBetween = (config: DygieConfig, params: DygieParams, reports: ReportTensors, spans: tf.Tensor2D): tf.Tensor4D =>
  scope(() => scoreRelations(params, wordVectors(config, params, reports), spans));
