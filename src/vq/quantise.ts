/** The codebook between encoder and decoder (van den Oord et al. 2017, arXiv:1711.00937, section 3). */

import * as tf from '@tensorflow/tfjs-core';
import { embedding, scope } from '../engine';
import { detach, expectShape } from '../engine/internal';

/**
 * The term that β weights. The paper has it on the encoder's (`commitment`, eq. 3); taming-transformers' first code, and diffusers after it, on the codebook's:
 * codes then follow the encoder's outputs four times more slowly, and outputs are drawn to their codes as strongly as reconstruction weighs.
 */
export interface QuantiserOptions {
  readonly beta?: number;
  readonly betaOn?: 'commitment' | 'codebook';
}

/** Their β. */
const BETA = 0.25;

export type Quantised = {
  /** The nearest code of each place, [B, h, w], int32. */
  codes: tf.Tensor3D;
  /** Their vectors, [B, h, w, C]; the gradient goes to the encoder's outputs as if nothing had been between ("straight through"). */
  vectors: tf.Tensor4D;
  /** What draws codes to outputs and outputs to codes. */
  loss: tf.Scalar;
};

/**
 * The nearest code of each vector; of codes as near, the first.
 *
 * @param codebook [codes, C]
 * @param latents  [B, h, w, C]
 * @returns        [B, h, w], int32; the caller disposes it
 */
export function nearestCodes(codebook: tf.Tensor2D, latents: tf.Tensor4D): tf.Tensor3D {
  const [, C] = codebook.shape;
  const { B, h, w } = expectShape('nearestCodes: latents', latents, `B h w ${C}`) as { B: number; h: number; w: number };
  return scope(() => {
    const table = detach(codebook);
    const half = tf.mul(tf.sum(tf.square(table), 1), 0.5);
    // |z - e|² / 2 without |z|² / 2, which is the same for all codes of a place.
    const distances = tf.sub(half, tf.matMul(tf.reshape(detach(latents), [-1, C]), table, false, true));
    return tf.reshape(tf.argMin(distances, 1), [B, h, w]) as tf.Tensor3D;
  });
}

/**
 * @param codebook [codes, C]
 * @param latents  the encoder's outputs, [B, h, w, C]
 * @returns        the caller disposes all
 */
export function quantise(
  codebook: tf.Tensor2D,
  latents: tf.Tensor4D,
  { beta = BETA, betaOn = 'codebook' }: QuantiserOptions = {},
): Quantised {
  return scope(() => {
    const codes = nearestCodes(codebook, latents);
    const nearest = embedding(codes, codebook) as tf.Tensor4D;
    const meanSquare = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mean(tf.square(tf.sub(a, b)));
    const ofCodebook = meanSquare(nearest, detach(latents));
    const ofEncoder = meanSquare(detach(nearest), latents);
    const loss = betaOn === 'codebook' ? tf.add(tf.mul(ofCodebook, beta), ofEncoder) : tf.add(ofCodebook, tf.mul(ofEncoder, beta));
    return { codes, vectors: tf.add(latents, detach(tf.sub(nearest, latents))), loss: loss as tf.Scalar };
  });
}

/** How a codebook is used. */
export interface CodebookUse {
  /** Codes that occur at least once. */
  readonly used: number;
  /** The exponential of the codes' entropy: how many equally frequent codes say as much. From 1 to the number of codes. */
  readonly perplexity: number;
}

/**
 * @param codes of any images
 * @param count codes of the codebook
 * @throws RangeError where a code is none of the codebook's
 */
export function codebookUse(codes: ArrayLike<number>, count: number): CodebookUse {
  const counts = new Float64Array(count);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (!(code >= 0 && code < count)) throw new RangeError(`codebookUse: expected codes from 0 to ${count - 1}, got ${code}`);
    counts[code]!++;
  }
  const shares = counts.filter((n) => n > 0).map((n) => n / codes.length);
  return { used: shares.length, perplexity: Math.exp(-shares.reduce((sum, share) => sum + share * Math.log(share), 0)) };
}
