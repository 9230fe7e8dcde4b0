/** What CheXNet says of images. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, scope } from '../../../engine';
import { overRows } from '../../../engine/internal';
import { type DomainImages, pixelsOf } from '../data/domain-images';
import { type CheXNetModel, type CheXNetParams, chexnet } from './chexnet';

const BATCH = 64;

export interface PredictOptions {
  /** Which images; all by default. */
  readonly rows?: ArrayLike<number>;
  readonly signal?: AbortSignal;
}

/**
 * Probabilities of the labels.
 *
 * @returns [images, labels], row-major
 * @throws RangeError where a view is missing or images have another size; the signal's reason
 */
export async function predictLabels(
  { config, params }: CheXNetModel,
  images: DomainImages,
  options: PredictOptions = {},
): Promise<Float32Array> {
  const { size, views, labels } = config;
  const { rows = Int32Array.from({ length: images.images.length }, (_, i) => i), signal } = options;
  const pixels = views.map((view) => pixelsOf(images, view));
  const wrong = pixels.find(({ width }) => width !== size * size);
  if (wrong) throw new RangeError(`chexnet: expected images of ${size} × ${size} pixels, got ${wrong.width} values each`);
  const network = compileNetwork((weights: CheXNetParams, ...inputs: tf.Tensor4D[]) =>
    scope(() => ({
      labels: tf.sigmoid(chexnet(config, weights, Object.fromEntries(views.map((view, i) => [view, inputs[i]!])))) as tf.Tensor2D,
    })),
  );
  const out = new Float32Array(rows.length * labels.length);
  try {
    for (let from = 0; from < rows.length; from += BATCH) {
      const chosen = Int32Array.from({ length: Math.min(BATCH, rows.length - from) }, (_, i) => rows[from + i]!);
      const columns = await Promise.all(pixels.map(async (view) => ({ values: await view.read(chosen), shape: [size, size, 1] })));
      const said = await overRows(
        (...inputs) => network(params, ...(inputs as tf.Tensor4D[])),
        columns,
        { labels: labels.length },
        { batch: BATCH, ...(signal && { signal }) },
      );
      out.set(said.labels, from * labels.length);
    }
    return out;
  } finally {
    network.dispose();
  }
}
