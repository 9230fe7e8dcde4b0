/** A network that answers questions of images, in use. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, scope } from '../engine';
import { overRows } from '../engine/internal';
import type { Rows } from '../files';
import { type ConvNet, type ConvNetParams, convNet } from '../vision';
import { type Head, headsWidth } from './heads';

/** A trained network, and what it answers. */
export interface HeadsNetwork {
  readonly net: ConvNet;
  /** The caller disposes it. */
  readonly params: ConvNetParams;
  readonly heads: readonly Head[];
}

const BATCH = 64;

/** TorchXRayVision's scale of pixels, so that its weights and ours see the same: 0 … 1 to -1024 … 1024. */
export const scaled = (images: tf.Tensor4D): tf.Tensor4D => tf.mul(tf.sub(images, 0.5), 2048);

/** What a network says of images. */
export interface HeadsRead {
  /** [n, headsWidth], row-major. */
  readonly logits: Float32Array;
  /** Means over the last maps, [n, C]. */
  readonly pooled: Float32Array;
}

export interface HeadsReader {
  /** @param rows which of the images, by default all */
  read(params: ConvNetParams, pixels: Rows, rows?: ArrayLike<number>, signal?: AbortSignal): Promise<HeadsRead>;
  dispose(): void;
}

/** The network compiled for use, with running statistics; images of `size` × `size`, 0 to 1. */
export function headsReader({ net, heads }: Omit<HeadsNetwork, 'params'>, size: number): HeadsReader {
  const network = compileNetwork((weights: ConvNetParams, images: tf.Tensor4D) => scope(() => convNet(net, weights, scaled(images))));
  const width = headsWidth(heads);
  return {
    async read(params, pixels, rows = Int32Array.from({ length: pixels.length }, (_, i) => i), signal) {
      const features = classifierInputs(params);
      const logits = new Float32Array(rows.length * width);
      const pooled = new Float32Array(rows.length * features);
      for (let from = 0; from < rows.length; from += BATCH) {
        const chosen = Int32Array.from({ length: Math.min(BATCH, rows.length - from) }, (_, i) => rows[from + i]!);
        const columns = [{ values: await pixels.read(chosen), shape: [size, size, 1] }];
        const part = await overRows(
          (images) => network(params, images as tf.Tensor4D),
          columns,
          { logits: width, pooled: features },
          { batch: BATCH, ...(signal && { signal }) },
        );
        logits.set(part.logits, from * width);
        pooled.set(part.pooled, from * features);
      }
      return { logits, pooled };
    },
    dispose: () => network.dispose(),
  };
}

/** Width of the maps before the last layer. */
function classifierInputs(params: ConvNetParams): number {
  const { weight } = 'classifier' in params ? params.classifier : params.fc!;
  return weight.shape[0]!;
}
