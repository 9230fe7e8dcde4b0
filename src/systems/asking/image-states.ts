/** What an encoder says of all images of a data set, computed once: it does not change while bridge and language model train, nor from question to question. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, type Tree } from '../../engine';
import { overRows } from '../../engine/internal';
import { type Rows, rowsOf } from '../../files';
import { keepRows, readRange } from '../../files/internal';
import { contentHash } from '../../training/internal';
import type { AskedModel } from './network';

export interface ImageStatesOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images that the encoder sees at a time. */
const AT_ONCE = 32;

/** Bytes of states that are held in memory; more are kept on disk. */
const MOST_IN_MEMORY = 2 ** 30;

/**
 * Where they would not fit into memory, they are kept in `.cache/asking` by the encoder's weights and the pixels: other parameters may change without anything to
 * be computed again.
 *
 * @param pixels grey images, size × size a row, 0 to 1
 * @returns      rows of count · channels values
 * @throws RangeError where the images have another size; the signal's reason where it was raised
 */
export async function imageStates(
  { network, params }: Pick<AskedModel, 'network' | 'params'>,
  pixels: Rows,
  { signal, onProgress }: ImageStatesOptions = {},
): Promise<Rows> {
  const { size, states, name } = network;
  if (pixels.width !== size * size)
    throw new RangeError(`${name}: images: expected ${size} × ${size} pixels, got rows of ${pixels.width} values`);
  const width = states.count * states.channels;
  const see = compileNetwork((weights: Tree, images: tf.Tensor4D) => ({ states: network.see(weights, images) }));
  const make = async (from: number, to: number, watched: ImageStatesOptions): Promise<Float32Array> => {
    const columns = [{ values: await readRange(pixels, from, to), shape: [size, size, 1] }];
    const options = { batch: AT_ONCE, ...watched };
    return (await overRows((images) => see(params, images as tf.Tensor4D), columns, { states: width }, options)).states;
  };
  const stopped = { ...(signal && { signal }) };
  const watched = { ...stopped, ...(onProgress && { onProgress }) };
  try {
    if (4 * width * pixels.length <= MOST_IN_MEMORY) return rowsOf(await make(0, pixels.length, watched), width);
    const hash = contentHash();
    hash.add(network.encoder(params));
    const { columns } = await keepRows(
      join('.cache', 'asking'),
      {
        source: { encoder: hash.text(), network: name, pixels: pixels.identity, size },
        length: pixels.length,
        columns: { states: { shape: [states.count, states.channels], dtype: 'F32' } },
        make: async (from, to) => ({ values: { states: await make(from, to, stopped) } }),
      },
      watched,
    );
    return columns.states;
  } finally {
    see.dispose();
  }
}
