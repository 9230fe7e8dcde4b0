/** How far a set of images is from real ones, in one feature space. */

import { foldIn, type Key } from '../../engine';
import { type Features, frechetDistance } from '../../metrics';
import { kernelDistanceEstimate, manifoldEstimates } from '../distances';
import { bootstrapError, type Estimate, shareOf } from '../estimate';
import { chosenRows } from '../rows';

export interface Distances {
  readonly fid: Estimate;
  readonly kid: Estimate;
  readonly precision: Estimate;
  readonly recall: Estimate;
  readonly density: Estimate;
  readonly coverage: Estimate;
}

/** Neighbours of precision, recall, density and coverage, as in their papers. */
const NEIGHBOURS = 5;

/** In sentences, for results. */
export const DISTANCE_DEFINITIONS: Readonly<Record<string, string>> = {
  FID: 'Fréchet distance between normal distributions of features (Heusel et al. 2017), covariances with divisor n - 1, in float64; it falls with the number of images, so compare equal numbers (v1)',
  KID: 'squared maximum mean discrepancy with the kernel (x·y/width + 1)³ (Bińkowski et al. 2018), unbiased, so that it may be below 0 (v1)',
  precision: `share of images in a ball of a real one, to its neighbour ${NEIGHBOURS} (Kynkäänniemi et al. 2019) (v1)`,
  recall: 'share of real images in a ball of an image (v1)',
  density: 'in how many balls of real images an image lies, over their number of neighbours (Naeem et al. 2020) (v1)',
  coverage: 'share of real images whose ball holds an image (v1)',
};

export interface DistanceOptions {
  readonly key: Key;
  /** Draws of the intervals. */
  readonly draws: number;
}

/**
 * All distances; shares have Wilson's intervals, of the images that they are shares of.
 *
 * @throws RangeError where a set has no more rows than there are neighbours, or widths differ
 */
export function distancesOf(real: Features, images: Features, { key, draws }: DistanceOptions): Distances {
  const { precision, recall, density, coverage } = manifoldEstimates(real, images, NEIGHBOURS, { key: foldIn(key, 2) });
  const share = ({ value }: Estimate, { rows }: Features): Estimate => shareOf(value * rows, rows);
  return {
    fid: frechetEstimate(real, images, { key: foldIn(key, 0), draws }),
    kid: kernelDistanceEstimate(real, images, { key: foldIn(key, 1) }),
    precision: share(precision, images),
    recall: share(recall, real),
    density,
    coverage: share(coverage, real),
  };
}

/** The Fréchet distance with the interval of draws of both sets. */
function frechetEstimate(real: Features, images: Features, { key, draws }: DistanceOptions): Estimate {
  return bootstrapError(
    real.rows + images.rows,
    (rows) => {
      if (rows.every((row, i) => row === i)) return frechetDistance(real, images);
      // A draw of all cases is a draw of each set: the case's number modulo the set's size.
      const a = rows.subarray(0, real.rows).map((row) => row % real.rows);
      const b = rows.subarray(real.rows).map((row) => row % images.rows);
      return frechetDistance(chosenRows(real, a), chosenRows(images, b));
    },
    { key, draws },
  );
}
