/** What is lost of single images: each before and after. */

import { foldIn, type Key } from '../../engine';
import { nextTurn } from '../../engine/internal';
import { type GreyPixels, ssim } from '../../metrics';
import { meanAbsoluteError, meanSquaredError } from '../../metrics/internal';
import { bootstrapMean, type Estimate } from '../estimate';
import type { PerceptualMeasure } from '../networks/perceptual';

/** The mean squared error that rounding to 8 bits alone makes: equal images count as that far apart, since their PSNR would be infinite. */
const ROUNDING = 1 / (12 * 255 ** 2);

export interface PairLosses {
  readonly images: number;
  readonly psnr: Estimate;
  readonly ssim: Estimate;
  readonly mae: Estimate;
  readonly perceptual: Estimate;
}

/**
 * Means over pairs.
 *
 * @param before images one after another, size × size each, 0 to 1
 * @param after  as many
 * @throws RangeError where they are not as many, or smaller than SSIM's window of 11 pixels
 */
export async function pairLosses(
  before: Float32Array,
  after: Float32Array,
  size: number,
  { perceptual, key, draws, signal }: { perceptual: PerceptualMeasure; key: Key; draws: number; signal?: AbortSignal | undefined },
): Promise<PairLosses> {
  const area = size * size;
  const images = before.length / area;
  if (before.length !== after.length || !Number.isInteger(images) || images === 0)
    throw new RangeError(`pairLosses: ${before.length} and ${after.length} values are not as many ${size} × ${size} images`);
  const values = { psnr: new Float64Array(images), ssim: new Float64Array(images), mae: new Float64Array(images) };
  for (let i = 0; i < images; i++) {
    const of = (all: Float32Array): GreyPixels => ({ pixels: all.subarray(i * area, (i + 1) * area), width: size, height: size });
    const [x, y] = [of(before), of(after)];
    values.psnr[i] = -10 * Math.log10(Math.max(ROUNDING, meanSquaredError(x, y)));
    values.ssim[i] = ssim(x, y);
    values.mae[i] = meanAbsoluteError(x, y);
    if (i % 8 === 7) {
      await nextTurn();
      signal?.throwIfAborted();
    }
  }
  const mean = (of: ArrayLike<number>): Estimate => bootstrapMean(of, { key: foldIn(key, 0), draws });
  return {
    images,
    psnr: mean(values.psnr),
    ssim: mean(values.ssim),
    mae: mean(values.mae),
    perceptual: mean(await perceptual.between(before, after, size)),
  };
}
