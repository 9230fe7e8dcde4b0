/** How alike two grey images are: squared error, PSNR, SSIM (Wang et al. 2004, IEEE TIP 13:600) and MS-SSIM (Wang, Simoncelli, Bovik 2003). */

/** A grey image, row-major. */
export interface GreyPixels {
  readonly pixels: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

export interface SsimOptions {
  /** Largest value minus smallest that a pixel can have; 1 where left out. */
  readonly range?: number;
  /** Weights along one side of the square window; the Gaussian of 11 pixels and deviation 1.5 where left out. */
  readonly window?: readonly number[];
  /**
   * Only windows that are wholly inside, as in the paper; or one around every pixel, mirrored at the borders, where contrast alone, as `msSsim` takes
   * it, still leaves out the borders (torchmetrics). `inside` where left out.
   */
  readonly border?: 'inside' | 'mirror';
  /** Divide covariances by n - 1 in place of n. */
  readonly sampleCovariance?: boolean;
}

/** Weights of the five scales, Wang et al. 2003, section 3.2. */
export const MS_SSIM_WEIGHTS: readonly number[] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/** K₁ and K₂ of Wang et al. 2004. */
export const SSIM_CONSTANTS: readonly [number, number] = [0.01, 0.03];
const [K1, K2] = SSIM_CONSTANTS;

/** A Gaussian of `size` pixels whose weights sum to 1. */
export function gaussianWindow(size: number, deviation: number): number[] {
  const raw = Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * deviation ** 2)));
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((value) => value / sum);
}

const GAUSSIAN = gaussianWindow(11, 1.5);

function checkSame(where: string, x: GreyPixels, y: GreyPixels): void {
  if (x.width !== y.width || x.height !== y.height)
    throw new RangeError(`${where}: pictures are ${x.width} × ${x.height} and ${y.width} × ${y.height}`);
  for (const { pixels, width, height } of [x, y])
    if (pixels.length !== width * height)
      throw new RangeError(`${where}: expected ${width * height} values of a ${width} × ${height} grey picture, got ${pixels.length}`);
}

/** Mean of (x - y)². */
export function meanSquaredError(x: GreyPixels, y: GreyPixels): number {
  checkSame('meanSquaredError', x, y);
  let sum = 0;
  for (let i = 0; i < x.pixels.length; i++) sum += (x.pixels[i]! - y.pixels[i]!) ** 2;
  return sum / x.pixels.length;
}

/** Mean of |x - y|. */
export function meanAbsoluteError(x: GreyPixels, y: GreyPixels): number {
  checkSame('meanAbsoluteError', x, y);
  let sum = 0;
  for (let i = 0; i < x.pixels.length; i++) sum += Math.abs(x.pixels[i]! - y.pixels[i]!);
  return sum / x.pixels.length;
}

/** 10 log₁₀(range² / MSE), dB; infinite where the images are the same. */
export function psnr(x: GreyPixels, y: GreyPixels, range: number = 1): number {
  return 10 * Math.log10(range ** 2 / meanSquaredError(x, y));
}

/** A map filtered along both sides. */
function filter(values: Float64Array, width: number, height: number, window: readonly number[], mirror: boolean): Float64Array {
  const reach = (window.length - 1) / 2;
  const at = (i: number, n: number): number => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i); // no pixel twice at the border
  const [outWidth, outHeight] = mirror ? [width, height] : [width - 2 * reach, height - 2 * reach];
  const shift = mirror ? reach : 0;
  const row = new Float64Array(width + 2 * shift);
  const rows = new Float64Array(outWidth * height);
  for (let y = 0; y < height; y++) {
    row.set(values.subarray(y * width, (y + 1) * width), shift);
    for (let i = 0; i < shift; i++) {
      row[i] = values[y * width + at(i - shift, width)]!;
      row[width + shift + i] = values[y * width + at(width + i, width)]!;
    }
    addWindow(row, 1, outWidth, window, rows, y * outWidth);
  }
  const columns = new Float64Array(outWidth * (height + 2 * shift));
  columns.set(rows, shift * outWidth);
  for (let i = 0; i < shift; i++) {
    columns.copyWithin(i * outWidth, (shift + at(i - shift, height)) * outWidth, (shift + at(i - shift, height) + 1) * outWidth);
    const below = shift + at(height + i, height);
    columns.copyWithin((height + shift + i) * outWidth, below * outWidth, (below + 1) * outWidth);
  }
  const out = new Float64Array(outWidth * outHeight);
  addWindow(columns, outWidth, outWidth * outHeight, window, out, 0);
  return out;
}

/** Adds up `count` windows, whose values are `step` apart; the weights in turn, so that the inner loop runs along memory. */
function addWindow(values: Float64Array, step: number, count: number, window: readonly number[], out: Float64Array, to: number): void {
  for (let k = 0; k < window.length; k++) {
    const weight = window[k]!;
    const from = k * step;
    for (let i = 0; i < count; i++) out[to + i]! += weight * values[from + i]!;
  }
}

