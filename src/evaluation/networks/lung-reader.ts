/** A network that finds the lungs: trained on drawn chests, whose masks are exact. */

import * as tf from '@tensorflow/tfjs-core';
import { type PhantomDataset, type Study, studyMasks } from '../../datasets';
import { compileNetwork, dispose, foldIn, type Key, key, randomInts, scope, split } from '../../engine';
import { nextTurn, overRows, upsampleNearest2x } from '../../engine/internal';
import { loadParameters, saveParameters } from '../../files/internal';
import { type ConvParams, convLayer, groupNormLayer, type NormParams, type Spec } from '../../nn';
import { convSpec, initialise, normSpec, specShapes } from '../../nn/internal';
import { train } from '../../training';
import { keptNetwork } from '../kept-network';
import { trunkOptimisation } from './trunk';

type Block = { conv: ConvParams; norm: NormParams };
type Params = { down: Block[]; up: Block[]; head: ConvParams };
type Batch = { images: tf.Tensor4D; lungs: tf.Tensor4D };

const VERSION = 1;
/** The instrument's own seed. */
const SEED = 1895;
const BATCH = 16;
/** Chests that it is trained on, at most. */
const CHESTS = 512;
/** Channels of each halving; a doubling back for each, which is added to what was halved. */
const WIDTHS = [16, 32, 48] as const;
const GROUPS = 8;

function spec(): Spec<Params> {
  const block = (inputs: number, outputs: number): Spec<Block> => ({ conv: convSpec(inputs, outputs, 3), norm: normSpec(outputs) });
  const [a, b, c] = WIDTHS;
  return {
    down: [block(1, a), block(a, b), block(b, c), block(c, c)],
    up: [block(c, b), block(b, a), block(a, a)],
    head: convSpec(a, 1, 1),
  };
}

const applied = ({ conv, norm }: Block, x: tf.Tensor4D, stride: 1 | 2): tf.Tensor4D =>
  groupNormLayer(norm, convLayer(conv, x, { stride, padding: 1 }), { groups: GROUPS, eps: 1e-5, silu: true });

/** Logits of each pixel, [B, size, size, 1]. */
function logits({ down, up, head }: Params, images: tf.Tensor4D): tf.Tensor4D {
  return scope(() => {
    let x = tf.mul(tf.sub(images, 0.5), 4) as tf.Tensor4D;
    const halved = down.slice(0, 3).map((block) => {
      x = applied(block, x, 2);
      return x;
    });
    x = applied(down[3]!, x, 1);
    for (const [i, block] of up.entries()) {
      x = applied(block, upsampleNearest2x(x), 1);
      const beside = halved[1 - i];
      if (beside) x = tf.add(x, beside);
    }
    return convLayer(head, x);
  });
}

export interface LungReader {
  readonly definition: string;
  /**
   * @param pixels images one after another, 0 to 1
   * @returns 1 where a lung is, else 0, of the images' size
   */
  read(pixels: Float32Array): Promise<Uint8Array>;
  dispose(): void;
}

/** Where either lung of a study is, [size · size]. */
export function lungsOf(study: Study, size: number): Uint8Array {
  const { left, right } = studyMasks(study, size).lungs;
  return left.map((value, i) => value | right[i]!);
}

export interface LungReaderOptions {
  /** Whose chests it learns from. */
  readonly phantom: PhantomDataset;
  /** Pixels a side, a multiple of 8. */
  readonly size: number;
  readonly steps: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** The network, trained or out of the cache; the caller disposes it. @throws RangeError for another size; the signal's reason where it was raised */
export async function lungReader(options: LungReaderOptions): Promise<LungReader> {
  const { phantom, size, steps, signal } = options;
  if (size % 8 !== 0) throw new RangeError(`lung reader: size: expected a multiple of 8, got ${size}`);
  const chests = Math.min(CHESTS, phantom.length);
  const { fingerprint, population } = phantom;
  const { network: params } = await keptNetwork<Params>({
    name: 'lung-reader',
    source: { version: VERSION, seed: SEED, fingerprint, population, size, chests, steps },
    make: () => trained(options, chests),
    save: (folder, network) => saveParameters(folder, 'model', network),
    load: (folder) => loadParameters<Params>(folder, { file: 'model', expected: specShapes(spec()) }),
  });
  const network = compileNetwork((weights: Params, images: tf.Tensor4D) => ({ lungs: scope(() => tf.sigmoid(logits(weights, images))) }));
  return {
    definition: `a convolutional network of random weights at ${size} pixels (three halvings, three doublings), trained for ${steps} steps on ${chests} chests of the training part with their exact masks; a pixel is lung where its probability is above 0.5 (v${VERSION})`,
    async read(pixels) {
      const run = (images: tf.Tensor): { lungs: tf.Tensor } => network(params, images as tf.Tensor4D);
      const columns = [{ values: pixels, shape: [size, size, 1] }];
      const { lungs } = await overRows(run, columns, { lungs: size * size }, { batch: 64, ...(signal && { signal }) });
      return Uint8Array.from(lungs, (value) => (value > 0.5 ? 1 : 0));
    },
    dispose() {
      network.dispose();
      dispose(params);
    },
  };
}

async function trained({ phantom, size, steps, signal, onProgress }: LungReaderOptions, chests: number): Promise<Params> {
  const area = size * size;
  const pixels = await phantom.batch(
    Int32Array.from({ length: chests }, (_, i) => i),
    size,
  );
  const masks = new Uint8Array(chests * area);
  for (let i = 0; i < chests; i++) {
    masks.set(lungsOf(phantom.study(i), size), i * area);
    if (i % 4 === 3) await nextTurn();
    signal?.throwIfAborted();
    onProgress?.('lungs of drawn chests', i + 1, chests);
  }
  const [initial, ordering] = split(key(SEED), 2) as [Key, Key];
  const { params, interrupted } = await train<Params, Batch>({
    params: initialise<Params>(spec(), initial),
    handOver: true,
    optimisation: trunkOptimisation(steps, BATCH),
    ...(signal && { signal }),
    batch: (step) => {
      const chosen = randomInts(foldIn(ordering, step), BATCH, 0, chests);
      const rows = <T extends Float32Array | Uint8Array>(of: T): Float32Array => {
        const out = new Float32Array(BATCH * area);
        chosen.forEach((row, i) => {
          out.set(of.subarray(row * area, (row + 1) * area), i * area);
        });
        return out;
      };
      const shape: [number, number, number, number] = [BATCH, size, size, 1];
      return { images: tf.tensor4d(rows(pixels), shape), lungs: tf.tensor4d(rows(masks), shape) };
    },
    loss: (weights, { images, lungs }) =>
      scope(() => {
        const z = logits(weights, images);
        return tf.mean(tf.add(tf.sub(tf.relu(z), tf.mul(z, lungs)), tf.log1p(tf.exp(tf.neg(tf.abs(z)))))) as tf.Scalar;
      }),
    onStep: ({ step }) => onProgress?.('training the network that finds lungs', step, steps),
  });
  if (interrupted) {
    dispose(params);
    signal?.throwIfAborted();
    throw new Error('lung reader: interrupted, so nothing was kept');
  }
  return params;
}
