/** Large images in overlapping tiles that are blended into each other: memory then depends on the tile, not on the image. */

import * as tf from '@tensorflow/tfjs-core';
import { scope } from '../engine';

/** How a network's output is put together from tiles; sizes in rows and columns of the input, and of the output pixels that they become. */
export interface Tiling {
  /** Side of a tile. */
  readonly tile: number;
  /** From one tile to the next; the rest overlaps. */
  readonly stride: number;
  /** Side of a whole tile's output, its part that overlaps with the next, and the part that is kept. */
  readonly blend: number;
  readonly kept: number;
}

/** The fraction of a tile that overlaps with the next one, as in diffusers. */
const OVERLAP = 0.25;

/** The tiling of diffusers' AutoencoderKL (`tiled_decode`, `tiled_encode`): a quarter overlaps. Sides of a tile before and after the network. */
export function tilingOf(tile: number, output: number): Tiling {
  const blend = Math.trunc(output * OVERLAP);
  return { tile, stride: Math.trunc(tile * (1 - OVERLAP)), blend, kept: output - blend };
}

/** The first `n` rows (axis 1) or columns (axis 2) of `next` faded in over the last ones of `previous`. */
function blendInto(previous: tf.Tensor4D, next: tf.Tensor4D, axis: 1 | 2, blend: number): tf.Tensor4D {
  const n = Math.min(previous.shape[axis], next.shape[axis], blend);
  if (n === 0) return next;
  const weights = tf.reshape(tf.div(tf.range(0, n), n), axis === 1 ? [1, n, 1, 1] : [1, 1, n, 1]);
  const from = (x: tf.Tensor4D, begin: number, length: number): tf.Tensor4D => {
    const [starts, sizes] = [[0, 0, 0, 0] as [number, number, number, number], [...x.shape] as [number, number, number, number]];
    starts[axis] = begin;
    sizes[axis] = length;
    return tf.slice(x, starts, sizes);
  };
  const [old, fresh] = [from(previous, previous.shape[axis] - n, n), from(next, 0, n)];
  const mixed = tf.add(old, tf.mul(weights, tf.sub(fresh, old))) as tf.Tensor4D;
  return tf.concat([mixed, from(next, n, next.shape[axis] - n)], axis);
}

/**
 * A network's output for a large input, tile by tile. If the input is no larger than a tile, that is the network itself.
 *
 * @param x   [B, H, W, C]
 * @param run the network on a tile; edge tiles are smaller
 * @returns   the output; the caller disposes it
 */
export function inTiles(x: tf.Tensor4D, { tile, stride, blend, kept }: Tiling, run: (tile: tf.Tensor4D) => tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = x.shape;
  if (height <= tile && width <= tile) return run(x);
  return scope(() => {
    const rows: tf.Tensor4D[] = [];
    let above: tf.Tensor4D[] = [];
    for (let top = 0; top < height; top += stride) {
      const { row, tiles } = scope(() => {
        const tiles: tf.Tensor4D[] = [];
        for (let left = 0; left < width; left += stride) {
          const size: [number, number, number, number] = [batch, Math.min(tile, height - top), Math.min(tile, width - left), channels];
          const i = tiles.length;
          tiles.push(
            scope(() => {
              let out = run(tf.slice(x, [0, top, left, 0], size));
              if (above[i]) out = blendInto(above[i], out, 1, blend);
              return i > 0 ? blendInto(tiles[i - 1]!, out, 2, blend) : out;
            }),
          );
        }
        const parts = tiles.map((one) => {
          const [, h, w, c] = one.shape;
          return tf.slice(one, [0, 0, 0, 0], [batch, Math.min(kept, h), Math.min(kept, w), c]);
        });
        return { row: tf.concat(parts, 2), tiles };
      }) as { row: tf.Tensor4D; tiles: tf.Tensor4D[] };
      tf.dispose(above);
      above = tiles;
      rows.push(row);
    }
    return tf.concat(rows, 1);
  });
}

/** A network's output one image at a time: the same numbers with the memory of one. */
export function inSlices(x: tf.Tensor4D, run: (one: tf.Tensor4D) => tf.Tensor4D): tf.Tensor4D {
  if (x.shape[0] === 1) return run(x);
  return scope(() =>
    tf.concat(
      (tf.split(x, x.shape[0]) as tf.Tensor4D[]).map((one) => scope(() => run(one))),
      0,
    ),
  );
}