/** Means over all windows of the whole index and of its contrast and structure alone. */
function terms(x: GreyPixels, y: GreyPixels, options: SsimOptions): { ssim: number; contrast: number } {
  const { range = 1, window = GAUSSIAN, border = 'inside', sampleCovariance = false } = options;
  const { width, height } = x;
  if (Math.min(width, height) < window.length)
    throw new RangeError(`ssim: pictures of ${width} × ${height}: expected at least the window's ${window.length} pixels a side`);
  const [a, b] = [Float64Array.from(x.pixels), Float64Array.from(y.pixels)];
  const mean = (values: Float64Array): Float64Array => filter(values, width, height, window, border === 'mirror');
  const [ma, mb] = [mean(a), mean(b)];
  const [aa, bb, ab] = [mean(a.map((v) => v * v)), mean(b.map((v) => v * v)), mean(a.map((v, i) => v * b[i]!))];
  const n = window.length ** 2;
  const unbiased = sampleCovariance ? n / (n - 1) : 1;
  const [c1, c2] = [(K1 * range) ** 2, (K2 * range) ** 2];
  const rim = border === 'mirror' ? (window.length - 1) / 2 : 0;
  const columns = border === 'mirror' ? width : width - window.length + 1;
  const within = (i: number): boolean => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    return Math.min(column, row, columns - 1 - column, ma.length / columns - 1 - row) >= rim;
  };
  let [ssim, contrast, inside] = [0, 0, 0];
  for (let i = 0; i < ma.length; i++) {
    const [u, v] = [ma[i]!, mb[i]!];
    const structure = (2 * unbiased * (ab[i]! - u * v) + c2) / (unbiased * (aa[i]! - u * u + bb[i]! - v * v) + c2);
    if (within(i)) {
      contrast += structure;
      inside++;
    }
    ssim += structure * ((2 * u * v + c1) / (u * u + v * v + c1));
  }
  return { ssim: ssim / ma.length, contrast: contrast / inside };
}

/**
 * The structural similarity index, eq. (13), its mean over all windows.
 *
 * @returns -1 to 1; 1 where the images are the same
 * @throws RangeError where sizes differ or are below the window's
 */
export function ssim(x: GreyPixels, y: GreyPixels, options: SsimOptions = {}): number {
  checkSame('ssim', x, y);
  return terms(x, y, options).ssim;
}

/** Half the size, each pixel the mean of four; a zero border where a side is odd, as PyTorch pads. */
function halved({ pixels, width, height }: GreyPixels): GreyPixels {
  const [left, top] = [width % 2, height % 2];
  const [w, h] = [(width + left) / 2, (height + top) / 2];
  const out = new Float64Array(w * h);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[((y + top) >> 1) * w + ((x + left) >> 1)]! += pixels[y * width + x]! / 4;
  return { pixels: out, width: w, height: h };
}

/** How many of the five scales images of this size have, each with whole windows of 11 pixels. */
export function msSsimScales(size: number): number {
  let scales = 0;
  for (let side = size; side >= GAUSSIAN.length && scales < MS_SSIM_WEIGHTS.length; side = Math.ceil(side / 2)) scales++;
  return scales;
}

/**
 * The multi-scale index, eq. (7): contrast and structure at every scale, luminance at the coarsest, each to the power of its weight; negative terms
 * count as 0.
 *
 * @param options.scales the finest ones of the five, their weights brought to sum 1; all five where left out, which takes 161 pixels a side
 * @returns 0 to 1
 * @throws RangeError where sizes differ, or the coarsest scale is smaller than the window
 */
export function msSsim(x: GreyPixels, y: GreyPixels, options: SsimOptions & { readonly scales?: number } = {}): number {
  checkSame('msSsim', x, y);
  const { scales = MS_SSIM_WEIGHTS.length, ...each } = options;
  const most = msSsimScales(Math.min(x.width, x.height));
  if (!Number.isInteger(scales) || scales < 1 || scales > most)
    throw new RangeError(
      `msSsim: pictures of ${x.width} × ${x.height} have ${most} scales of whole windows, asked for ${scales}; give scales, or larger pictures`,
    );
  const weights = MS_SSIM_WEIGHTS.slice(0, scales);
  const total = weights.reduce((a, b) => a + b, 0);
  let [a, b, product] = [x, y, 1];
  weights.forEach((weight, scale) => {
    const found = terms(a, b, each);
    const term = scale === scales - 1 ? found.ssim : found.contrast;
    product *= Math.max(0, term) ** (scales === MS_SSIM_WEIGHTS.length ? weight : weight / total);
    [a, b] = [halved(a), halved(b)];
  });
  return product;
}

/** How much the images of one prompt differ from each other. */
export interface PromptDiversity {
  /** Over prompts, of each prompt's mean over all pairs of its images; high where they are alike. */
  readonly mean: number;
  /** Over all pairs of all prompts, n - 1 in the denominator. */
  readonly deviation: number;
  readonly pairs: number;
  /** Of MS-SSIM's five: small images have fewer. */
  readonly scales: number;
}

/**
 * MS-SSIM between all images of the same prompt: 4 images are 6 pairs (RoentGen, arXiv:2211.12737, appendix A).
 *
 * @param images those of one prompt together
 * @param perPrompt how many each prompt has, at least 2
 */
export function promptDiversity(pictures: readonly GreyPixels[], perPrompt: number): PromptDiversity {
  if (!(perPrompt >= 2) || pictures.length === 0 || pictures.length % perPrompt !== 0)
    throw new RangeError(`promptDiversity: expected groups of ${perPrompt} pictures, two at least, got ${pictures.length} pictures`);
  const scales = msSsimScales(Math.min(pictures[0]!.width, pictures[0]!.height));
  const values: number[] = [];
  for (let first = 0; first < pictures.length; first += perPrompt)
    for (let i = first; i < first + perPrompt; i++)
      for (let j = i + 1; j < first + perPrompt; j++) values.push(msSsim(pictures[i]!, pictures[j]!, { scales }));
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0, pairs: values.length, scales };
}
