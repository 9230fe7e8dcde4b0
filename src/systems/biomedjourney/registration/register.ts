/**
 * Registration of a patient's later image to the prior one, so that what differs is what changed and not how the patient stood. BiomedJourney (Gu et al. 2023,
 * arXiv:2310.10765) registers its pairs and does not say how; here the normalised cross-correlation is raised on a pyramid, from several starts at its top.
 */

import type { GreyImage } from '../../../imaging';
import { type AffineMap, compose, determinant, IDENTITY, mapPoint, scaleMap } from './affine-map';
import { type MapKind, type Measured, measureMap } from './correlation';

type Grey = GreyImage<Float32Array>;

export interface Registration {
  readonly kind: MapKind;
  /** From pixels of the prior image to those of the later one. */
  readonly map: AffineMap;
  /** Normalised cross-correlation over the pixels that both have, -1 to 1; 0 where either is of one grey. */
  readonly score: number;
  /** Fraction of the prior image that the later one covers, 0 to 1. */
  readonly overlap: number;
  /** later ≈ gain · prior + offset, the linear fit over those pixels. */
  readonly gain: number;
  readonly offset: number;
}

/** Shorter side of the top of the pyramid, pixels, at least. */
const TOP = 16;
/** Where the search begins: turns in degrees, and moves as fractions of the image. */
const TURNS = [-8, 0, 8];
const MOVES = [-0.12, 0, 0.12];
/** Starts that go on to the next level. */
const KEPT = 3;
/** Sides at which a map of any affine kind is looked for; smaller images tell too little. */
const AFFINE_FROM = 32;
/** What a map must leave: this much of the prior image covered, and areas within this factor. */
const LEAST_OVERLAP = 0.5;
const MOST_AREA = 2;
/** A level ends where no corner moves by more pixels, or after so many steps. */
const STILL = 0.02;
const STEPS = 12;

/** Half the size, by means of 2 × 2 pixels; a last odd row or column is left out. */
function halve({ width, height, data }: Grey): Grey {
  const [columns, rows] = [width >> 1, height >> 1];
  const half = new Float32Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const at = 2 * y * width + 2 * x;
      half[y * columns + x] = (data[at]! + data[at + 1]! + data[at + width]! + data[at + width + 1]!) / 4;
    }
  return { width: columns, height: rows, data: half };
}

/** Both images at halved sizes, the smallest first. */
function pyramid(fixed: Grey, moving: Grey): (readonly [Grey, Grey])[] {
  const levels: (readonly [Grey, Grey])[] = [[fixed, moving]];
  for (;;) {
    const [a, b] = levels[0]!;
    if (Math.min(a.width, a.height, b.width, b.height) < 2 * TOP) return levels;
    levels.unshift([halve(a), halve(b)]);
  }
}

const centreOf = ({ width, height }: Grey): [number, number] => [(width - 1) / 2, (height - 1) / 2];

/** Maps from centre to centre, turned and moved. */
function starts(fixed: Grey, moving: Grey): AffineMap[] {
  const [[fx, fy], [mx, my]] = [centreOf(fixed), centreOf(moving)];
  const scale = Math.max(moving.width, moving.height) / Math.max(fixed.width, fixed.height);
  return TURNS.flatMap((degrees) =>
    MOVES.flatMap((right) =>
      MOVES.map((down): AffineMap => {
        const [cos, sin] = [scale * Math.cos((degrees * Math.PI) / 180), scale * Math.sin((degrees * Math.PI) / 180)];
        const about: AffineMap = [cos, -sin, mx + right * moving.width, sin, cos, my + down * moving.height];
        return compose(about, [1, 0, -fx, 0, 1, -fy]);
      }),
    ),
  );
}

interface Found {
  readonly map: AffineMap;
  readonly measured: Measured;
}

/** How far a corner of the image is moved from one map to the next, pixels. */
function furthest({ width, height }: Grey, a: AffineMap, b: AffineMap): number {
  const corners = [
    [0, 0],
    [width - 1, 0],
    [0, height - 1],
    [width - 1, height - 1],
  ] as const;
  return Math.max(
    ...corners.map(([x, y]) => {
      const [[ax, ay], [bx, by]] = [mapPoint(a, x, y), mapPoint(b, x, y)];
      return Math.hypot(ax - bx, ay - by);
    }),
  );
}

/** From a start upwards as long as the score rises. Undefined where the start is beyond what maps may do, or the images have nothing in common there. */
function climb(fixed: Grey, moving: Grey, start: AffineMap, kind: MapKind): Found | undefined {
  const scale = moving.data.length / fixed.data.length;
  let found: Found | undefined;
  let map: AffineMap | undefined = start;
  for (let step = 0; map && step <= STEPS; step++) {
    const area = determinant(map) / scale;
    if (!(area < MOST_AREA && area > 1 / MOST_AREA)) break;
    const measured = measureMap(fixed, moving, map);
    if (measured.overlap < LEAST_OVERLAP || measured.score <= (found?.measured.score ?? 0)) break;
    const still: boolean = found !== undefined && furthest(fixed, map, found.map) < STILL;
    found = { map, measured };
    map = still ? undefined : measured.next(kind);
  }
  return found;
}

function checkGrey(name: string, { width, height, data }: Grey): void {
  if (!(Math.min(width, height) >= TOP) || data.length !== width * height)
    throw new RangeError(
      `registerImages: ${name}: expected ${TOP} pixels or more in width and height and one grey for each, got ${width} x ${height} and ${data.length} values`,
    );
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`registerImages: ${name}: value ${bad} is ${data[bad]}; expected finite greys`);
}

/**
 * Finds how the later image lies on the prior one. Deterministic; images of one grey, and those that nothing fits, are left where they are.
 *
 * @param prior greys from 0 to 1; sizes may differ
 * @throws RangeError where an image is smaller than 16 pixels, has more than one channel, or a grey is not finite
 */
export function registerImages(prior: Grey, later: Grey, kind: MapKind = 'similarity'): Registration {
  checkGrey('prior', prior);
  checkGrey('later', later);
  const levels = pyramid(prior, later);
  const [top] = levels as [readonly [Grey, Grey]];
  let candidates: readonly Found[] = starts(...top)
    .flatMap((start) => climb(...top, start, 'similarity') ?? [])
    .sort((a, b) => b.measured.score - a.measured.score)
    .slice(0, KEPT);
  for (const [fixed, moving] of levels.slice(1)) {
    const climbs = Math.min(fixed.width, fixed.height) >= AFFINE_FROM ? kind : 'similarity';
    const best = candidates
      .flatMap(({ map }) => climb(fixed, moving, scaleMap(map, 2), climbs) ?? [])
      .sort((a, b) => b.measured.score - a.measured.score);
    candidates = best.slice(0, 1);
  }
  const [found = { map: IDENTITY, measured: measureMap(prior, later, IDENTITY) }] = candidates;
  const { score, overlap, gain, offset } = found.measured;
  return { kind, map: found.map, score, overlap, gain, offset };
}
