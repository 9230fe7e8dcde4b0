/** An encoder of its own for a domain's texts: BERT trained by masked language modelling (Devlin et al. 2019, arXiv:1810.04805, section 3.1). */

import * as tf from '@tensorflow/tfjs-core';
import { type BertConfig, type BertParams, bert } from '../encoders';
import { completeBertConfig, initBert } from '../encoders/internal';
import { cloneTree, dispose, foldIn, type Key, randomInts, scope, split, type Tree, uniformArray } from '../engine';
import { gelu } from '../engine/internal';
import { type LinearParams, linearLayer, type NormParams } from '../nn';
import { initialise, layerNormLayer, linearSpec, normSpec } from '../nn/internal';
import type { Tokenizer } from '../tokenizers';
import { type CutTexts, countCut } from './cut-texts';
import { dataOrder } from './data-order';
import type { Optimisation } from './optimiser/optimisation';
import type { StepLog } from './step-log';
import { type CheckpointOptions, type TrainResult, train } from './train';

/** Which tokens are asked for, and what stands in their place. */
export const MASKING = { share: 0.15, masked: 0.8, random: 0.1 } as const;

/** The encoder, and the head that says which token was there; its last layer is the table of tokens. */
export type MlmParams = { bert: BertParams; head: { dense: LinearParams; LayerNorm: NormParams; bias: tf.Tensor1D } };

/** A batch's tokens with some hidden. */
export interface MaskedTokens {
  /** What the encoder reads, [n × L]. */
  readonly ids: Int32Array;
  /** 1 where the token is asked for. */
  readonly asked: Float32Array;
}

/**
 * Hides tokens: 15% are asked for; of these 80% become the mask, 10% any token, 10% stay. Special tokens and padding are never asked for.
 *
 * @param ids  rows of tokens
 * @param free whether a token may be asked for
 */
export function maskTokens(ids: Int32Array, free: (id: number) => boolean, maskId: number, vocabularySize: number, key: Key): MaskedTokens {
  const [choosing, changing, drawing] = split(key, 3) as [Key, Key, Key];
  const [selection, replacement] = [uniformArray(choosing, ids.length), uniformArray(changing, ids.length)];
  const others = randomInts(drawing, ids.length, 0, vocabularySize);
  const hidden = ids.slice();
  const weights = new Float32Array(ids.length);
  ids.forEach((id, i) => {
    if (!free(id) || selection[i]! >= MASKING.share) return;
    weights[i] = 1;
    if (replacement[i]! < MASKING.masked) hidden[i] = maskId;
    else if (replacement[i]! < MASKING.masked + MASKING.random) hidden[i] = others[i]!;
  });
  return { ids: hidden, asked: weights };
}

/** Random weights of the encoder without pooler, and of the head; the caller disposes them. */
export function initMlm(config: BertConfig, key: Key): MlmParams {
  const [bodyKey, headKey] = split(key) as [Key, Key];
  const { hidden_size: width, vocab_size: vocabulary, initializer_range: std } = completeBertConfig(config);
  const { pooler, ...body } = initBert(config, bodyKey);
  dispose(pooler as Tree | undefined);
  const head = initialise<{ dense: LinearParams; LayerNorm: NormParams }>(
    { dense: linearSpec(width, width, { std }), LayerNorm: normSpec(width) },
    headKey,
  );
  return { bert: body, head: { ...head, bias: tf.zeros([vocabulary]) } };
}

/** Logits of every token at every place, [B L, V]; the caller disposes them. */
export function mlmLogits(config: BertConfig, { bert: body, head }: MlmParams, ids: tf.Tensor2D, mask: tf.Tensor2D): tf.Tensor2D {
  const { layer_norm_eps: eps } = completeBertConfig(config);
  return scope(() => {
    const { lastHiddenState } = bert(config, body, ids, { mask });
    const states = tf.reshape(lastHiddenState, [-1, lastHiddenState.shape[2]]) as tf.Tensor2D;
    const h = layerNormLayer(head.LayerNorm, gelu(linearLayer(head.dense, states)), eps);
    return tf.add(tf.matMul(h, body.embeddings.word_embeddings.weight, false, true), head.bias) as tf.Tensor2D;
  });
}

