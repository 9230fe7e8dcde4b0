/** A stage's power over that of real images, by frequency. */

import { foldIn, type Key } from '../../engine';
import { bootstrap, bootstrapOfBoth, type Estimate } from '../estimate';
import { bandsOf, type LogPower, logPowerOf, ringsOfBand, type Spectra } from './spectrum';

export interface PowerRatios {
  /** By ring, from 1. */
  readonly rings: readonly Estimate[];
  /** By band of `bandsOf`. */
  readonly bands: readonly Estimate[];
}

export interface RatioOptions {
  readonly key: Key;
  readonly draws: number;
  /** Images are pairs: each is before and after, or of one text. */
  readonly paired: boolean;
}

const exp = ({ value, low, high }: Estimate): Estimate => ({ value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) });

/**
 * Geometric means over images, the first over the second: below 1 where detail is missing.
 *
 * @throws RangeError where images are of different sizes, or pairs are not as many
 */
export function powerRatios(stage: Spectra, real: Spectra, size: number, options: RatioOptions): PowerRatios {
  if (stage.rings !== real.rings)
    throw new RangeError(`powerRatios: images have ${stage.rings} and ${real.rings} frequencies: expected images of one size`);
  if (options.paired && stage.images !== real.images)
    throw new RangeError(`powerRatios: ${stage.images} and ${real.images} images are no pairs`);
  const bands = bandsOf(size).map((band, i) => ringsOfBand(band, i === 0));
  const rings = Array.from({ length: real.rings }, (_, i) => [i + 1]);
  const of = (groups: readonly (readonly number[])[]): Estimate[] => ratiosOf(logPowerOf(stage, groups), logPowerOf(real, groups), options);
  return { rings: of(rings), bands: of(bands) };
}

function ratiosOf(stage: LogPower, real: LogPower, { key, draws, paired }: RatioOptions): Estimate[] {
  const mean = ({ values, groups }: LogPower, g: number, rows: Int32Array): number =>
    rows.reduce((sum, row) => sum + values[row * groups + g]!, 0) / rows.length;
  return Array.from({ length: stage.groups }, (_, g) =>
    exp(
      paired
        ? bootstrap(stage.images, (rows) => mean(stage, g, rows) - mean(real, g, rows), { key: foldIn(key, 0), draws })
        : bootstrapOfBoth([stage.images, real.images], (some, others) => mean(stage, g, some) - mean(real, g, others), {
            key: foldIn(key, 1),
            draws,
          }),
    ),
  );
}
