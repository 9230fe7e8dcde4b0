/** Registration: known maps are found again, also between studies that differ; what can't be registered says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPhantom, renderStudy, type Study } from 'roentgen-lab/datasets';
import { key, uniformArray } from 'roentgen-lab/engine';
import { type AffineMap, alignTo, invertMap, mapPoint, registerImages, warp } from 'roentgen-lab/systems';
import type { GreyImage } from '#imaging/index';

type Grey = GreyImage<Float32Array>;

const SIZE = 96;
const phantom = openPhantom({ seed: 5, count: 40, style: 'impression', cache: false });
/** Around each image, so that a moved one shows what the image does not. */
const MARGIN = 24;
const WIDE = SIZE + 2 * MARGIN;

const wide = (study: Study): Grey => ({
  width: WIDE,
  height: WIDE,
  data: Float32Array.from(renderStudy(study, WIDE), (v) => v / 255),
});

/** What of a wide image is seen through a map. */
const seen = (image: Grey, [a, b, x, c, d, y]: AffineMap): Grey => ({
  width: SIZE,
  height: SIZE,
  data: warp(image, [a, b, x + MARGIN, c, d, y + MARGIN], { width: SIZE, height: SIZE }).data,
});
const IDENTITY: AffineMap = [1, 0, 0, 0, 1, 0];
const rendered = (i: number): Grey => seen(wide(phantom.study(i)), IDENTITY);

const drawn = (seed: number): number[] => Array.from(uniformArray(key(seed), 5), (u) => 2 * u - 1);

/** Turned about the centre, scaled in both directions, moved: values from -1 to 1. */
function mapOf([turn, x, y, right, down]: readonly number[], anisotropy: number): AffineMap {
  const angle = (turn! * 10 * Math.PI) / 180;
  const [sx, sy] = [1 + 0.08 * x!, 1 + 0.08 * (x! + anisotropy * (y! - x!))];
  const linear = [sx * Math.cos(angle), -sy * Math.sin(angle), sx * Math.sin(angle), sy * Math.cos(angle)] as const;
  const c = (SIZE - 1) / 2;
  return [
    linear[0],
    linear[1],
    c - linear[0] * c - linear[1] * c + 0.08 * SIZE * right!,
    linear[2],
    linear[3],
    c - linear[2] * c - linear[3] * c + 0.08 * SIZE * down!,
  ];
}

function cornerError(a: AffineMap, b: AffineMap): number {
  const last = SIZE - 1;
  const corners = [[0, 0], [last, 0], [0, last], [last, last]] as const; // biome-ignore format: points
  return Math.max(
    ...corners.map(([x, y]) => Math.hypot(mapPoint(a, x, y)[0] - mapPoint(b, x, y)[0], mapPoint(a, x, y)[1] - mapPoint(b, x, y)[1])),
  );
}

test('maps are found again, under another exposure too', () => {
  for (const [kind, anisotropy] of [['similarity', 0], ['affine', 1]] as const) // biome-ignore format: pairs
    for (let i = 0; i < 6; i++) {
      const prior = rendered(i);
      const map = mapOf(drawn(i), anisotropy);
      const later = seen(wide(phantom.study(i)), invertMap(map));
      for (let k = 0; k < later.data.length; k++) later.data[k] = 0.8 * later.data[k]! + 0.1;
      const found = registerImages(prior, later, kind);
      assert.ok(cornerError(found.map, map) < 1, `${kind} ${i}: ${cornerError(found.map, map)} pixels`);
      assert.ok(found.score > 0.98 && found.overlap > 0.7, `${kind} ${i}: ${found.score}`);
    }
});

test('a later study that moved is brought back to within what its changes allow', () => {
  const pairs = Array.from({ length: phantom.length }, (_, i) => i).filter((i) => {
    const prior = phantom.prior(i);
    return prior?.view === phantom.study(i).view;
  });
  const errors = pairs.slice(0, 8).map((i) => {
    const prior = phantom.prior(i)!;
    const same = { ...phantom.study(i), detail: prior.detail, rotation: prior.rotation, inspiration: prior.inspiration };
    const map = mapOf(drawn(100 + i), 0);
    return cornerError(registerImages(seen(wide(prior), IDENTITY), seen(wide(same), invertMap(map)), 'similarity').map, map);
  });
  errors.sort((a, b) => a - b);
  assert.ok(errors.length === 8 && errors[4]! < 2, `${errors.map((e) => e.toFixed(2)).join(', ')}`);
});

test('aligned images lie on the prior, with its greys where the later one shows nothing', () => {
  const prior = rendered(3);
  const map: AffineMap = [1, 0, 10, 0, 1, 0];
  const aligned = alignTo(prior, prior, { kind: 'similarity', map, score: 1, overlap: 0.9, gain: 0.5, offset: 0.25 });
  assert.equal(aligned.data[5 * SIZE + 20], prior.data[5 * SIZE + 30]);
  assert.equal(aligned.data[5 * SIZE + SIZE - 1], Math.fround(0.5 * prior.data[5 * SIZE + SIZE - 1]! + 0.25));
});

test('images of one grey have score 0 and stay where they are; bad ones are refused', () => {
  const image = rendered(0);
  const blank: Grey = { ...image, data: new Float32Array(SIZE * SIZE) };
  for (const pair of [[image, blank], [blank, image], [blank, blank]] as const) // biome-ignore format: pairs
    assert.deepEqual((({ score, map, gain }) => ({ score, map, gain }))(registerImages(...pair)), {
      score: 0,
      map: [1, 0, 0, 0, 1, 0],
      gain: 0,
    });
  assert.throws(() => registerImages(image, { width: 8, height: 8, data: new Float32Array(64) }), /later: expected 16 pixels or more/);
  assert.throws(
    () => registerImages({ ...image, data: new Float32Array(3 * SIZE * SIZE) }, image),
    /one grey for each, got 96 x 96 and 27648 values/,
  );
  const broken = { ...image, data: image.data.slice() };
  broken.data[7] = Number.NaN;
  assert.throws(() => registerImages(image, broken), /later: value 7 is NaN/);
});
