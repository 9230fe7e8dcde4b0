/** The parameters of DyGIE++'s heads and of the BERT below them. */

import type * as tf from '@tensorflow/tfjs-core';
import type { BertParams } from '../../../encoders';
import { bertShapes, completeBertConfig, initBert } from '../../../encoders/internal';
import { dispose, type Key, split, type Tree } from '../../../engine';
import type { EmbeddingParams, LinearParams, Spec } from '../../../nn';
import { embeddingSpec, initialise, linearSpec, specShapes } from '../../../nn/internal';
import type { DygieConfig } from './config';

/** Two layers with ReLU, and scores. */
export type HeadParams = { layers: LinearParams[]; out: LinearParams };

export type DygieHeads = {
  /** A vector for each width of a span, [max_span_width, feature_size]. */
  width_embedding: EmbeddingParams;
  /** Of each span: its classes. */
  entity: HeadParams;
  /** Of each span: whether it may be an end of a relation. */
  pruner: HeadParams;
  /** Of each pair of spans: its kinds. */
  relation: HeadParams;
};

export type DygieParams = DygieHeads & { bert: BertParams };

/** Length of the vector of a span: its first word, its last word, its width. */
export const spanWidth = ({ bert, feature_size }: DygieConfig): number => 2 * completeBertConfig(bert).hidden_size + feature_size;

/** Xavier's normal weights (Glorot and Bengio 2010), as DyGIE++ starts. */
const xavier = (from: number, to: number): Spec<LinearParams> => linearSpec(from, to, { std: Math.sqrt(2 / (from + to)) });

function headsSpec(config: DygieConfig): Spec<DygieHeads> {
  const { hidden_dims, max_span_width: widths, feature_size: feature, entity_labels, relation_labels } = config;
  const [first, second] = hidden_dims;
  const head = (inputs: number, outputs: number): Spec<HeadParams> => ({
    layers: [xavier(inputs, first), xavier(first, second)],
    out: xavier(second, outputs),
  });
  const span = spanWidth(config);
  return {
    width_embedding: embeddingSpec(widths, feature, Math.sqrt(2 / (widths + feature))),
    entity: head(span, entity_labels.length),
    pruner: head(span, 1),
    relation: head(3 * span, relation_labels.length),
  };
}

/** Random weights; the caller disposes them. */
export function initDygie(config: DygieConfig, key: Key): DygieParams {
  const [headsKey, bertKey] = split(key) as [Key, Key];
  const { pooler, ...bert } = initBert(config.bert, bertKey);
  dispose(pooler as Tree | undefined);
  return { ...initHeads(config, headsKey), bert };
}

/** Random heads, for a BERT that is there; the caller disposes them. */
export const initHeads = (config: DygieConfig, key: Key): DygieHeads => initialise<DygieHeads>(headsSpec(config), key);

/** Every parameter's shape by its path; nothing is allocated. */
export function dygieShapes(config: DygieConfig): Record<string, number[]> {
  const bert = Object.entries(bertShapes(config.bert)).map(([path, shape]): [string, number[]] => [`bert.${path}`, shape]);
  return { ...specShapes(headsSpec(config)), ...Object.fromEntries(bert) };
}

/** Factors that switch units of the heads' layers off, 0 or above 1, the same for all spans of a report: [B, width] each. */
export type Dropped = { readonly [head in 'entity' | 'pruner' | 'relation']: readonly tf.Tensor2D[] };
