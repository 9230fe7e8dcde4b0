/** How far a set of images is from real ones, in one feature space. */

import { foldIn, type Key } from '../../engine';
import { type Features, frechetDistance } from '../../metrics';
import { kernelDistanceEstimate, manifoldEstimates } from '../distances';
import { bootstrapErrorOfBoth, type Estimate, shareOf } from '../estimate';
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
export const NEIGHBOURS = 5;

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
  /** Draws of the interval of FID. */
  readonly draws: number;
  readonly signal?: AbortSignal;
}

/**
 * All distances; shares have Wilson's intervals, of the images that they are shares of.
 *
 * @throws RangeError where a set has no more rows than there are neighbours, or widths differ; the signal's reason where it was raised
 */
export async function distancesOf(real: Features, images: Features, { key, draws, signal }: DistanceOptions): Promise<Distances> {
  const { precision, recall, density, coverage } = manifoldEstimates(real, images, NEIGHBOURS, { key: foldIn(key, 2) });
  const share = ({ value }: Estimate, { rows }: Features): Estimate => shareOf(value * rows, rows);
  return {
    fid: await bootstrapErrorOfBoth(
      [real.rows, images.rows],
      (some, others) => frechetDistance(chosenRows(real, some), chosenRows(images, others)),
      { key: foldIn(key, 0), draws, ...(signal && { signal }) },
    ),
    kid: kernelDistanceEstimate(real, images, { key: foldIn(key, 1) }),
    precision: share(precision, images),
    recall: share(recall, real),
    density,
    coverage: share(coverage, real),
  };
}
