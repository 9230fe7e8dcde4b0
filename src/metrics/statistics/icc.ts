/** Intraclass correlations (Shrout and Fleiss 1979; McGraw and Wong 1996): how alike raters score the same targets. */

import { mean } from './moments';
import { fisherQuantile, fisherTail } from './special';

/** One of the six forms, of one rater's score or of the mean of all. */
export interface IntraclassCorrelation {
  readonly value: number;
  /** The test that targets differ. */
  readonly f: number;
  readonly freedom: readonly [number, number];
  readonly p: number;
  /** 95%. */
  readonly interval: readonly [low: number, high: number];
}

export interface IntraclassCorrelations {
  /** Every target has its own raters: ICC(1,1) and ICC(1,k). */
  readonly oneWay: IntraclassCorrelation;
  readonly oneWayMean: IntraclassCorrelation;
  /** The same raters everywhere, drawn from many; their levels count: ICC(2,1), ICC(2,k), also called ICC(A,·). */
  readonly agreement: IntraclassCorrelation;
  readonly agreementMean: IntraclassCorrelation;
  /** These raters alone, whose levels do not count: ICC(3,1), ICC(3,k), also called ICC(C,·). */
  readonly consistency: IntraclassCorrelation;
  readonly consistencyMean: IntraclassCorrelation;
  readonly meanSquares: { readonly rows: number; readonly columns: number; readonly error: number; readonly within: number };
}

const TAIL = 0.025;

/** @param scores a row for each target, a column for each rater */
export function intraclassCorrelations(scores: readonly (readonly number[])[]): IntraclassCorrelations {
  const [n, k] = [scores.length, scores[0]!.length];
  const [rowMeans, columnMeans] = [scores.map(mean), scores[0]!.map((_, j) => mean(scores.map((row) => row[j]!)))];
  const centre = mean(rowMeans);
  const squares = (values: readonly number[], around: number): number => values.reduce((sum, value) => sum + (value - around) ** 2, 0);
  const rows = (k * squares(rowMeans, centre)) / (n - 1);
  const columns = (n * squares(columnMeans, centre)) / (k - 1);
  const within = scores.reduce((sum, row, i) => sum + squares(row, rowMeans[i]!), 0) / (n * (k - 1));
  const error = (within * n * (k - 1) - columns * (k - 1)) / ((n - 1) * (k - 1));

  const [between, inside, rest] = [n - 1, n * (k - 1), (n - 1) * (k - 1)];
  const tested = (f: number, below: number): Pick<IntraclassCorrelation, 'f' | 'freedom' | 'p'> => ({
    f,
    freedom: [between, below],
    p: fisherTail(f, between, below),
  });
  /** The intervals of a form whose F bounds it: of one rater and of the mean. */
  const bounded = (f: number, below: number): { single: [number, number]; average: [number, number] } => {
    const ends = [f / fisherQuantile(TAIL, between, below), f * fisherQuantile(TAIL, below, between)];
    return {
      single: ends.map((end) => (end - 1) / (end + k - 1)) as [number, number],
      average: ends.map((end) => 1 - 1 / end) as [number, number],
    };
  };

  const [one, other] = [rows / within, rows / error];
  const [oneWay, consistency] = [bounded(one, inside), bounded(other, rest)];
  const agreement = (rows - error) / (rows + (k - 1) * error + (k * (columns - error)) / n);
  const single = agreementInterval(agreement, { rows, columns, error }, n, k);
  const ofMean = (value: number): number => (value * k) / (1 + value * (k - 1));
  return {
    oneWay: { value: (rows - within) / (rows + (k - 1) * within), ...tested(one, inside), interval: oneWay.single },
    oneWayMean: { value: (rows - within) / rows, ...tested(one, inside), interval: oneWay.average },
    agreement: { value: agreement, ...tested(other, rest), interval: single },
    agreementMean: {
      value: (rows - error) / (rows + (columns - error) / n),
      ...tested(other, rest),
      interval: single.map(ofMean) as [number, number],
    },
    consistency: { value: (rows - error) / (rows + (k - 1) * error), ...tested(other, rest), interval: consistency.single },
    consistencyMean: { value: (rows - error) / rows, ...tested(other, rest), interval: consistency.average },
    meanSquares: { rows, columns, error, within },
  };
}

/** McGraw and Wong 1996, table 7, with Satterthwaite's degrees of freedom. */
function agreementInterval(
  icc: number,
  { rows, columns, error }: { readonly rows: number; readonly columns: number; readonly error: number },
  n: number,
  k: number,
): [number, number] {
  const ratio = columns / error;
  const scale = n * (1 + (k - 1) * icc) - k * icc;
  const freedom = ((n - 1) * (k - 1) * (k * icc * ratio + scale) ** 2) / ((n - 1) * (k * icc * ratio) ** 2 + scale ** 2);
  const noise = k * columns + (k * n - k - n) * error;
  const [up, down] = [fisherQuantile(TAIL, n - 1, freedom), fisherQuantile(TAIL, freedom, n - 1)];
  return [(n * (rows - up * error)) / (up * noise + n * rows), (n * (down * rows - error)) / (noise + n * down * rows)];
}
