/** Where things are in a study's image: lungs, heart, and each finding, as masks and boxes. */

import { addSolid, downsample, type Grid, type NoiseTile, type Solid, type View } from '../../../imaging';
import { type Effects, effects } from '../effects';
import { lungSolid, makeLung } from '../lungs';
import { organs } from '../organs';
import { attenuation, closeShutters, geometry, oversampling } from '../render';
import { bodySolids, heart } from '../torso';
import { trace } from '../trace';
import type { Finding, FindingKind, Side, Study } from '../types';

/**
 * What a pixel of a finding's mask differs by, at least, between the study's rays with and without the finding: 0.05 of absorption, which is 5% of the
 * transmitted beam and about six of 255 grey levels.
 */
export const MASK_THRESHOLD = 0.05;

/** A lung's mask is where rays pass at least this much of its cavity, cm. */
const LUNG_DEPTH = 4;

/** The heart's mask is where rays pass at least this much of it, cm. */
const HEART_DEPTH = 0.5;

/** Where rays pass this much of the diaphragm's domes and of what lies below, cm, the image shows the abdomen. */
const DOME_DEPTH = 3;

/** A rectangle of whole pixels, row 0 at the top. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One finding's place in the image. */
export interface FindingMask {
  readonly finding: Finding;
  /** 1 where the finding is, else 0, row-major, [size * size]. */
  readonly mask: Uint8Array;
  /** The smallest box that holds the mask; absent where the mask is empty. */
  readonly box?: Box;
}

/** Only uneven opacities look noise up, and a mask's lung has none. */
const NO_NOISE: NoiseTile = { size: 1, values: new Float32Array(1) };

/** All masks of one image, each [size * size] of 0 and 1. */
export interface StudyMasks {
  readonly lungs: Readonly<Record<Side, Uint8Array>>;
  readonly heart: Uint8Array;
  /** In the order of `study.findings`. */
  readonly findings: readonly FindingMask[];
}

/** Findings that are air where the lung was: what they make denser (the rest of the lung) is not the finding. */
const AIR: readonly FindingKind[] = ['pneumothorax'];

/** Findings in front of the abdomen or in it; what others change there (gas under a raised dome, fluid behind the liver) is not seen as theirs. */
const BELOW: readonly FindingKind[] = [
  'pacemaker',
  'endotracheal tube',
  'central line',
  'feeding tube',
  'chest tube',
  'sternal wires',
  'hiatal hernia',
  'fracture',
];

/** An image's rays: where they run, and what they pass. */
interface Rays {
  readonly study: Study;
  readonly size: number;
  readonly view: View;
  readonly grid: Grid;
  readonly effect: Effects;
}

/** The smallest box around a mask's pixels; undefined where there are none. */
export function boxOf(mask: Uint8Array, size: number): Box | undefined {
  let [left, right, top, bottom] = [size, -1, size, -1];
  for (let i = 0; i < mask.length; i++) {
    if (!mask[i]) continue;
    const [x, y] = [i % size, Math.floor(i / size)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return right < 0 ? undefined : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** Pixels whose rays have at least `threshold` in the mean, less those behind the shutters. */
function maskOf(values: Float32Array, threshold: number, { study, size, grid }: Rays): Uint8Array {
  const shown = downsample(values, grid.width, grid.width / size).map((v) => (v >= threshold ? 1 : 0));
  closeShutters(shown, study, size);
  return Uint8Array.from(shown, (v) => (v > 0.5 ? 1 : 0));
}

/** How much of some solids each ray passes, cm. */
function depthOf(solids: readonly Solid[], { view, grid }: Rays): Float32Array {
  const depth = new Float32Array(grid.width * grid.width);
  for (const solid of solids) addSolid(depth, solid, view, grid, 1);
  return depth;
}

/** Sets to 0 what the abdomen covers. */
function clearAbdomen(values: Float32Array, rays: Rays): void {
  const covered = depthOf(organs(rays.study, rays.effect).domes, rays);
  for (let i = 0; i < values.length; i++) if (covered[i]! >= DOME_DEPTH) values[i] = 0;
}

/** Sets to 0 what lies beside a side's lung: a raised dome of the diaphragm moves what is between both. */
function clearOtherSide(values: Float32Array, side: Side, rays: Rays): void {
  const cavity = depthOf([lungSolid(makeLung(side, rays.study))], rays);
  for (let i = 0; i < values.length; i++) if (cavity[i] === 0) values[i] = 0;
}

function findingMask(finding: Finding, whole: Float32Array, rays: Rays): FindingMask {
  const { study, view, grid, size } = rays;
  const without: Study = { ...study, findings: study.findings.filter((f) => f !== finding) };
  // The mediastinum stays where it is pushed: the mask is of the finding, not of what it moves.
  const effect: Effects = { ...effects(without), shift: rays.effect.shift };
  const values = attenuation(without, view, grid, effect);
  const air = AIR.includes(finding.kind);
  for (let i = 0; i < values.length; i++) {
    const more = whole[i]! - values[i]!;
    values[i] = air ? -more : Math.abs(more);
  }
  if (!BELOW.includes(finding.kind)) {
    clearAbdomen(values, { ...rays, study: without, effect });
    if (finding.side) clearOtherSide(values, finding.side, rays);
  }
  const mask = maskOf(values, MASK_THRESHOLD, rays);
  return { finding, mask, box: boxOf(mask, size) };
}

/** The heart down to the diaphragm. */
function heartDepth(rays: Rays): Float32Array {
  const depth = depthOf(heart(rays.study, rays.effect), rays);
  clearAbdomen(depth, rays);
  return depth;
}

/** One side's lung as it would be without findings in it, down to the diaphragm, and on a frontal view beside the heart. */
function lungMask(side: Side, heartOf: Float32Array, rays: Rays): Uint8Array {
  const { study, effect, view, grid } = rays;
  const state = { density: 0.3, domeRaise: 0, opacities: [], bands: [], nodules: [] };
  const thorax = {
    body: bodySolids(study),
    organs: organs(study, effect).solids,
    lungs: [{ lung: makeLung(side, study), state }],
    noise: NO_NOISE,
  };
  const { aerated } = trace(thorax, view, grid);
  clearAbdomen(aerated, rays);
  if (study.view !== 'LATERAL') for (let i = 0; i < aerated.length; i++) if (heartOf[i]! >= HEART_DEPTH) aerated[i] = 0;
  return maskOf(aerated, LUNG_DEPTH, rays);
}

/**
 * Masks and boxes of a study's image, exact by construction: each finding's is where the rays with and without it differ by `MASK_THRESHOLD`.
 *
 * Findings of the chest end where the image shows the abdomen. Lungs are the fields beside heart and spine and above the diaphragm, filled or not: a lung
 * under an effusion is part of its mask. On a lateral view both lungs and the heart lie over each other. What shutters cover is in no mask.
 *
 * @param size width and height, pixels
 */
export function studyMasks(study: Study, size: number): StudyMasks {
  const { view, grid } = geometry(study, size * oversampling(size));
  const rays: Rays = { study, size, view, grid, effect: effects(study) };
  const whole = attenuation(study, view, grid, rays.effect);
  const depth = heartDepth(rays);
  return {
    lungs: { left: lungMask('left', depth, rays), right: lungMask('right', depth, rays) },
    heart: maskOf(depth, HEART_DEPTH, rays),
    findings: study.findings.map((finding) => findingMask(finding, whole, rays)),
  };
}
