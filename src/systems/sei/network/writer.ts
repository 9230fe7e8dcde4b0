/** Stage 2: a report from an image, a similar case and the indication (Liu et al. 2024, arXiv:2405.14905). */

import * as tf from '@tensorflow/tfjs-core';
import { initR2Gen, nextTokenLoss, type R2GenParams, r2genDecode, r2genEncode } from '../../../decoders';
import { causalScores, r2genShapes } from '../../../decoders/internal';
import type { BertParams } from '../../../encoders';
import { bertShapes, initBert } from '../../../encoders/internal';
import { cloneTree, dispose, flatten, type Key, scope, split, type Tree, unflatten } from '../../../engine';
import type { BatchStatistics, Spec } from '../../../nn';
import { initialise, specShapes } from '../../../nn/internal';
import { initResNet } from '../../../vision';
import { resnetShapes } from '../../../vision/internal';
import { type AlignmentParams, below, restOf, textProjection, visualProjections } from './alignment';
import type { WriterConfig } from './config';
import { type TextTensors, textualVectors, type VisualParams, visualVectors } from './encode';
import { type FusionParams, fuse, fusionSpec } from './fusion';
import type { ProjectionParams } from './heads';

/** A text encoder with its projections, by the names of the paper's modules: `not_inc` reads cases and stays as it is, `inc` reads indications. */
export type CaseReader = { text_encoder_not_inc: BertParams; text_global_not_inc: ProjectionParams; text_local_not_inc: ProjectionParams };
export type IndicationReader = { text_encoder_inc: BertParams; text_global_inc: ProjectionParams; text_local_inc: ProjectionParams };

/** Parts of what is not read are left out. */
export type WriterParams = VisualParams & Partial<CaseReader> & Partial<IndicationReader> & FusionParams & { text_decoder: R2GenParams };

/** What reports are written from; what the config does not read is left out. */
export type WriterInputs = { images: tf.Tensor4D; similar?: TextTensors; indication?: TextTensors };

/** Whether a parameter is of the case's encoder, which does not train. */
export const isOfCaseReader = (path: string): boolean => /^text_(encoder|global|local)_not_inc\./.test(path);

type Plain = Omit<WriterParams, 'visual_extractor' | 'text_encoder_not_inc' | 'text_encoder_inc' | 'text_decoder'>;

function plainSpec(config: WriterConfig): Spec<Plain> {
  const read = (name: 'not_inc' | 'inc'): Record<string, Spec<ProjectionParams>> => ({
    [`text_global_${name}`]: textProjection(config),
    [`text_local_${name}`]: textProjection(config),
  });
  return {
    ...visualProjections(config),
    ...(config.reads.includes('case') && read('not_inc')),
    ...(config.reads.includes('indication') && read('inc')),
    ...fusionSpec(config),
  } as Spec<Plain>;
}

/**
 * Weights to begin with: those of stage 1 where they are given, else random ones.
 *
 * @param start of the same encoders; borrowed
 * @returns     the caller disposes the tree
 */
export function initWriter(config: WriterConfig, key: Key, start?: AlignmentParams): WriterParams {
  const [image, ofCase, ofIndication, others, decoder] = split(key, 5) as [Key, Key, Key, Key, Key];
  const { reads } = config;
  const made: WriterParams = {
    visual_extractor: initResNet(config.image.resnet, image),
    ...(reads.includes('case') && { text_encoder_not_inc: initBert(config.text, ofCase) }),
    ...(reads.includes('indication') && { text_encoder_inc: initBert(config.text, ofIndication) }),
    ...initialise<Plain>(plainSpec(config), others),
    text_decoder: initR2Gen(config.decoder, decoder),
  };
  if (!start) return made;
  const { text_encoder: encoder, text_global: global, text_local: local, ...visual } = start;
  const begun = {
    ...visual,
    ...(reads.includes('case') && { text_encoder_not_inc: encoder, text_global_not_inc: global, text_local_not_inc: local }),
    ...(reads.includes('indication') && { text_encoder_inc: encoder, text_global_inc: global, text_local_inc: local }),
  };
  const leaves = flatten({ ...made, ...cloneTree(begun) } as Tree);
  for (const name of Object.keys(begun) as (keyof WriterParams)[]) dispose(made[name] as Tree);
  // In one order, wherever the start came from: sums over all parameters are rounded by it.
  return unflatten<Tree>(Object.fromEntries(Object.keys(writerShapes(config)).map((path) => [path, leaves[path]!]))) as WriterParams;
}

