/** Images as the pipelines give them. */

import type * as tf from '@tensorflow/tfjs-core';

/** A synthetic image, not for diagnosis. */
export interface GeneratedImage {
  /** Row-major, 0 black to 1 white; with 3 channels red, green and blue interleaved. */
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly prompt: string;
  /** The call's seed. */
  readonly seed: number;
  /** The image's number in the call: seed and number fix its noise. */
  readonly index: number;
  /** Tokens of the prompt that did not fit the text encoder and had no effect. */
  readonly lostTokens: number;
  /** What else it was made with, by the names that its file has: pipeline, negative prompt, scheduler, steps, guidance … */
  readonly made: Readonly<Record<string, string | number>>;
}

/** What is known of a row of a batch before it is an image. */
export type ImageLabel = Pick<GeneratedImage, 'prompt' | 'seed' | 'index' | 'lostTokens' | 'made'>;

/**
 * Images of a batch.
 *
 * @param batch  [B, H, W, 1 or 3], 0 to 1
 * @param labels one per row; rows beyond them are left out
 * @throws Error where an image has values that are not finite
 */
export async function toImages(batch: tf.Tensor4D, labels: readonly ImageLabel[]): Promise<GeneratedImage[]> {
  const [, height, width, channels] = batch.shape;
  if (channels !== 1 && channels !== 3) throw new TypeError(`toImages: expected 1 or 3 channels, got ${channels}`);
  const values = (await batch.data()) as Float32Array;
  const size = height * width * channels;
  return labels.map((label, row) => {
    const pixels = values.slice(row * size, (row + 1) * size);
    if (!pixels.every(Number.isFinite))
      throw new Error(`picture ${label.index} ("${label.prompt}"): the model gave values that are not finite; its weights may be damaged`);
    return { pixels, width, height, channels, ...label };
  });
}
