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

/** Keys 1981 with a = -0.5, as Pillow's bicubic filter: the weights of four neighbours of a point `t` behind the second of them. */
function cubic(t: number, weights: Float64Array): void {
  weights[0] = ((-0.5 * t + 1) * t - 0.5) * t;
  weights[1] = (1.5 * t - 2.5) * t * t + 1;
  weights[2] = ((-1.5 * t + 2) * t + 0.5) * t;
  weights[3] = (0.5 * t - 0.5) * t * t;
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
  const [across, along] = [new Float64Array(4), new Float64Array(4)];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      // The inverse: where the output's pixel comes from.
      const [u, v] = [x - middle - right, y - middle - down];
      const sx = cos * u + sin * v + middle;
      const sy = -sin * u + cos * v + middle;
      const [column, row] = [Math.floor(sx), Math.floor(sy)];
      cubic(sx - column, across);
      cubic(sy - row, along);
      let sum = 0;
      for (let j = 0; j < 4; j++) {
        const from = within(row + j - 1) * size;
        let line = 0;
        for (let i = 0; i < 4; i++) line += across[i]! * image[from + within(column + i - 1)]!;
        sum += along[j]! * line;
      }
      out[y * size + x] = Math.min(1, Math.max(0, sum)); // a cubic overshoots at edges
    }
  return out;
}