/** Every parameter's shape by its path; nothing is allocated. */
export function writerShapes(config: WriterConfig): Record<string, number[]> {
  const bert = (name: string): Record<string, number[]> => below(`text_encoder_${name}`, bertShapes(config.text));
  return {
    ...below('visual_extractor', resnetShapes(config.image.resnet)),
    ...(config.reads.includes('case') && bert('not_inc')),
    ...(config.reads.includes('indication') && bert('inc')),
    ...specShapes(plainSpec(config)),
    ...below('text_decoder', r2genShapes(config.decoder)),
  };
}

/**
 * What the decoder attends to: the fused places, read by the decoder's own encoder. The vector of the whole image, which took part in the fusion, is not among them.
 *
 * @param dropped of `r2genEncode`
 * @returns       [B, places, d_model]; the caller disposes it
 */
export function writerContext(
  config: WriterConfig,
  params: WriterParams,
  { images, similar, indication }: WriterInputs,
  { statistics, dropped }: { readonly statistics?: BatchStatistics; readonly dropped?: tf.Tensor3D } = {},
): tf.Tensor3D {
  return scope(() => {
    const image = visualVectors(config, params, images, statistics);
    const ofCase = similar && {
      vectors: textualVectors(config, caseReader(params), similar), // it does not train: its running statistics stand for the batch's
      mask: similar.mask,
    };
    const asked = indication && {
      vectors: textualVectors(config, indicationReader(params), indication, statistics),
      mask: indication.mask,
    };
    const fused = fuse(config, params, image, { ...(ofCase && { similar: ofCase }), ...(asked && { indication: asked }) });
    return r2genEncode(config.decoder, params.text_decoder, restOf(fused), dropped);
  });
}

const caseReader = (p: WriterParams): Parameters<typeof textualVectors>[1] => ({
  encoder: p.text_encoder_not_inc!,
  global: p.text_global_not_inc!,
  local: p.text_local_not_inc!,
});

const indicationReader = (p: WriterParams): Parameters<typeof textualVectors>[1] => ({
  encoder: p.text_encoder_inc!,
  global: p.text_global_inc!,
  local: p.text_local_inc!,
});

/**
 * Logits of the next token at every place of reports that are known.
 *
 * @param ids     int32 [B, L], padded at the end
 * @param context of `writerContext`
 * @returns       [B, L, vocabulary]; the caller disposes it
 */
export function writerLogits(config: WriterConfig, params: WriterParams, ids: tf.Tensor2D, context: tf.Tensor3D): tf.Tensor3D {
  return scope(() => {
    const [, L] = ids.shape;
    const scores = causalScores({ mask: [new Array<number>(L).fill(1)], from: 0, length: L }); // padding stands behind all tokens
    const positions = tf.reshape(tf.range(0, L, 1, 'int32'), [1, L]) as tf.Tensor2D;
    return r2genDecode(config.decoder, params.text_decoder, { ids, positions, scores, context }).logits;
  });
}

export type WriterBatch = WriterInputs & {
  ids: tf.Tensor2D;
  /** The same with -100 for padding. */
  labels: tf.Tensor2D;
  dropped?: tf.Tensor3D;
};

/** Mean cross-entropy of the reports' tokens, nats; the caller disposes it. @param statistics in training mode */
export function writerLoss(config: WriterConfig, params: WriterParams, batch: WriterBatch, statistics?: BatchStatistics): tf.Scalar {
  const { ids, labels, dropped } = batch;
  return scope(() => {
    const context = writerContext(config, params, batch, { ...(statistics && { statistics }), ...(dropped && { dropped }) });
    return nextTokenLoss(writerLogits(config, params, ids, context), labels);
  });
}
