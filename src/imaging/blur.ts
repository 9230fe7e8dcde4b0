/** Gaussian blur of a grey image, in place of the point spread of scatter, screen and lens. Borders repeat the edge. */

/**
 * Box widths whose successive application has a Gaussian's variance (Kovesi 2010, "Fast almost-Gaussian filtering").
 */
function boxRadii(sigma: number, passes: number): number[] {
  const ideal = Math.sqrt((12 * sigma * sigma) / passes + 1);
  const lower = Math.max(0, Math.floor((ideal - 1) / 2));
  const narrow = 2 * lower + 1;
  const small = Math.round((12 * sigma * sigma - passes * narrow * narrow - 4 * passes * narrow - 3 * passes) / (-4 * narrow - 4));
  return Array.from({ length: passes }, (_, i) => (i < small ? lower : lower + 1));
}

/** Running mean of `n` numbers, `stride` apart from `start`, over a window of 2r + 1. */
function boxLine(from: Float32Array, to: Float32Array, start: number, stride: number, n: number, r: number): void {
  const last = start + (n - 1) * stride;
  const scale = 1 / (2 * r + 1);
  let sum = from[start]! * (r + 1);
  for (let i = 1; i <= r; i++) sum += from[Math.min(last, start + i * stride)]!;
  for (let i = 0; i < n; i++) {
    to[start + i * stride] = sum * scale;
    sum += from[start + Math.min(n - 1, i + r + 1) * stride]! - from[start + Math.max(0, i - r) * stride]!;
  }
}

/** Separable convolution with a sampled Gaussian, for widths where boxes are too coarse. */
function blurSmall(image: Float32Array, width: number, height: number, sigma: number): Float32Array {
  const r = Math.max(1, Math.ceil(3 * sigma));
  const weights = Float64Array.from({ length: 2 * r + 1 }, (_, i) => Math.exp(-((i - r) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((a, b) => a + b, 0);
  const rows = new Float32Array(image.length);
  const out = new Float32Array(image.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -r; k <= r; k++) sum += weights[k + r]! * image[y * width + Math.min(width - 1, Math.max(0, x + k))]!;
      rows[y * width + x] = sum / total;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let k = -r; k <= r; k++) {
      const weight = weights[k + r]! / total;
      const source = Math.min(height - 1, Math.max(0, y + k)) * width;
      for (let x = 0; x < width; x++) out[y * width + x]! += weight * rows[source + x]!;
    }
  }
  return out;
}

/**
 * Gaussian blur: sampled weights below a standard deviation of two pixels, three box passes above it (within 3% of the true kernel).
 *
 * @param image  grey, row-major, [height * width]; not changed
 * @param sigma  standard deviation in pixels; 0 copies
 * @returns      a new image of the same size
 * @throws RangeError where the size does not fit the data or sigma is negative
 */
export function gaussianBlur(image: Float32Array, width: number, height: number, sigma: number): Float32Array {
  if (image.length !== width * height)
    throw new RangeError(`gaussianBlur: expected ${width} * ${height} = ${width * height} numbers, got ${image.length}`);
  if (!(sigma >= 0)) throw new RangeError(`gaussianBlur: sigma: expected a number >= 0, got ${sigma}`);
  if (sigma === 0) return image.slice();
  if (sigma < 2) return blurSmall(image, width, height, sigma);
  const from = image.slice();
  const to = new Float32Array(image.length);
  for (const r of boxRadii(sigma, 3)) {
    for (let y = 0; y < height; y++) boxLine(from, to, y * width, 1, width, r);
    for (let x = 0; x < width; x++) boxLine(to, from, x, width, height, r);
  }
  return from;
}
