/** Layers of grey over a ground, at any size. Coordinates run from 0 to 1 over the image, y downwards. */

import { foldIn, key, uniformArray } from '../../engine';
import type { Distance } from './shapes';
import type { TextureKind } from './types';

/** Grey from 0 to 1 at a place; `size` is the image's in pixels, for edges one pixel wide. */
export type Tone = (x: number, y: number, size: number) => number;

/** What is painted where its signed distance is below 0. */
export interface Layer {
  readonly distance: Distance;
  readonly tone: Tone;
  /** Nothing lies outside: [left, top, right, bottom]. */
  readonly box: readonly [number, number, number, number];
}

const unit = (value: number): number => Math.min(1, Math.max(0, value));

/** The image as bytes, row-major. */
export function paint(ground: Tone, layers: readonly Layer[], size: number): Uint8Array {
  const grey = new Float32Array(size * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) grey[row * size + column] = ground((column + 0.5) / size, (row + 0.5) / size, size);
  const pixel = (at: number): number => Math.min(size, Math.max(0, Math.round(at * size)));
  for (const { distance, tone, box } of layers) {
    const [left, top, right, bottom] = [pixel(box[0]) - 1, pixel(box[1]) - 1, pixel(box[2]) + 1, pixel(box[3]) + 1];
    for (let row = Math.max(0, top); row < Math.min(size, bottom); row++)
      for (let column = Math.max(0, left); column < Math.min(size, right); column++) {
        const [x, y] = [(column + 0.5) / size, (row + 0.5) / size];
        const cover = unit(0.5 - distance(x, y) * size);
        if (cover > 0) grey[row * size + column]! += cover * (tone(x, y, size) - grey[row * size + column]!);
      }
  }
  return Uint8Array.from(grey, (value) => Math.round(255 * unit(value)));
}

/** How a figure about the origin is laid into the image. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly r: number;
  /** Radians, clockwise as one sees it. */
  readonly angle?: number;
  /** Mirrored before it is turned: left becomes right. */
  readonly mirror?: boolean;
}

/** A shape of radius 1 (at most 1.6) as a layer. */
export function stamp(shape: Distance, { x, y, r, angle = 0, mirror = false }: Pose, tone: Tone): Layer {
  const [cos, sin, flip] = [Math.cos(angle), Math.sin(angle), mirror ? -1 : 1];
  return {
    distance: (px, py) => {
      const [u, v] = [(px - x) / r, (py - y) / r];
      return r * shape(flip * (cos * u + sin * v), cos * v - sin * u);
    },
    tone,
    box: [x - 1.6 * r, y - 1.6 * r, x + 1.6 * r, y + 1.6 * r],
  };
}

export const flat =
  (grey: number): Tone =>
  () =>
    grey;

/** From one grey to another along a direction, between two places at `from` and `to` along it. */
export function ramp(angle: number, from: number, to: number, start: number, end: number): Tone {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => start + (end - start) * unit((cos * x + sin * y - from) / (to - from));
}

/** Of a distance within one period: negative in its first half. */
const wave = (at: number, period: number): number => (Math.abs(at / period - Math.floor(at / period) - 0.5) - 0.25) * period;

/** Two greys in stripes; at angle 0 they stand upright. */
export function stripes(a: number, b: number, period: number, angle: number): Tone {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y, size) => b + (a - b) * unit(0.5 - wave(cos * x + sin * y, period) * size);
}

export function checks(a: number, b: number, period: number): Tone {
  return (x, y, size) => {
    const [u, v] = [unit(0.5 - wave(x, period) * size), unit(0.5 - wave(y, period) * size)];
    return b + (a - b) * (u + v - 2 * u * v);
  };
}

/** Spots of grey a on b. */
export function dots(a: number, b: number, period: number): Tone {
  return (x, y, size) => {
    const row = Math.floor(y / period);
    const shifted = x / period + (row % 2) / 2;
    const [u, v] = [(shifted - Math.floor(shifted) - 0.5) * period, (y / period - row - 0.5) * period];
    return b + (a - b) * unit(0.5 - (Math.hypot(u, v) - 0.31 * period) * size);
  };
}

/** Courses of bricks of grey a with joints of grey b. */
export function bricks(a: number, b: number, height: number): Tone {
  const joint = 0.11 * height;
  return (x, y, size) => {
    const row = Math.floor(y / height);
    const width = 2.1 * height;
    const shifted = x / width + (((row % 2) + 2) % 2) / 2;
    const across = (0.5 - Math.abs(shifted - Math.floor(shifted) - 0.5)) * width;
    const down = (0.5 - Math.abs(y / height - row - 0.5)) * height;
    return b + (a - b) * unit(0.5 + (Math.min(across, down) - joint) * size);
  };
}

/** Lines that go up and down. */
export function waves(a: number, b: number, period: number): Tone {
  return (x, y, size) =>
    b + (a - b) * unit(0.5 - 0.8 * wave(y + 0.28 * period * Math.sin((2 * Math.PI * x) / (2.2 * period)), period) * size);
}

const LATTICE = 48;

/** Smooth noise about `grey`; the same at every size. */
export function grain(grey: number, amount: number, seed: number): Tone {
  let values: Float32Array | undefined; // made when the first pixel asks: a caption needs none
  const at = (column: number, row: number): number => values![(row % LATTICE) * LATTICE + (column % LATTICE)]! - 0.5;
  return (x, y) => {
    values ??= uniformArray(foldIn(key(seed), 7), LATTICE * LATTICE);
    const [u, v] = [x * (LATTICE - 1), y * (LATTICE - 1)];
    const [column, row] = [Math.floor(u), Math.floor(v)];
    const [s, t] = [u - column, v - row];
    const top = at(column, row) * (1 - s) + at(column + 1, row) * s;
    const bottom = at(column, row + 1) * (1 - s) + at(column + 1, row + 1) * s;
    return grey + 2 * amount * (top * (1 - t) + bottom * t);
  };
}

/** A texture for a figure at a place: its centre holds the middle of a stripe, a dot or a field. */
export function texture(kind: TextureKind, a: number, b: number, { x, y, r }: Pose, angle: number): Tone {
  const period = Math.max(0.095, 0.62 * r);
  const tones: Record<TextureKind, Tone> = {
    stripes: stripes(a, b, period, angle),
    dots: dots(a, b, 0.9 * period),
    checks: checks(a, b, 1.3 * period),
    shade: ramp(angle, -0.8 * r, 0.8 * r, a, b),
  };
  return (px, py, size) =>
    tones[kind](px - x + (kind === 'shade' ? 0 : 0.5 * period), py - y + (kind === 'shade' ? 0 : 0.45 * period), size);
}
