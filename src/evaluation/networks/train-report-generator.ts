/** Training the report generator: each token of a text from the image and the tokens before it. */

import type * as tf from '@tensorflow/tfjs-core';
import { nextTokenLoss } from '../../decoders';
import { foldIn, type Key, scope, split } from '../../engine';
import type { Tokenizer } from '../../tokenizers';
import { augmentedImages, dataOrder, tokenRows, trainNormalised } from '../../training/internal';
import {
  imageContext,
  initReportGenerator,
  type ReportGenerator,
  type ReportGeneratorConfig,
  type ReportGeneratorParams,
  reportLogits,
} from './report-generator';
import type { TrainOnTextsOptions } from './texts-of-images';

type Batch = { images: tf.Tensor4D; ids: tf.Tensor2D; labels: tf.Tensor2D };

/** What a token of padding is to a loss: nothing. */
const IGNORED = -100;

/** Ids of the texts, and the same with padding left out of the loss, [n × L] each. */
export function reportTargets(tokenizer: Tokenizer, texts: readonly string[]): { readonly ids: Int32Array; readonly labels: Int32Array } {
  const { ids, mask } = tokenizer.encodeBatch(texts);
  return { ids, labels: ids.map((id, i) => (mask[i] === 1 ? id : IGNORED)) };
}

/**
 * Trains from random weights.
 *
 * @throws the signal's reason where it ended the training
 */
export async function trainReportGenerator(options: TrainOnTextsOptions<ReportGeneratorConfig>): Promise<ReportGenerator> {
  const { config, tokenizer, pixels, texts, optimisation, signal, onStep } = options;
  const [initial, ordering, augmenting] = split(options.key, 3) as [Key, Key, Key];
  const { batch_size: B } = optimisation;
  const L = tokenizer.maxLength;
  const order = dataOrder(ordering, texts.length, B);
  const { ids, labels } = reportTargets(tokenizer, texts);
  const { params } = await trainNormalised<ReportGeneratorParams, Batch>({
    params: initReportGenerator(config, initial),
    async batch(index) {
      const chosen = order(index);
      const images = await augmentedImages(pixels, chosen, config.image.size, foldIn(augmenting, index));
      return { images, ids: tokenRows(ids, chosen, L), labels: tokenRows(labels, chosen, L) };
    },
    loss: (weights, batch, statistics) =>
      scope(() => {
        const context = imageContext(config, weights, batch.images, statistics);
        return nextTokenLoss(reportLogits(config, weights, batch.ids, context), batch.labels);
      }),
    optimisation,
    ...(signal && { signal }),
    ...(onStep && { onStep }),
  });
  return { config, params, tokenizer };
}
