/** Where source and detector stand for a radiograph of a CT volume, and which part of the body it shows. */

import type { Volume } from '../../files';
import { coneRays, type Rays, type VoxelBounds } from '../../imaging';

/**
 * The usual views. `lateral` is a left lateral: the left side lies at the detector, the source is on the right. In `oblique` the source is in front, to the
 * patient's left by half of a right angle.
 */
export type DrrView = 'pa' | 'ap' | 'lateral' | 'oblique';

/** Degrees from AP by which the source goes round the patient, to the patient's left. */
const AZIMUTHS: Readonly<Record<DrrView, number>> = { pa: 180, ap: 0, lateral: 270, oblique: 45 };

/** DRR-RATE's lateral views have the source at the patient's left. */
const PUBLISHED_AZIMUTHS: Readonly<Record<DrrView, number>> = { ...AZIMUTHS, lateral: 90 };

/** Source to detector in mm: 183 cm (72 inches) at the stand, 100 cm (40 inches) at the bedside, where the source is in front. */
const DISTANCE = { stand: 1830, bedside: 1000 } as const;

/** Between the body and the detector, mm. */
const GAP = 40;

/** Shown around the lungs, mm. */
const MARGIN = 25;

/** The rays of an image and what a person should know of them. */
export interface DrrGeometry {
  readonly rays: Rays;
  /** Degrees from AP, 0 to below 360. */
  readonly azimuth: number;
  readonly sourceToDetector: number;
  readonly sourceToCentre: number;
  /** mm from pixel to pixel, at the distance of the centre. */
  readonly pixel: number;
}

/** Degrees of a view by name or number, 0 to below 360. */
function azimuthOf(view: DrrView | number, azimuths: Readonly<Record<DrrView, number>>): number {
  const degrees = typeof view === 'number' ? view : azimuths[view];
  if (!Number.isFinite(degrees)) throw new RangeError(`view: expected ${Object.keys(azimuths).join(', ')} or degrees, got ${view}`);
  return ((degrees % 360) + 360) % 360;
}

/** Pictures are shown as one faces the patient: from behind (PA) they are turned over. */
const isFromBehind = (azimuth: number): boolean => azimuth > 90 && azimuth < 270;

/**
 * The frame of a chest radiograph: a square around the lungs, no larger than the slices reach on all rays, so that no edge of the volume shows. Its
 * origin is the middle of the body's bounds in x and y, and of the volume in z.
 */
export function chestGeometry(
  { shape, spacing }: Volume,
  bounds: VoxelBounds,
  lungs: VoxelBounds | undefined,
  view: DrrView | number,
  size: number,
): DrrGeometry {
  const azimuth = azimuthOf(view, AZIMUTHS);
  const angle = (azimuth * Math.PI) / 180;
  const [across, along] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const place = (axis: 'x' | 'y' | 'z', of: VoxelBounds): { middle: number; half: number } => {
    const i = { x: 0, y: 1, z: 2 }[axis];
    const [low, high] = of[axis];
    return { middle: ((low + high) / 2 - shape[i]! / 2) * spacing[i]!, half: ((high - low) / 2) * spacing[i]! };
  };
  const [x, y, z] = [place('x', bounds), place('y', bounds), place('z', lungs ?? bounds)];
  const depth = x.half * along + y.half * across;
  const sourceToDetector = azimuth === 0 ? DISTANCE.bedside : DISTANCE.stand;
  const sourceToCentre = sourceToDetector - depth - GAP;

  const shown = lungs ?? bounds;
  const width = place('x', shown).half * across + place('y', shown).half * along;
  const wanted = Math.max(width, z.half) + MARGIN;
  // The lowest and the highest ray are still in the volume where they leave the body.
  const reach = (shape[2] * spacing[2]) / 2;
  const half = Math.min(wanted, (reach * sourceToCentre) / (sourceToCentre + depth));
  const most = reach - (half * (sourceToCentre + depth)) / sourceToCentre;
  const middle = Math.min(most, Math.max(-most, z.middle));
  const pixel = (2 * half) / size;
  const rays = coneRays({
    azimuth,
    sourceToDetector,
    sourceToCentre,
    width: size,
    height: size,
    pitch: (pixel * sourceToDetector) / sourceToCentre,
    centre: [0, 0, middle],
    mirrored: isFromBehind(azimuth),
  });
  return { rays, azimuth, sourceToDetector, sourceToCentre, pixel };
}

/**
 * The arrangement that DRR-RATE was made with: the source 1,000 mm from a plane of 512 pixels of 0.51 mm, the volume's centre 300 mm behind that plane;
 * the volume's own origin and directions do not count.
 */
export function publishedGeometry(view: DrrView | number, size: number): DrrGeometry {
  const azimuth = azimuthOf(view, PUBLISHED_AZIMUTHS);
  const [plane, centre] = [1000, 1300];
  const pitch = (0.51 * 512) / size;
  const rays = coneRays({
    azimuth,
    sourceToDetector: plane,
    sourceToCentre: centre,
    width: size,
    height: size,
    pitch,
    mirrored: isFromBehind(azimuth),
    toPixel: false,
  });
  return { rays, azimuth, sourceToDetector: plane, sourceToCentre: centre, pixel: (pitch * centre) / plane };
}
