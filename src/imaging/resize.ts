/** Resampling with antialiasing, equal to Pillow's `Image.resize` (separable filters, 8-bit images rounded after each pass). */

/** A grey image: row-major, [height * width]; 0..255 as `Uint8Array`, any range as `Float32Array`. */
export interface GreyImage<Data extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  readonly width: number;
  readonly height: number;
  readonly data: Data;
}

/** `area` is another name of Pillow's box filter: the mean over each output pixel's area. */
export type ResizeFilter = 'nearest' | 'box' | 'area' | 'bilinear' | 'bicubic' | 'lanczos';

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Each filter's support (half-width at scale 1) and weight. */
const FILTERS: Record<Exclude<ResizeFilter, 'nearest' | 'area'>, { support: number; weight: (x: number) => number }> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2, // Keys 1981 with a = -0.5
    weight: (x) => {
      const d = Math.abs(x);
      if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
      return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

interface Taps {
  /** First source index of each output pixel. */
  readonly first: Int32Array;
  /** Weights, `width` for each output pixel, summing to 1. */
  readonly weights: Float64Array;
  readonly width: number;
}

/** Pillow's weights of 8-bit images are whole multiples of this. */
const WEIGHT_UNIT = 2 ** -22;

/** Half a unit goes away from zero. */
const wholeUnits = (weight: number): number => Math.sign(weight) * Math.floor(Math.abs(weight) / WEIGHT_UNIT + 0.5) * WEIGHT_UNIT;

/**
 * The source pixels that each output pixel of one axis is made of; when shrinking, the filter is stretched by the scale.
 *
 * @param bytes whether weights are rounded as for 8-bit images, so that sums are Pillow's to the last bit
 */
function taps(from: number, to: number, filter: Exclude<ResizeFilter, 'nearest' | 'area'>, bytes: boolean): Taps {
  const { support, weight } = FILTERS[filter];
  const scale = from / to;
  const stretch = Math.max(scale, 1);
  const width = Math.ceil(support * stretch) * 2 + 1;
  const first = new Int32Array(to);
  const weights = new Float64Array(to * width);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const high = Math.min(from, Math.trunc(centre + support * stretch + 0.5));
    let total = 0;
    for (let j = low; j < high; j++) {
      weights[i * width + j - low] = weight((j - centre + 0.5) / stretch);
      total += weights[i * width + j - low]!;
    }
    for (let j = i * width; j < i * width + high - low; j++) {
      const weight = weights[j]! / total;
      weights[j] = bytes ? wholeUnits(weight) : weight;
    }
    first[i] = low;
  }
  return { first, weights, width };
}

/** Applies taps along rows of `from` values. */
function across(source: Float32Array | Uint8Array, from: number, { first, weights, width }: Taps): Float64Array {
  const to = first.length;
  const rows = source.length / from;
  const out = new Float64Array(rows * to);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < to; i++) {
      const low = first[i]!;
      const count = Math.min(width, from - low);
      let sum = 0;
      for (let k = 0; k < count; k++) sum += weights[i * width + k]! * source[row * from + low + k]!;
      out[row * to + i] = sum;
    }
  return out;
}

/** Applies taps along columns of `from` values; row by row, as they lie in memory. */
function down(source: Float64Array | Float32Array | Uint8Array, from: number, { first, weights, width }: Taps): Float64Array {
  const to = first.length;
  const columns = source.length / from;
  const out = new Float64Array(to * columns);
  for (let i = 0; i < to; i++) {
    const low = first[i]!;
    const count = Math.min(width, from - low);
    for (let k = 0; k < count; k++) {
      const weight = weights[i * width + k]!;
      const row = (low + k) * columns;
      for (let x = 0; x < columns; x++) out[i * columns + x]! += weight * source[row + x]!;
    }
  }
  return out;
}

function clampRound(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(255, Math.max(0, Math.floor(values[i]! + 0.5)));
}

/** Source index of each output pixel. The position is summed up step by step, as Pillow does, so that ties fall to the same side. */
function nearestIndices(from: number, to: number): Int32Array {
  const indices = new Int32Array(to);
  const scale = from / to;
  let position = scale * 0.5;
  for (let i = 0; i < to; i++, position += scale) indices[i] = Math.min(from - 1, Math.floor(position));
  return indices;
}

function nearest<Data extends Uint8Array | Float32Array>(image: GreyImage<Data>, width: number, height: number): GreyImage<Data> {
  const data = new (image.data.constructor as new (n: number) => Data)(width * height);
  const [columns, rows] = [nearestIndices(image.width, width), nearestIndices(image.height, height)];
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = image.data[rows[y]! * image.width + columns[x]!]!;
  return { width, height, data };
}

/**
 * A grey image at another size. Equal to Pillow 12 for 8-bit data; for floats without rounding or clamping.
 *
 * @param image    not changed; the result has the same kind of data
 * @param options  size in pixels and filter (`bilinear` if not given)
 * @throws RangeError where a size is not a positive integer or does not fit the data; TypeError for an unknown filter
 */
export function resize<Data extends Uint8Array | Float32Array>(
  image: GreyImage<Data>,
  options: { readonly width: number; readonly height: number; readonly filter?: ResizeFilter },
): GreyImage<Data> {
  const { width, height, filter = 'bilinear' } = options;
  for (const n of [width, height, image.width, image.height])
    if (!Number.isInteger(n) || n < 1)
      throw new RangeError(`resize: sizes: expected integers >= 1, got ${image.width}x${image.height} to ${width}x${height}`);
  if (image.data.length !== image.width * image.height)
    throw new RangeError(
      `resize: expected ${image.width} * ${image.height} = ${image.width * image.height} numbers (one channel), got ${image.data.length}`,
    );
  if (filter === 'nearest') return nearest(image, width, height);
  const name = filter === 'area' ? 'box' : filter;
  if (!(name in FILTERS))
    throw new TypeError(`resize: filter: expected nearest, box, area, bilinear, bicubic or lanczos, got ${String(filter)}`);

  const bytes = image.data instanceof Uint8Array;
  let pixels: Float64Array | Float32Array | Uint8Array = image.data; // not copied: a large image would need twice its memory
  if (width !== image.width) {
    const rows = across(image.data, image.width, taps(image.width, width, name, bytes));
    if (bytes) clampRound(rows); // Pillow stores 8 bits between the passes
    pixels = rows;
  }
  if (height !== image.height) {
    const columns = down(pixels, image.height, taps(image.height, height, name, bytes));
    if (bytes) clampRound(columns);
    pixels = columns;
  }
  const data = new (image.data.constructor as new (n: number) => Data)(width * height);
  data.set(pixels);
  return { width, height, data };
}
