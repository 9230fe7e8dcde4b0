/** BERTScore by an encoder of a folder. */

import * as tf from '@tensorflow/tfjs-core';
import type { BertConfig, BertParams } from '../../encoders';
import { bertHiddenStates, completeBertConfig, loadTextEncoderModel } from '../../encoders/internal';
import { compileNetwork, dispose, scope, type Tree } from '../../engine';
import { overRows } from '../../engine/internal';
import { FileError } from '../../files';
import { type BertScore, bertScore, type EmbeddedText } from '../../metrics';
import { loadTokenizer } from '../../tokenizers';

/** Scores pairs of texts. The caller disposes it. */
export interface BertScorer {
  readonly definition: string;
  /** @param candidates one for each of the references @throws the signal's reason where it was raised */
  score(candidates: readonly string[], references: readonly string[], signal?: AbortSignal): Promise<BertScore[]>;
  dispose(): void;
}

/** Tokens of a text at most, for which reports are seldom too long. */
const LONGEST = 256;
const BATCH = 16;

/**
 * Opens a BERT or RoBERTa. Its layer is three quarters of the way up, as the measure's authors chose for most networks: layer 5 of a DistilBERT, 9 of 12, 18 of 24.
 *
 * @throws FileError where the folder holds no such encoder, or no tokenizer
 */
export async function openBertScorer(folder: string): Promise<BertScorer> {
  const own = await loadTokenizer(folder);
  const model = await loadTextEncoderModel(folder);
  const config = model.config as BertConfig;
  if (!['bert', 'roberta', 'xlm-roberta'].includes(config.model_type)) {
    dispose(model.params as Tree);
    throw new FileError(
      folder,
      `BERTScore takes the token states of a BERT or RoBERTa; this is ${JSON.stringify(config.model_type ?? 'CLIP')}`,
    );
  }
  const { num_hidden_layers: layers, hidden_size: width, max_position_embeddings: positions } = completeBertConfig(config);
  const layer = Math.ceil(0.75 * layers);
  const tokenizer = own.withLength(Math.min(LONGEST, own.maxLength, positions));
  const L = tokenizer.maxLength;
  const network = compileNetwork((params: BertParams, ids: tf.Tensor2D, mask: tf.Tensor2D) => ({
    states: scope(() => tf.clone(bertHiddenStates(config, params, ids, { mask })[layer]!)),
  }));
  const embedded = async (texts: readonly string[]): Promise<EmbeddedText[]> => {
    const { ids, mask } = tokenizer.encodeBatch(texts);
    const columns = [
      { values: ids, shape: [L], padding: tokenizer.padId },
      { values: mask, shape: [L], padding: 1 },
    ];
    const run = (...[read, shown]: tf.Tensor[]): { states: tf.Tensor } =>
      network(model.params as BertParams, read as tf.Tensor2D, shown as tf.Tensor2D);
    const { states } = await overRows(run, columns, { states: L * width }, { batch: BATCH });
    return texts.map((_, i) => {
      const tokens = mask.subarray(i * L, (i + 1) * L).reduce((sum, one) => sum + one, 0);
      return {
        embeddings: states.subarray(i * L * width, (i * L + tokens) * width),
        width,
        weights: Array.from({ length: tokens }, (_, at) => Number(at > 0 && at < tokens - 1)), // first and last are marks
      };
    });
  };
  return {
    definition: `mean F1 of BERTScore (Zhang et al. 2020) by layer ${layer} of ${layers} of the encoder given, without rarity weights, not rescaled by a baseline as the paper's is; v1`,
    async score(candidates, references, signal) {
      const scores: BertScore[] = [];
      for (let from = 0; from < candidates.length; from += BATCH) {
        signal?.throwIfAborted();
        const [a, b] = [await embedded(candidates.slice(from, from + BATCH)), await embedded(references.slice(from, from + BATCH))];
        a.forEach((candidate, i) => {
          scores.push(bertScore(candidate, b[i]!));
        });
      }
      return scores;
    },
    dispose() {
      network.dispose();
      dispose(model.params as Tree);
    },
  };
}
