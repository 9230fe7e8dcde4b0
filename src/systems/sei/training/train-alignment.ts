/** Stage 1's training: each image finds its text among those of a batch, each word what it sees of the image. */

import { foldIn, type Key, split } from '../../../engine';
import type { Rows } from '../../../files';
import type { Tokenizer } from '../../../tokenizers';
import type { Watched } from '../../../training';
import { augmentedImages, dataOrder, trainNormalised } from '../../../training/internal';
import type { SeiStudy } from '../annotation';
import { alignedText, textBatch, textRows } from '../data/texts';
import { type AlignmentBatch, type AlignmentParams, alignmentLoss, initAlignment } from '../network/alignment';
import { checkAlignmentConfig } from '../network/config';
import type { AlignmentModel } from '../network/files';
import { alignmentConfigOf, type SeiRecipe } from './recipe';

/** What studies a training takes, and what of them it cannot learn from. */
export interface StudiesTaken {
  readonly studies: number;
  /** Without a text to align with: skipped. */
  readonly withoutText: number;
  /** Texts longer than what is read. */
  readonly cut: number;
}

export interface TrainSeiOptions extends Watched {
  readonly recipe: SeiRecipe;
  readonly tokenizer: Tokenizer;
  readonly studies: readonly SeiStudy[];
  /** Of the studies, in their order. */
  readonly pixels: Rows;
  readonly key: Key;
  /** Called once before training. */
  readonly onTaken?: (taken: StudiesTaken) => void;
}

/** What a training leaves. */
export interface Trained<M> {
  /** The caller disposes its parameters. */
  readonly model: M;
  readonly seconds: number;
  readonly steps: number;
}

/**
 * Trains from random weights.
 *
 * @throws RangeError where fewer than two studies have a text, or sizes do not fit; the signal's reason where it was raised
 */
export async function trainAlignment(options: TrainSeiOptions): Promise<Trained<AlignmentModel>> {
  const { recipe, tokenizer, studies, pixels, key, onTaken, signal, onStart, onStep, checkpoints } = options;
  const { aligns, optimisation } = recipe.alignment;
  const config = alignmentConfigOf(recipe, tokenizer);
  checkAlignmentConfig(config);
  const texts = studies.map((study) => alignedText(study, aligns));
  const taken = Int32Array.from(texts.flatMap((text, row) => (text === undefined ? [] : [row])));
  if (taken.length < 2) throw new RangeError(`sei: expected two studies with a text to align with, or more, got ${taken.length}`);
  const rows = textRows(tokenizer.withLength(windowOf(recipe)), texts);
  onTaken?.({ studies: studies.length, withoutText: studies.length - taken.length, cut: rows.cut });
  const [initial, ordering, augmenting] = split(key, 3) as [Key, Key, Key];
  const order = dataOrder(ordering, taken.length, optimisation.batch_size);
  const { params, seconds, log } = await trainNormalised<AlignmentParams, AlignmentBatch>({
    params: initAlignment(config, initial),
    async batch(index) {
      const chosen = order(index).map((i) => taken[i]!);
      return {
        images: await augmentedImages(pixels, chosen, config.image.size, foldIn(augmenting, index)),
        texts: textBatch(rows, chosen),
      };
    },
    loss: (weights, batch, statistics) => alignmentLoss(config, weights, batch, statistics),
    optimisation,
    ...(signal && { signal }),
    ...(onStart && { onStart }),
    ...(onStep && { onStep }),
    ...(checkpoints && { checkpoints }),
  });
  return { model: { config, params, tokenizer }, seconds, steps: log.length };
}

/** Tokens that the text encoder reads. */
export const windowOf = ({ text }: SeiRecipe): number => text.max_position_embeddings ?? 512;
