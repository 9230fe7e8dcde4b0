/** Images as if the patient had stood elsewhere: what registration is there to undo. */

import { createHash } from 'node:crypto';
import type { Dataset } from '../../../datasets';
import { checkIndex } from '../../../datasets/internal';
import { foldIn, type Key, uniformArray } from '../../../engine';
import type { GreyImage } from '../../../imaging';
import { type AffineMap, compose } from '../registration/affine-map';
import { warp } from '../registration/align';

/** The largest movements, both ways; each image draws its own, evenly. */
export interface Movement {
  /** Degrees. */
  readonly turn: number;
  /** Fraction of the size. */
  readonly scale: number;
  /** Fraction of the width, along both axes. */
  readonly shift: number;
}

/** Part of what kept images follow from: changes when the way to them does. */
const VERSION = 1;

/** From pixels of the moved image to those of the image: a similarity about its middle. */
function movementOf({ turn, scale, shift }: Movement, draw: ArrayLike<number>, size: number): AffineMap {
  const [t, s, x, y] = Array.from(draw, (value) => 2 * value - 1) as [number, number, number, number];
  const angle = (t * turn * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) / (1 + s * scale), Math.sin(angle) / (1 + s * scale)];
  const middle = (size - 1) / 2;
  const about: AffineMap = [cos, -sin, middle, sin, cos, middle];
  return compose(about, [1, 0, -middle - x * shift * size, 0, 1, -middle - y * shift * size]);
}

/** The image with its outermost pixels repeated around it. */
function padded(data: Float32Array, size: number, margin: number): GreyImage<Float32Array> {
  const side = size + 2 * margin;
  const nearest = (at: number): number => Math.min(size - 1, Math.max(0, at - margin));
  const value = (i: number): number => data[nearest(Math.floor(i / side)) * size + nearest(i % side)]!;
  return { width: side, height: side, data: Float32Array.from({ length: side * side }, (_, i) => value(i)) };
}

/** The images of a dataset, each moved by a similarity of its own; beyond their edges the outermost pixels go on. Deterministic. */
export function moved(dataset: Dataset, movement: Movement, key: Key): Dataset {
  const { name, credit, findings, length, fingerprint } = dataset;
  const identity = JSON.stringify(['moved', VERSION, fingerprint, movement, key]);
  return {
    name,
    credit,
    findings,
    length,
    ...(fingerprint !== undefined && { fingerprint: createHash('sha256').update(identity).digest('hex') }),
    record: (i) => dataset.record(i),
    async pixels(i, size) {
      checkIndex(dataset, i);
      const margin = size; // farther than any movement that a recipe may ask for
      const map = compose([1, 0, margin, 0, 1, margin], movementOf(movement, uniformArray(foldIn(key, i), 4), size));
      return warp(padded(await dataset.pixels(i, size), size, margin), map, { width: size, height: size }).data;
    },
  };
}
