/** What an evaluation leaves: tables whose numbers have intervals, figures, definitions and caveats. */

import type { Displayable } from '../display';
import type { Estimate } from './estimate';

/** A cell of a table: a number with its interval where one can be had, a count, a word; null where there is nothing to measure. */
export type Cell = Estimate | number | string | null;

export interface ResultTable {
  /** The name of its CSV file. */
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
  /** How the intervals were got, such as "95% bootstrap over images, 1000 draws"; needed where a cell has one. */
  readonly intervals?: string;
  /** A long table: in its file alone. */
  readonly detail?: boolean;
}

export interface ResultFigure {
  /** The name of its PNG file. */
  readonly name: string;
  /** What is seen, one or two sentences. */
  readonly caption: string;
  readonly figure: Displayable;
}

/** A statement of the paper, and what came of it here. */
export interface Finding {
  readonly finding: string;
  /** The paper's numbers. */
  readonly paper: string;
  readonly here: string;
  /** Undecided where intervals of both sides overlap. */
  readonly verdict: 'repeated' | 'not repeated' | 'undecided';
}

/** What every evaluation comes to; each adds its own typed rows. */
export interface EvaluationResult {
  /** The command's name. */
  readonly evaluation: string;
  readonly title: string;
  /** What the paper has in its place, such as "Table 2, Figure 5". */
  readonly paper: string;
  readonly tables: readonly ResultTable[];
  readonly figures: readonly ResultFigure[];
  /** Each measure in a sentence, with the version of its definition and the network that it goes by. */
  readonly definitions: Readonly<Record<string, string>>;
  /** What a reader must know to trust the numbers, such as too few images; one sentence each. */
  readonly notes: readonly string[];
  readonly findings?: readonly Finding[];
}

/** What the evaluation of a system comes to. */
export interface SystemEvaluation {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly definitions: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** Whether a cell is a number with an interval. */
export const isEstimate = (cell: Cell | undefined): cell is Estimate => typeof cell === 'object' && cell !== null;

/** The verdict on a statement that a number is above 0. */
export const isAbove0 = ({ low, high }: Estimate): Finding['verdict'] => (low > 0 ? 'repeated' : high < 0 ? 'not repeated' : 'undecided');
