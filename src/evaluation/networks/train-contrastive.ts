/** Training the contrastive network on images and their texts. */

import type * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, scope, split } from '../../engine';
import { convirtLoss } from '../../training';
import { augmentedImages, dataOrder, tokenRows, trainNormalised } from '../../training/internal';
import {
  type ContrastiveConfig,
  type ContrastiveModel,
  type ContrastiveParams,
  imageVectors,
  initContrastive,
  textVectors,
} from './contrastive';
import type { TrainOnTextsOptions } from './texts-of-images';

/** ConVIRT's own: temperature, and what the image's side weighs (section 4.1). */
export const CONVIRT = { tau: 0.1, lambda: 0.75 } as const;

type Batch = { images: tf.Tensor4D; ids: tf.Tensor2D; mask: tf.Tensor2D };

/**
 * Trains from random weights by ConVIRT's loss: each image finds its text among those of a batch, each text its image.
 *
 * @throws RangeError where all texts are the same; the signal's reason where it ended the training
 */
export async function trainContrastive(options: TrainOnTextsOptions<ContrastiveConfig>): Promise<ContrastiveModel> {
  const { config, tokenizer, pixels, texts, optimisation, signal, onStep } = options;
  if (new Set(texts).size < 2)
    throw new RangeError('contrastive network: all texts are the same, so that images cannot be told apart by them');
  const [initial, ordering, augmenting] = split(options.key, 3) as [Key, Key, Key];
  const { batch_size: B } = optimisation;
  const L = tokenizer.maxLength;
  const order = dataOrder(ordering, texts.length, B);
  const { ids, mask } = tokenizer.encodeBatch(texts);
  const { params } = await trainNormalised<ContrastiveParams, Batch>({
    params: initContrastive(config, initial),
    async batch(index) {
      const chosen = order(index);
      const images = await augmentedImages(pixels, chosen, config.image.size, foldIn(augmenting, index));
      return { images, ids: tokenRows(ids, chosen, L), mask: tokenRows(mask, chosen, L) };
    },
    loss: (weights, batch, statistics) =>
      scope(() => {
        const images = imageVectors(config, weights, batch.images, statistics);
        return convirtLoss(images, textVectors(config, weights, batch.ids, batch.mask), CONVIRT).loss;
      }),
    optimisation,
    ...(signal && { signal }),
    ...(onStep && { onStep }),
  });
  return { config, params, tokenizer };
}
