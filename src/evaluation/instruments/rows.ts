/** What is found of instruments. */

import type { Estimate } from '../estimate';
import type { Degradation } from './degradations';
import type { Measure } from './measures';
import type { Verdict } from './verdict';

/** A measure in a feature space, or of pixels. */
export interface Instrument {
  /** `FID, imagenet`; `two-sample network`. */
  readonly name: string;
  readonly measure: Measure;
  /** Undefined for that of pixels. */
  readonly space?: string;
}

export interface InstrumentRow extends Verdict {
  readonly instrument: Instrument;
  readonly degradation: Degradation;
  /** From 0, halves of real images. */
  readonly strengths: readonly number[];
  /** One for each strength. */
  readonly values: readonly Estimate[];
}

/** What an instrument says of a model. */
export interface InstrumentModelRow {
  readonly model: string;
  readonly instrument: Instrument;
  readonly real: Estimate;
  readonly value: Estimate;
}
