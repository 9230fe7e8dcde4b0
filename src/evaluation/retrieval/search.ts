/** How well each query finds candidates of its label. */

import { ranking } from '../../metrics';
import type { SingleStudy } from './studies';

/** Vectors at length 1, a row for each study. */
export interface SearchSide {
  readonly studies: readonly SingleStudy[];
  /** [studies, width]. */
  readonly vectors: Float32Array;
}

/** What one query finds. */
export interface QueryResult {
  readonly label: string;
  /** By the order of the cuts; NaN where there are fewer candidates than a cut. */
  readonly precision: readonly number[];
  readonly recall: readonly number[];
  /** Share of relevant ones among its candidates: the precision of a search by lot. */
  readonly prevalence: number;
  readonly candidates: number;
}

/**
 * Each query among the candidates of other patients, by cosine.
 *
 * @param cuts K of Precision@K and Recall@K
 */
export function search(queries: SearchSide, candidates: SearchSide, cuts: readonly number[]): QueryResult[] {
  const width = queries.vectors.length / queries.studies.length;
  return queries.studies.map(({ label, patient }, q) => {
    const query = queries.vectors.subarray(q * width, (q + 1) * width);
    const others = candidates.studies.flatMap((study, c) => (study.patient === patient ? [] : [{ study, c }]));
    const scores = others.map(({ c }) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += query[k]! * candidates.vectors[c * width + k]!;
      return sum;
    });
    const relevant = others.map(({ study }) => Number(study.label === label));
    const ranked = ranking(scores, relevant);
    const known = (cut: number, value: number): number => (cut <= others.length ? value : Number.NaN);
    return {
      label,
      precision: cuts.map((cut) => known(cut, ranked.precision(cut))),
      recall: cuts.map((cut) => known(cut, ranked.recall(cut))),
      prevalence: relevant.reduce((sum, one) => sum + one, 0) / others.length,
      candidates: others.length,
    };
  });
}
