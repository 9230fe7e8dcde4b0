/** Rays from a source to the pixels of a detector, in mm; the origin is the centre of the volume, x to the patient's left, y to the back, z to the head. */

type Point = readonly [number, number, number];

/** All rays of an image. Pixel (row, column) lies at `corner + column * right + row * down`. */
export interface Rays {
  readonly width: number;
  readonly height: number;
  readonly corner: Point;
  readonly right: Point;
  readonly down: Point;
  /** Where the rays of a cone begin; with parallel rays their direction, of length 1. */
  readonly source: Point;
  readonly beam: 'cone' | 'parallel';
  /** Whether a ray ends at its pixel; else it goes on behind it. Parallel rays have no ends. */
  readonly toPixel: boolean;
}

/** Where source and detector stand. */
export interface ConeGeometry {
  /** Degrees by which the arrangement is turned about the body's long axis: 0 has the source in front (AP), 90 at the patient's left, 180 behind (PA). */
  readonly azimuth: number;
  /** Degrees by which it is tilted about x before that; 0 by default. */
  readonly tilt?: number;
  /** From the source to the detector, mm. */
  readonly sourceToDetector: number;
  /** From the source to the centre, mm. */
  readonly sourceToCentre: number;
  readonly width: number;
  readonly height: number;
  /** From pixel to pixel on the detector, mm. */
  readonly pitch: number;
  /** What the central ray goes through; the volume's centre by default. */
  readonly centre?: Point;
  /** Whether columns count from the other side, as a picture taken from behind is shown. */
  readonly mirrored?: boolean;
  /** False where the pixels lie within the volume and rays go on; true by default. */
  readonly toPixel?: boolean;
}

/** Turned about z by the azimuth after a turn about x by the tilt, both right-handed. */
function turn(azimuth: number, tilt: number): (p: Point) => Point {
  const [a, b] = [(azimuth * Math.PI) / 180, (tilt * Math.PI) / 180];
  const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
  return ([x, y, z]) => {
    const [ty, tz] = [cb * y - sb * z, sb * y + cb * z];
    return [ca * x - sa * ty, sa * x + ca * ty, tz];
  };
}

const add = (a: Point, b: Point): Point => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];

/**
 * Rays of a point source. Row 0 is at the head; column 0, seen from the source, on the left (in front of the patient: the patient's right).
 *
 * @throws RangeError where a distance or a size is not positive
 */
export function coneRays(geometry: ConeGeometry): Rays {
  const { azimuth, tilt = 0, sourceToDetector, sourceToCentre, width, height, pitch, centre = [0, 0, 0] } = geometry;
  const { mirrored = false, toPixel = true } = geometry;
  for (const [name, value] of Object.entries({ sourceToDetector, sourceToCentre, width, height, pitch }))
    if (!(value > 0)) throw new RangeError(`coneRays: ${name}: expected a positive number, got ${value}`);
  const turned = turn(azimuth, tilt);
  const side = mirrored ? -1 : 1;
  const corner: Point = [(-side * (width - 1) * pitch) / 2, sourceToDetector - sourceToCentre, ((height - 1) * pitch) / 2];
  return {
    width,
    height,
    corner: add(turned(corner), centre),
    right: turned([side * pitch, 0, 0]),
    down: turned([0, 0, -pitch]),
    source: add(turned([0, -sourceToCentre, 0]), centre),
    beam: 'cone',
    toPixel,
  };
}

/** Parallel rays through the volume's centre plane, seen as those of a cone. */
export function parallelRays({ azimuth, width, height, pitch }: Pick<ConeGeometry, 'azimuth' | 'width' | 'height' | 'pitch'>): Rays {
  const turned = turn(azimuth, 0);
  return {
    width,
    height,
    corner: turned([(-(width - 1) * pitch) / 2, 0, ((height - 1) * pitch) / 2]),
    right: turned([pitch, 0, 0]),
    down: turned([0, 0, -pitch]),
    source: turned([0, 1, 0]),
    beam: 'parallel',
    toPixel: false,
  };
}