type Batch = { ids: tf.Tensor2D; mask: tf.Tensor2D; targets: tf.Tensor1D; asked: tf.Tensor1D };

export interface TrainMlmOptions {
  readonly config: BertConfig;
  /** BERT's kind: it has a mask token. */
  readonly tokenizer: Tokenizer;
  readonly texts: readonly string[];
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  /** Called once before training with how many of the texts are cut. */
  readonly onTexts?: (cut: CutTexts) => void;
  readonly onStep?: (log: StepLog) => void | Promise<void>;
  readonly checkpoints?: CheckpointOptions;
}

/**
 * Trains from random weights on the mean cross-entropy of the hidden tokens. Logged beside the loss: `accuracy`, the share of them that is found.
 *
 * @returns the encoder without the head; the caller disposes it
 * @throws RangeError where the tokenizer has no mask token
 */
export async function trainMlm(options: TrainMlmOptions): Promise<TrainResult<BertParams>> {
  const { config, tokenizer, texts, optimisation, signal, onTexts, onStep, checkpoints } = options;
  const maskId = tokenizer.idOf('[MASK]');
  if (maskId === undefined) throw new RangeError('trainMlm: tokenizer: expected one with a token [MASK]');
  const { batch_size: B } = optimisation;
  const L = tokenizer.maxLength;
  const V = tokenizer.vocabularySize;
  const [initial, ordering, hiding] = split(options.key, 3) as [Key, Key, Key];
  const order = dataOrder(ordering, texts.length, B);
  const { ids, mask, lostTokens } = tokenizer.encodeBatch(texts);
  onTexts?.({ texts: texts.length, cut: countCut(lostTokens), window: L });
  const fixed = new Set([tokenizer.padId, tokenizer.startId, tokenizer.endId]);
  const batch = (index: number): Batch => {
    const [rows, shown] = [new Int32Array(B * L), new Int32Array(B * L)];
    order(index).forEach((record, b) => {
      rows.set(ids.subarray(record * L, (record + 1) * L), b * L);
      shown.set(mask.subarray(record * L, (record + 1) * L), b * L);
    });
    const hidden = maskTokens(rows, (id) => !fixed.has(id), maskId, V, foldIn(hiding, index));
    return {
      ids: tf.tensor2d(hidden.ids, [B, L], 'int32'),
      mask: tf.tensor2d(shown, [B, L], 'int32'),
      targets: tf.tensor1d(rows, 'int32'),
      asked: tf.tensor1d(hidden.asked),
    };
  };
  const params = initMlm(config, initial);
  try {
    const { params: last, ...rest } = await train<MlmParams, Batch>({
      params,
      handOver: true,
      batch,
      optimisation,
      loss: (trained, inputs) =>
        scope(() => {
          const logits = mlmLogits(config, trained, inputs.ids, inputs.mask);
          const targetLogits = tf.sum(tf.mul(logits, tf.oneHot(inputs.targets, V)), 1);
          const count = tf.maximum(tf.sum(inputs.asked), 1);
          const mean = (x: tf.Tensor): tf.Scalar => tf.div(tf.sum(tf.mul(x, inputs.asked)), count) as tf.Scalar;
          const correct = tf.cast(tf.equal(tf.argMax(logits, 1), inputs.targets), 'float32');
          return { loss: mean(tf.sub(tf.logSumExp(logits, 1), targetLogits)), aux: { accuracy: mean(correct) } };
        }),
      signal,
      onStep,
      checkpoints,
    });
    const encoder = cloneTree(last.bert);
    dispose(last as never);
    return { ...rest, params: encoder };
  } finally {
    dispose(params as never);
  }
}
