/** What became of edited images: change where the exact counterfactual changes, stillness elsewhere, and whose image each still is. */

/** Greys differ from the prior's by at least this where an image is said to change: about five of 255 levels, what an eye just sees. */
export const CHANGED = 0.02;

/** Images of one size, 0 to 1, one after another. */
export interface EditedImages {
  readonly results: Float32Array;
  readonly priors: Float32Array;
  /** The exact counterfactuals: the priors with the later findings. */
  readonly exact: Float32Array;
  /** Pixels of an image. */
  readonly area: number;
}

/** Of each image. */
export interface EditMeasures {
  /** Mean absolute error to the exact counterfactual where that differs from the prior; NaN where it does nowhere. */
  readonly changeError: Float64Array;
  /** The same where it does not: what should have been left alone. */
  readonly stillError: Float64Array;
  /** 1 where the result correlates more with its own prior than with any other's, else 0. */
  readonly identified: Float64Array;
}

/** Images with mean 0 and length 1, so that a product of two is their correlation; of one grey, all 0. */
function directions(images: Float32Array, area: number): Float64Array {
  const out = Float64Array.from(images);
  for (let from = 0; from < out.length; from += area) {
    const image = out.subarray(from, from + area);
    const mean = image.reduce((sum, value) => sum + value, 0) / area;
    const length = Math.sqrt(image.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    for (let i = 0; i < area; i++) image[i] = length > 0 ? (image[i]! - mean) / length : 0;
  }
  return out;
}

/** Whether each result's nearest prior is its own. Priors of one patient are one person's: pairs of the same patient do not count against each other. */
function identify({ results, priors, area }: EditedImages, patients: readonly string[]): Float64Array {
  const [ours, theirs] = [directions(results, area), directions(priors, area)];
  const correlation = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < area; i++) sum += ours[a * area + i]! * theirs[b * area + i]!;
    return sum;
  };
  return Float64Array.from(patients, (patient, i) => {
    const own = correlation(i, i);
    return Number(own > 0 && patients.every((other, j) => other === patient || correlation(i, j) < own));
  });
}

/**
 * Measures edits. `results` may as well be the priors, which changes nothing, or the exact counterfactuals, which is all that can be done.
 *
 * @param patients of each image
 * @throws RangeError where the images are not as many as the patients
 */
export function measureEdits(images: EditedImages, patients: readonly string[]): EditMeasures {
  const { results, priors, exact, area } = images;
  for (const [name, values] of Object.entries({ results, priors, exact }))
    if (values.length !== patients.length * area)
      throw new RangeError(`measureEdits: ${name}: expected ${patients.length} images of ${area} pixels, got ${values.length} values`);
  const [changeError, stillError] = [new Float64Array(patients.length), new Float64Array(patients.length)];
  for (let image = 0; image < patients.length; image++) {
    const sums = { change: 0, changing: 0, still: 0 };
    for (let i = image * area; i < (image + 1) * area; i++) {
      const error = Math.abs(results[i]! - exact[i]!);
      if (Math.abs(exact[i]! - priors[i]!) >= CHANGED) {
        sums.change += error;
        sums.changing++;
      } else sums.still += error;
    }
    changeError[image] = sums.change / sums.changing;
    stillError[image] = sums.still / (area - sums.changing);
  }
  return { changeError, stillError, identified: identify(images, patients) };
}
