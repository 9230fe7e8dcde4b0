/** What a kind of timed work offers: models and inputs are written once, for any library that is to be timed on them, and then this one runs on them. */

/** One call of the timed work. @returns what tells whether it computes the same elsewhere: a loss, or the first values of an output */
export type Call = () => readonly number[] | Promise<readonly number[]>;

/** @typeParam S what the work is given, as JSON; it lies beside models and inputs as settings.json */
export interface Kind<S> {
  /** Writes models with random weights, and inputs: same settings, same bytes. */
  write(folder: string, settings: S): Promise<void>;
  /** Loads them. Nothing is compiled before the first call. */
  start(folder: string, settings: S): Promise<Call>;
}
