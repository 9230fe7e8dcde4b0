/** Radiographs whose values are inverted, as DICOM files with MONOCHROME1 come out of tools that do not look at it: air is white. */

/** Fewer than these may be unusual images, such as a close-up. */
const LEAST = { images: 3, fraction: 0.1 };

/**
 * Counts chest radiographs that look like negatives: the air beside the neck is brighter than the mediastinum, and so are the lungs. Nothing is
 * inverted, since images of something else may look so.
 *
 * Of 1221 frontal views of NIH ChestX-ray14, 1 looks so; of their inverses 1192. Either sign alone is wrong for 12 and 18 of them.
 *
 * @param pixels [n, size, size], row-major, 0 to 1
 * @returns 0 for images below 16 × 16
 */
export function countNegatives(pixels: Float32Array, size: number): number {
  if (size < 16) return 0;
  const each = size * size;
  let count = 0;
  for (let at = 0; at < pixels.length; at += each) if (looksNegative(pixels.subarray(at, at + each), size)) count++;
  return count;
}

/** A sentence, where at least three images and a tenth of them look like negatives. */
export function noteNegatives(count: number, total: number): string | undefined {
  if (count < LEAST.images || count < LEAST.fraction * total) return undefined;
  return `${count} of ${total} images look like negatives (air brighter than the mediastinum, as in MONOCHROME1 exports): invert them if they are radiographs`;
}

function looksNegative(image: Float32Array, size: number): boolean {
  /** The mean of a box, in sixteenths of the side. */
  const mean = (left: number, right: number, top: number, bottom: number): number => {
    const at = (sixteenths: number): number => Math.round((sixteenths * size) / 16);
    let sum = 0;
    for (let y = at(top); y < at(bottom); y++) for (let x = at(left); x < at(right); x++) sum += image[y * size + x]!;
    return sum / ((at(bottom) - at(top)) * (at(right) - at(left)));
  };
  const corners = (mean(0, 2, 0, 2) + mean(14, 16, 0, 2)) / 2;
  const lungs = (mean(3, 6, 4, 9) + mean(10, 13, 4, 9)) / 2;
  return mean(7, 9, 2, 14) < corners && mean(7, 9, 4, 12) < lungs;
}
