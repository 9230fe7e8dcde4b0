/** Stage 2's training: each token of a report from its image, a similar case, the indication and the tokens before it. */

import * as tf from '@tensorflow/tfjs-core';
import { foldIn, type Key, split, type Tree, uniformArray } from '../../../engine';
import { augmentedImages, dataOrder, tokenRows, trainNormalised } from '../../../training/internal';
import { placesOf } from '../../../vision/internal';
import { caseText, indicationText, textBatch, textRows } from '../data/texts';
import type { AlignmentParams } from '../network/alignment';
import { checkWriterConfig, type WriterConfig } from '../network/config';
import type { WriterModel } from '../network/files';
import { initWriter, isOfCaseReader, type WriterBatch, type WriterParams, writerLoss } from '../network/writer';
import { writerConfigOf } from './recipe';
import { type Trained, type TrainSeiOptions, windowOf } from './train-alignment';

/** What a token of padding is to the loss: nothing. */
const IGNORED = -100;

export interface TrainWriterOptions extends TrainSeiOptions {
  /** Of stage 1, where the recipe begins with it; borrowed. */
  readonly aligned?: AlignmentParams;
}

/**
 * Trains the writer. Studies without a case or an indication are learnt from without.
 *
 * @throws RangeError where sizes do not fit, or the recipe begins with stage 1's encoders and there are none; the signal's reason where it was raised
 */
export async function trainWriter(options: TrainWriterOptions): Promise<Trained<WriterModel>> {
  const { recipe, tokenizer, studies, pixels, key, aligned, onTaken, signal, onStart, onStep, checkpoints } = options;
  const { reads, begins, dropout, optimisation } = recipe.writer;
  const config = writerConfigOf(recipe, tokenizer);
  checkWriterConfig(config);
  if (begins === 'aligned' && !aligned)
    throw new RangeError('sei: the recipe begins with the aligned encoders of stage 1, and there are none');
  const read = tokenizer.withLength(windowOf(recipe));
  const similar = reads.includes('case') ? textRows(read, studies.map(caseText)) : undefined;
  const indication = reads.includes('indication') ? textRows(read, studies.map(indicationText)) : undefined;
  const L = config.decoder.max_seq_length!;
  const reports = textRows(
    tokenizer.withLength(L),
    studies.map(({ report }) => report),
  );
  const labels = reports.ids.map((id, i) => (reports.mask[i] === 1 ? id : IGNORED));
  onTaken?.({ studies: studies.length, withoutText: 0, cut: reports.cut });
  const [initial, ordering, augmenting, dropping] = split(key, 4) as [Key, Key, Key, Key];
  const order = dataOrder(ordering, studies.length, optimisation.batch_size);
  const { params, seconds, log } = await trainNormalised<Tree, Tree>({
    params: initWriter(config, initial, begins === 'aligned' ? aligned : undefined) as Tree,
    isFixed: isOfCaseReader,
    async batch(index): Promise<WriterBatch> {
      const chosen = order(index);
      return {
        images: await augmentedImages(pixels, chosen, config.image.size, foldIn(augmenting, index)),
        ...(similar && { similar: textBatch(similar, chosen) }),
        ...(indication && { indication: textBatch(indication, chosen) }),
        ids: tokenRows(reports.ids, chosen, L),
        labels: tokenRows(labels, chosen, L),
        ...(dropout > 0 && { dropped: droppedOf(config, chosen.length, dropout, foldIn(dropping, index)) }),
      };
    },
    loss: (weights, batch, statistics) => writerLoss(config, weights as WriterParams, batch as WriterBatch, statistics),
    optimisation,
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  return { model: { config, params: params as WriterParams, tokenizer }, seconds, steps: log.length };
}

/** Factors of the places' vectors: 0, and 1 / (1 - rate) for those that stay. */
function droppedOf({ image, decoder }: WriterConfig, batch: number, rate: number, key: Key): tf.Tensor3D {
  const shape: [number, number, number] = [batch, placesOf(image).count, decoder.d_model!];
  const drawn = uniformArray(key, batch * shape[1] * shape[2]);
  return tf.tensor3d(
    drawn.map((value) => (value < rate ? 0 : 1 / (1 - rate))),
    shape,
  );
}
