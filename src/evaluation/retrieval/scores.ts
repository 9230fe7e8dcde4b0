/** What the results of queries come to. */

import { type BootstrapOptions, bootstrapMean, type Estimate } from '../estimate';
import type { QueryResult } from './search';

/** How one set of images does as queries. */
export interface RetrievalScores {
  /** `real`, a model's name, or `chance`, which a search by lot gives on average. */
  readonly images: string;
  readonly kind: 'real' | 'chance' | 'model';
  readonly queries: number;
  /** By the order of the cuts; null where there are fewer candidates than the cut. */
  readonly precision: readonly (Estimate | null)[];
  readonly recall: readonly (Estimate | null)[];
  /** Precision at the first cut. */
  readonly byFinding: readonly { readonly label: string; readonly queries: number; readonly precision: Estimate | null }[];
}

/** What a search by lot gives each query on average. */
export const byLot = (results: readonly QueryResult[], cuts: readonly number[]): QueryResult[] =>
  results.map((query) => ({
    ...query,
    precision: query.precision.map((value) => (Number.isNaN(value) ? value : query.prevalence)),
    recall: query.recall.map((value, i) => (Number.isNaN(value) ? value : cuts[i]! / query.candidates)),
  }));

/** Queries of which an interval is drawn at least: of fewer the bootstrap would be far too sure. */
const LEAST = 5;

/** Means over queries, with their intervals, of few queries without. @param labels the findings in the order of the table */
export function scoresOf(
  images: string,
  kind: RetrievalScores['kind'],
  results: readonly QueryResult[],
  labels: readonly string[],
  options: BootstrapOptions,
): RetrievalScores {
  const mean = (queries: readonly QueryResult[], value: (query: QueryResult) => number): Estimate | null => {
    const values = queries.map(value);
    if (values.some(Number.isNaN)) return null;
    if (values.length < LEAST) {
      const value = values.reduce((sum, one) => sum + one, 0) / values.length;
      return { value, low: Number.NaN, high: Number.NaN };
    }
    return bootstrapMean(values, options);
  };
  const [first] = results;
  return {
    images,
    kind,
    queries: results.length,
    precision: first!.precision.map((_, i) => mean(results, ({ precision }) => precision[i]!)),
    recall: first!.recall.map((_, i) => mean(results, ({ recall }) => recall[i]!)),
    byFinding: labels.map((label) => {
      const queries = results.filter((query) => query.label === label);
      return { label, queries: queries.length, precision: mean(queries, ({ precision }) => precision[0]!) };
    }),
  };
}
