import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, key, normal } from 'roentgen-lab/engine';
import { inSlices, inTiles, tilingOf } from '#vae/tiles';
import { assertClose, noLeaks } from '../support';

/** diffusers' tiled_decode in plain loops, for one picture of one channel: tiles, each faded into the ones above and to the left, cut, joined. */
function plainTiles(x: number[][], tile: number, output: number, run: (tile: number[][]) => number[][]): number[][] {
  const stride = Math.trunc(tile * 0.75);
  const blend = Math.trunc(output * 0.25);
  const tiles: number[][][][] = [];
  for (let top = 0; top < x.length; top += stride) {
    const row: number[][][] = [];
    for (let left = 0; left < x[0]!.length; left += stride)
      row.push(run(x.slice(top, top + tile).map((line) => line.slice(left, left + tile))));
    tiles.push(row);
  }
  const out: number[][] = [];
  tiles.forEach((row, i) => {
    const cut = row.map((one, j) => {
      const above = tiles[i - 1]?.[j];
      const tall = above ? Math.min(above.length, one.length, blend) : 0;
      for (let y = 0; y < tall; y++)
        for (let c = 0; c < one[0]!.length; c++)
          one[y]![c] = above![above!.length - tall + y]![c]! * (1 - y / tall) + one[y]![c]! * (y / tall);
      const left = row[j - 1];
      const wide = left ? Math.min(left[0]!.length, one[0]!.length, blend) : 0;
      for (let y = 0; y < one.length; y++)
        for (let c = 0; c < wide; c++) one[y]![c] = left![y]![left![0]!.length - wide + c]! * (1 - c / wide) + one[y]![c]! * (c / wide);
      return one.slice(0, output - blend).map((line) => line.slice(0, output - blend));
    });
    cut[0]!.forEach((_, y) => {
      out.push(cut.flatMap((one) => one[y]!));
    });
  });
  return out;
}

/** Twice the size, less the mean of the tile, so that every tile differs where they overlap. */
const network = (x: tf.Tensor4D): tf.Tensor4D =>
  tf.tidy(() => tf.image.resizeNearestNeighbor(tf.sub(x, tf.mean(x)) as tf.Tensor4D, [2 * x.shape[1], 2 * x.shape[2]]));

const plainNetwork = (x: number[][]): number[][] => {
  const mean = x.flat().reduce((sum, value) => sum + value, 0) / x.flat().length;
  return Array.from({ length: 2 * x.length }, (_, y) =>
    Array.from({ length: 2 * x[0]!.length }, (_, c) => x[Math.floor(y / 2)]![Math.floor(c / 2)]! - mean),
  );
};

test(
  "tiles are cut, blended and joined by diffusers' rule, also where the last ones are narrow",
  noLeaks(() => {
    for (const [height, width] of [
      [8, 8],
      [20, 13],
      [9, 31],
    ] as const) {
      const x = normal<tf.Rank.R4>(key(3), [1, height, width, 1]);
      const got = inTiles(x, tilingOf(8, 16), network);
      assert.deepEqual(got.shape, [1, 2 * height, 2 * width, 1]);
      const plain = (x.arraySync()[0] as number[][][]).map((line) => line.map(([value]) => value!));
      const want = height <= 8 && width <= 8 ? plainNetwork(plain) : plainTiles(plain, 8, 16, plainNetwork);
      assertClose(got.dataSync(), Float32Array.from(want.flat()), 1e-5, `${height} x ${width}`);
      dispose(x, got);
    }
  }),
);

test(
  'what a network makes of each pixel alone is not changed by tiles; slices are the pictures themselves',
  noLeaks(() => {
    const x = normal<tf.Rank.R4>(key(4), [3, 21, 17, 4]);
    const double = (part: tf.Tensor4D): tf.Tensor4D => tf.mul(part, 2);
    const [tiled, sliced, whole] = [inTiles(x, tilingOf(8, 8), double), inSlices(x, double), double(x)];
    assertClose(tiled, whole, 1e-6);
    assertClose(sliced, whole, 0);
    dispose(x, tiled, sliced, whole);
  }),
);
