/** Tests of the measures themselves: do they see what a person sees? */

export { type Degradation, degradationsOf } from './degradations';
export {
  evaluateInstruments,
  type Instrument,
  type InstrumentModelRow,
  type InstrumentRow,
  type InstrumentsOptions,
  type InstrumentsResult,
} from './evaluate';
export type { Verdict } from './verdict';
