/** Tests of the measures themselves: do they see what a person sees? */

export { type Degradation, degradationsOf } from './degradations';
export { evaluateInstruments, type InstrumentsOptions, type InstrumentsResult } from './evaluate';
export type { Measure } from './measures';
export type { Instrument, InstrumentModelRow, InstrumentRow } from './rows';
export type { Verdict } from './verdict';
