/** What a component's checker is: it finds the cases of a fixture folder and measures each against the reference. */

/** One line of the table. `error` and `tolerance` are in the same unit; `pass` is null where we can't do the case yet. */
export interface Row {
  readonly component: string;
  readonly case: string;
  readonly quantity: string;
  readonly error: number | null;
  readonly tolerance: number | null;
  readonly pass: boolean | null;
}

/** A row without the names that the runner knows already. */
export type Measure = Pick<Row, 'quantity' | 'error' | 'tolerance' | 'pass'>;

export interface CheckOptions {
  /** Folders in which source images, CT series and tokenizers are looked for, in this order. */
  readonly data: readonly string[];
  /** Raised by Ctrl-C; the runner looks at it between measures. */
  readonly signal: AbortSignal;
}

/**
 * Measures the cases of one component. Several checkers may share a component; each case belongs to the first that claims it, and cases that
 * `listCases` finds and nobody claims are listed as not yet supported.
 */
export interface Checker {
  /** The name of the folder in the fixtures. */
  readonly component: string;
  /**
   * The names of the cases that this checker knows of, in the table's order. Read from the folder, never written in code. It may name cases that
   * it can't do: `check` then throws `Unsupported`.
   *
   * @param folder the component's folder, such as `<DIR>/unet`
   */
  cases(folder: string): Promise<readonly string[]>;
  /**
   * Measures one case. What it throws becomes a failing row with the message; an `Unsupported` becomes a row without verdict. Tensors that it
   * makes are its own to dispose.
   */
  check(folder: string, name: string, options: CheckOptions): AsyncIterable<Measure>;
}

/** Thrown by a checker for a case that the library has no support for: a row whose `pass` is null. */
export class Unsupported extends Error {
  override name = 'Unsupported';
}
