/** An image moved, turned and scaled in its frame: one bicubic resampling. */

/** Where an image's content goes: out of the frame's middle, first scaled and turned, then shifted. */
export interface Placement {
  /** To the right and down, pixels. */
  readonly right: number;
  readonly down: number;
  /** Clockwise on the screen, radians. */
  readonly angle: number;
  /** Above 1 larger. */
  readonly scale: number;
}

/**
 * The image in its new place, without what leaves the frame; what comes in repeats the border.
 *
 * @param image [size, size], row-major, 0 to 1
 * @returns     a new image, 0 to 1
 */
export function warp(image: Float32Array, size: number, { right, down, angle, scale }: Placement): Float32Array {
  const out = new Float32Array(size * size);
  const [cos, sin] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
  const middle = (size - 1) / 2;
  const last = size - 1;
  const within = (i: number): number => (i < 0 ? 0 : i > last ? last : i);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      // The inverse: where the output's pixel comes from.
      const u = x - middle - right;
      const v = y - middle - down;
      const sx = cos * u + sin * v + middle;
      const sy = -sin * u + cos * v + middle;
      const column = Math.floor(sx);
      const row = Math.floor(sy);
      const t = sx - column;
      const s = sy - row;
      // Keys 1981 with a = -0.5, as Pillow's bicubic filter: the weights of four neighbours, written out because this is done for every pixel of a training.
      const x0 = ((-0.5 * t + 1) * t - 0.5) * t;
      const x1 = (1.5 * t - 2.5) * t * t + 1;
      const x2 = ((-1.5 * t + 2) * t + 0.5) * t;
      const x3 = (0.5 * t - 0.5) * t * t;
      const [a, b, c, d] = [within(column - 1), within(column), within(column + 1), within(column + 2)];
      const line = (j: number): number => {
        const from = within(j) * size;
        return x0 * image[from + a]! + x1 * image[from + b]! + x2 * image[from + c]! + x3 * image[from + d]!;
      };
      const sum =
        ((-0.5 * s + 1) * s - 0.5) * s * line(row - 1) +
        ((1.5 * s - 2.5) * s * s + 1) * line(row) +
        ((-1.5 * s + 2) * s + 0.5) * s * line(row + 1) +
        (0.5 * s - 0.5) * s * s * line(row + 2);
      out[y * size + x] = Math.min(1, Math.max(0, sum)); // a cubic overshoots at edges
    }
  return out;
}
