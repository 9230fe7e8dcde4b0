/** Ways in which images become worse that a person sees, each in steps: what a distance between sets of images must see as well. */

import { type Dataset, type PhantomDataset, renderStudy } from '../../datasets';
import { foldIn, type Key } from '../../engine';
import { nextTurn, permutation } from '../../engine/internal';
import { blurred, flattened, noisy, shapeless, swapped, withoutBands } from './spoil';

/** A way in which images become worse. */
export interface Degradation {
  readonly name: string;
  /** What is done, and what the strength counts, in a sentence with a version. */
  readonly definition: string;
  /** Of the strength, for axes. */
  readonly unit: string;
  /** Whether the strength is that of each image's change, or the fraction of images that are bad. */
  readonly alters: 'each image' | 'some images';
  /** From the faintest, four; 0 would be the images as they are. */
  readonly strengths: readonly number[];
  /**
   * @param pixels  images one after another, 0 to 1; not changed
   * @param key     with the same key the same images, and other strengths of the same noise and places
   * @returns as many images, 0 to 1, in 8 bits
   */
  apply(pixels: Float32Array, size: number, strength: number, key: Key): Promise<Float32Array>;
}

const EIGHT_BITS = 255;

/** Greys as files of 8 bits hold them, so that worse images differ from others in what is seen alone. */
export function inEightBits(pixels: Float32Array): Float32Array {
  return pixels.map((value) => Math.round(Math.min(1, Math.max(0, value)) * EIGHT_BITS) / EIGHT_BITS);
}

type Spoil = (image: Float32Array, size: number, strength: number, key: Key, index: number) => Float32Array;

/** Each image by itself. */
const each =
  (spoil: Spoil): Degradation['apply'] =>
  async (pixels, size, strength, key) => {
    if (strength === 0) return inEightBits(pixels);
    const area = size * size;
    const out = new Float32Array(pixels.length);
    for (let i = 0; i * area < pixels.length; i++) {
      out.set(spoil(pixels.subarray(i * area, (i + 1) * area), size, strength, foldIn(key, i), i), i * area);
      if (i % 16 === 15) await nextTurn();
    }
    return inEightBits(out);
  };

/** A fraction of the images, the same ones and more with a higher strength. */
const some =
  (spoil: Spoil): Degradation['apply'] =>
  async (pixels, size, strength, key) => {
    const images = pixels.length / (size * size);
    const bad = new Set(permutation(key, images).slice(0, Math.round(strength * images)));
    return each((image, side, _, own, i) => (bad.has(i) ? spoil(image, side, strength, own, i) : image))(pixels, size, strength, key);
  };

/** The phantom is asked for its ribs; other images have none to ask for. */
function missingRibs(dataset: Dataset, rows?: ArrayLike<number>): Degradation {
  const drawn = 'study' in dataset ? (dataset as PhantomDataset) : undefined;
  const strengths = [0.25, 0.5, 0.75, 1];
  if (!drawn)
    return {
      name: 'missing ribs',
      definition: `what changes from top to bottom over the width of ribs (between Gaussians of 1/64 and 1/16 of the height) is taken away, the strength's fraction of it: these images cannot be had without ribs (v1)`,
      unit: 'fraction of the band',
      alters: 'each image',
      strengths,
      apply: each((image, size, strength) => withoutBands(image, size, strength)),
    };
  return {
    name: 'missing ribs',
    definition: 'the phantom is rendered with ribs of less bone, by the fraction that the strength says; without them at 1 (v1)',
    unit: "fraction of the ribs' bone",
    alters: 'each image',
    strengths,
    apply: each((_, size, strength, __, i) =>
      Float32Array.from(renderStudy(drawn.study(rows?.[i] ?? i), size, { ribs: 1 - strength }), (value) => value / EIGHT_BITS),
    ),
  };
}

/**
 * The ways, for images of a dataset.
 *
 * @param dataset whose images are degraded: the phantom can leave out its ribs
 * @param rows    which of its images they are; by default the first
 */
export function degradationsOf(dataset: Dataset, rows?: ArrayLike<number>): Degradation[] {
  return [
    {
      name: 'blur',
      definition: "a Gaussian; the strength is its deviation in per cent of the image's width (v1)",
      unit: '% of the width',
      alters: 'each image',
      strengths: [1, 2, 4, 8],
      apply: each((image, size, strength) => blurred(image, size, strength / 100)),
    },
    {
      name: 'noise',
      definition: 'normal noise in each pixel; the strength is its deviation, of greys from 0 to 1 (v1)',
      unit: 'deviation',
      alters: 'each image',
      strengths: [0.02, 0.05, 0.1, 0.2],
      apply: each((image, _, strength, key) => noisy(image, strength, key)),
    },
    {
      name: 'flattened contrast',
      definition: "greys are nearer to the image's mean by the fraction that the strength says (v1)",
      unit: 'fraction',
      alters: 'each image',
      strengths: [0.1, 0.25, 0.5, 0.75],
      apply: each((image, _, strength) => flattened(image, strength)),
    },
    {
      name: 'swapped patches',
      definition: 'of 8 × 8 squares the fraction that the strength says, two at least, change places (v1)',
      unit: 'fraction of squares',
      alters: 'each image',
      strengths: [0.05, 0.1, 0.25, 0.5],
      apply: each((image, size, strength, key) => swapped(image, size, strength, key)),
    },
    missingRibs(dataset, rows),
    {
      name: 'shapeless images',
      definition:
        'a fraction of the images is blurred by a Gaussian of a sixth of the width, so that no shape is left, with noise of 0.01 (v1)',
      unit: 'fraction of images',
      alters: 'some images',
      strengths: [0.1, 0.25, 0.5, 1],
      apply: some((image, size, _, key) => shapeless(image, size, key)),
    },
    {
      name: 'repeated image',
      definition: 'a fraction of the images is one and the same image of the set, as where a model has collapsed (v1)',
      unit: 'fraction of images',
      alters: 'some images',
      strengths: [0.1, 0.25, 0.5, 0.9],
      apply: (pixels, size, strength, key) => {
        const area = size * size;
        const one = permutation(foldIn(key, 1), pixels.length / area)[0]!;
        return some(() => pixels.subarray(one * area, (one + 1) * area))(pixels, size, strength, key);
      },
    },
  ];
}
