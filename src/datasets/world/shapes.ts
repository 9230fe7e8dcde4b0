/**
 * Signed distances of flat shapes about the origin with radius 1, below 0 inside; y points down. Exact for polygons, discs and boxes and good to a
 * pixel elsewhere, which is what an antialiased edge needs.
 */

import type { ShapeKind } from './types';

export type Distance = (x: number, y: number) => number;
type Point = readonly [x: number, y: number];

export const circle =
  (cx: number, cy: number, r: number): Distance =>
  (x, y) =>
    Math.hypot(x - cx, y - cy) - r;

/** Of half widths a and b. */
export const box =
  (cx: number, cy: number, a: number, b: number): Distance =>
  (x, y) => {
    const [dx, dy] = [Math.abs(x - cx) - a, Math.abs(y - cy) - b];
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0);
  };

export const oval =
  (cx: number, cy: number, a: number, b: number): Distance =>
  (x, y) => {
    const [u, v] = [(x - cx) / a, (y - cy) / b];
    const level = Math.hypot(u, v);
    return level < 1e-6 ? -Math.min(a, b) : (level * (level - 1)) / Math.hypot(u / a, v / b);
  };

export const union =
  (...parts: readonly Distance[]): Distance =>
  (x, y) => {
    let least = Number.POSITIVE_INFINITY;
    for (const part of parts) least = Math.min(least, part(x, y));
    return least;
  };

export const without =
  (a: Distance, b: Distance): Distance =>
  (x, y) =>
    Math.max(a(x, y), -b(x, y));

/** Distance to the nearest edge, its sign by the crossing rule. */
export function polygon(points: readonly Point[]): Distance {
  const n = points.length;
  const edges = points.map(([x, y], i) => {
    const [u, v] = points[(i + n - 1) % n]!;
    return [x, y, u - x, v - y, (u - x) ** 2 + (v - y) ** 2] as const;
  });
  return (x, y) => {
    let least = Number.POSITIVE_INFINITY;
    let inside = false;
    for (const [px, py, ex, ey, length] of edges) {
      const [wx, wy] = [x - px, y - py];
      const along = Math.min(1, Math.max(0, (wx * ex + wy * ey) / length));
      least = Math.min(least, (wx - along * ex) ** 2 + (wy - along * ey) ** 2);
      if (wy >= 0 !== wy - ey >= 0 && wx < (ex * wy) / ey) inside = !inside;
    }
    return (inside ? -1 : 1) * Math.sqrt(least);
  };
}

/** n corners, the first upwards; a star where every second one is at `inner`. */
function corners(n: number, inner = 1): Point[] {
  return Array.from({ length: n }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / n;
    const r = i % 2 === 1 ? inner : 1;
    return [r * Math.sin(angle), -r * Math.cos(angle)];
  });
}

const heart = Array.from({ length: 36 }, (_, i): Point => {
  const t = (2 * Math.PI * i) / 36;
  const y = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
  return [Math.sin(t) ** 3, -(y + 2.5) / 16]; // the well-known curve 16 sin³t, 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t
});

const ringMiddle = circle(0, 0, 0.76);

/** The flat shapes. A bar and an ellipse lie, an arrow points to the right, a crescent opens to the right. */
export const SHAPES: Readonly<Record<ShapeKind, Distance>> = {
  disc: circle(0, 0, 1),
  ring: (x, y) => Math.abs(ringMiddle(x, y)) - 0.24,
  square: box(0, 0, 0.84, 0.84),
  triangle: polygon([
    [0, -0.95],
    [1, 0.78],
    [-1, 0.78],
  ]),
  bar: box(0, 0, 1.15, 0.24),
  cross: union(box(0, 0, 1, 0.3), box(0, 0, 0.3, 1)),
  star: polygon(corners(10, 0.42)),
  crescent: without(circle(0, 0, 1), circle(0.5, 0, 0.78)),
  ellipse: oval(0, 0, 1.15, 0.58),
  arrow: polygon([
    [1.1, 0],
    [0.2, 0.8],
    [0.2, 0.28],
    [-1.1, 0.28],
    [-1.1, -0.28],
    [0.2, -0.28],
    [0.2, -0.8],
  ]),
  hexagon: polygon(corners(6)),
  heart: polygon(heart),
  diamond: polygon([
    [0, -1.1],
    [0.68, 0],
    [0, 1.1],
    [-0.68, 0],
  ]),
};
