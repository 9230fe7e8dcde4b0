/** What an autoencoder loses: the error between images and their reconstructions. */

import { type GreyPixels, meanAbsoluteError, psnr, ssim } from './ssim';

/** What an autoencoder loses of images: means over them. */
export interface ReconstructionError {
  readonly l1: number;
  /** dB. */
  readonly psnr: number;
  readonly ssim: number;
}

/**
 * The error between images and their reconstructions.
 *
 * @param pixels        n grey images one after another, each size × size, 0 to 1
 * @param reconstructed the same ones after encoder and decoder (`reconstruct`)
 */
export function reconstructionError(pixels: Float32Array, reconstructed: Float32Array, size: number): ReconstructionError {
  const area = size * size;
  const n = pixels.length / area;
  if (pixels.length !== reconstructed.length || !Number.isInteger(n) || n === 0)
    throw new RangeError(
      `reconstructionError: ${pixels.length} and ${reconstructed.length} values are not as many ${size} × ${size} images`,
    );
  const sums = { l1: 0, psnr: 0, ssim: 0 };
  for (let i = 0; i < n; i++) {
    const of = (all: Float32Array): GreyPixels => ({ pixels: all.subarray(i * area, (i + 1) * area), width: size, height: size });
    const [x, y] = [of(pixels), of(reconstructed)];
    sums.l1 += meanAbsoluteError(x, y) / n;
    sums.psnr += psnr(x, y) / n;
    sums.ssim += ssim(x, y) / n;
  }
  return sums;
}
