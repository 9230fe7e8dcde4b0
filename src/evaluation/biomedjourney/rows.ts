/** Rows of the table: images of one kind, measured. */

import type { Draws } from '../estimate';
import type { ResultTable } from '../result';
import type { JourneyInstruments, Readings } from './instruments';
import { estimatesOf, type Measured, measureImages } from './measures';
import type { JourneyTruth } from './truth';

export interface JourneyRow {
  readonly name: string;
  readonly results: Float32Array;
  readonly measured: Measured;
}

export const COPIED = 'the prior, copied';
export const LATER = 'the true later image';
export const EXACT = 'the exact counterfactual';

/** Measures images against what the networks say of the exact ones. */
export interface RowMaker {
  readonly reference: Readings;
  row(name: string, results: Float32Array): Promise<JourneyRow>;
  /** What every table has beside edits: nothing done, and all that could be done. */
  bounds(): Promise<JourneyRow[]>;
}

export async function rowMaker(truth: JourneyTruth, instruments: JourneyInstruments): Promise<RowMaker> {
  const reference = await instruments.read(truth.exact);
  const row = async (name: string, results: Float32Array): Promise<JourneyRow> => ({
    name,
    results,
    measured: measureImages(truth, results, await instruments.read(results), reference),
  });
  return {
    reference,
    row,
    bounds: async () => [await row(COPIED, truth.priors), await row(LATER, truth.laters), await row(EXACT, truth.exact)],
  };
}

export function tableOfRows(truth: JourneyTruth, rows: readonly JourneyRow[], draws: Draws): ResultTable {
  return {
    name: 'biomedjourney',
    title: `Edits of ${truth.count} prior images of ${new Set(truth.patients).size} patients`,
    intervals: `95% bootstrap over images, ${draws.draws} draws`,
    rows: rows.map(({ name, measured }) => ({ images: name, ...estimatesOf(truth, measured, draws) })),
  };
}
