/** A table of text in memory. */

/** A row by column name. */
export interface Row {
  /** As a spreadsheet shows it: the header is row 1. In JSON lines, the line; in Parquet, counted from 1. */
  readonly number: number;
  readonly cells: Readonly<Record<string, string>>;
}

export interface Table {
  readonly path: string;
  readonly columns: readonly string[];
  /** One at least. */
  readonly rows: readonly Row[];
}
