/** What an editing model sees beside the noisy latents: the image that it starts from. Brooks et al. 2023 (InstructPix2Pix), arXiv:2211.09800, section 3.2. */

import * as tf from '@tensorflow/tfjs-core';
import type { Rows } from '../files';

/** The originals of n examples, as cached latents. */
export interface OriginalImages {
  /** Of each example the mean of its original's latents, not scaled, [h, w, k]; where left out there is no original, which zeros stand for. */
  readonly means?: Rows;
  /** Fraction of examples that are shown zeros in place of their original, and fraction that are shown neither original nor text. */
  readonly dropout: number;
  readonly bothDropout: number;
}

/**
 * Which examples lose their original. One draw decides on text and original: the text goes where u < `textDropout`, the original in a range that begins `bothDropout`
 * below that.
 *
 * @param draws u of each example, 0 to 1
 */
export function droppedOriginals(draws: ArrayLike<number>, textDropout: number, { dropout, bothDropout }: OriginalImages): boolean[] {
  const from = textDropout - bothDropout;
  return Array.from(draws, (u) => u >= from && u < from + dropout);
}

/** @throws RangeError where more is to be dropped at once than alone, or more than all */
export function checkDropouts(where: string, textDropout: number, { dropout, bothDropout }: OriginalImages): void {
  if (bothDropout > Math.min(textDropout, dropout) || textDropout + dropout - bothDropout > 1)
    throw new RangeError(
      `${where}: expected both_dropout within text_dropout and original_dropout, and all three together at most 1; got ${bothDropout}, ${textDropout} and ${dropout}`,
    );
}

/** The originals of chosen examples, zeros for dropped ones, [B, h, w, k]; the caller disposes it. */
export async function gatherOriginals(
  { means }: OriginalImages,
  shape: readonly [number, number, number],
  chosen: Int32Array,
  dropped: readonly boolean[],
): Promise<tf.Tensor4D> {
  const width = tf.util.sizeFromShape([...shape]);
  const values = means ? await means.read(chosen) : new Float32Array(chosen.length * width);
  dropped.forEach((drop, b) => {
    if (drop) values.fill(0, b * width, (b + 1) * width);
  });
  return tf.tensor4d(values, [chosen.length, ...shape]);
}
