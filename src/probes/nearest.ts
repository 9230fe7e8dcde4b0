/** k nearest neighbours: what a representation says locally. */

import { expectWhole, type Representation } from './representation';

export interface NearestOptions {
  readonly k: number;
  /** Euclidean where left out; `cosine` is 1 - cosine. */
  readonly metric?: 'euclidean' | 'cosine';
  /** A vote each, or 1 / distance; neighbours at distance 0 then vote alone. `uniform` where left out. */
  readonly weights?: 'uniform' | 'distance';
}

function distanceTo(train: Representation, query: Float64Array, metric: 'euclidean' | 'cosine'): Float64Array {
  const { values, rows, columns } = train;
  const norm = Math.sqrt(query.reduce((sum, value) => sum + value ** 2, 0));
  return Float64Array.from({ length: rows }, (_, i) => {
    let [squares, product, length] = [0, 0, 0];
    for (let k = 0; k < columns; k++) {
      const value = values[i * columns + k]!;
      squares += (value - query[k]!) ** 2;
      product += value * query[k]!;
      length += value ** 2;
    }
    return metric === 'euclidean' ? Math.sqrt(squares) : Math.max(0, 1 - product / (norm * Math.sqrt(length)));
  });
}

/**
 * The class that most of the k nearest have; of several with as many votes the smallest.
 *
 * @param labels of the rows of `train`, whole numbers from 0
 * @throws RangeError where there are fewer than k rows, or widths differ
 */
export function predictNearest(
  train: Representation,
  labels: ArrayLike<number>,
  queries: Representation,
  { k, metric = 'euclidean', weights = 'uniform' }: NearestOptions,
): number[] {
  expectWhole('predictNearest', train);
  expectWhole('predictNearest', queries);
  if (train.columns !== queries.columns) throw new RangeError(`predictNearest: ${train.columns} and ${queries.columns} columns`);
  if (!(k >= 1 && k <= train.rows)) throw new RangeError(`predictNearest: k: expected 1 to ${train.rows}, got ${k}`);
  return Array.from({ length: queries.rows }, (_, q) => {
    const query = Float64Array.from({ length: queries.columns }, (_, i) => queries.values[q * queries.columns + i]!);
    const distances = distanceTo(train, query, metric);
    const nearest = Array.from(distances.keys())
      .sort((a, b) => distances[a]! - distances[b]!)
      .slice(0, k);
    const exact = nearest.filter((i) => distances[i] === 0);
    const voters = weights === 'distance' && exact.length > 0 ? exact : nearest;
    const votes = new Map<number, number>();
    for (const i of voters) {
      const vote = weights === 'distance' && exact.length === 0 ? 1 / distances[i]! : 1;
      votes.set(labels[i]!, (votes.get(labels[i]!) ?? 0) + vote);
    }
    return [...votes].sort(([a, x], [b, y]) => y - x || a - b)[0]![0];
  });
}
