/** Whether a search puts first what it should. */

/** How well one query's ranking does; all 0 to 1. Where `cut` is given, only so many of the first count. */
export interface Ranking {
  /** Share of the relevant ones that are found. */
  recall(cut: number): number;
  /** Share of the found ones that are relevant. */
  precision(cut: number): number;
  /** 1 where any relevant one is found. */
  hit(cut: number): number;
  /** The precision among as many as are relevant. */
  readonly rPrecision: number;
  /** The mean of the precisions at each relevant one. */
  readonly averagePrecision: number;
  /** 1 over the place of the first relevant one. */
  readonly reciprocalRank: number;
  /** Discounted gain over that of the best order (Järvelin and Kekäläinen 2002); equal scores share their places. */
  ndcg(cut?: number): number;
}

/**
 * @param scores   of the candidates, larger for better
 * @param relevant 1 or 0 for each of them
 */
export function ranking(scores: ArrayLike<number>, relevant: ArrayLike<number>): Ranking {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const hits = order.map((i) => relevant[i]!);
  const total = hits.reduce((sum, hit) => sum + hit, 0);
  const within = (cut: number): number => hits.slice(0, cut).reduce((sum, hit) => sum + hit, 0);
  const places = hits.flatMap((hit, i) => (hit === 1 ? [i + 1] : []));
  return {
    recall: (cut) => (total > 0 ? within(cut) / total : 0),
    precision: (cut) => within(cut) / cut,
    hit: (cut) => Number(within(cut) > 0),
    rPrecision: total > 0 ? within(total) / total : 0,
    averagePrecision: total > 0 ? places.reduce((sum, place, i) => sum + (i + 1) / place, 0) / total : 0,
    reciprocalRank: places.length > 0 ? 1 / places[0]! : 0,
    ndcg: (cut = hits.length) => {
      const best = discounted(
        [...hits].sort((a, b) => b - a),
        cut,
      );
      return best > 0 ? discounted(shared(hits, order, scores), cut) / best : 0;
    },
  };
}

/** Σ gain / log₂(place + 1). */
function discounted(gains: readonly number[], cut: number): number {
  return gains.slice(0, cut).reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
}

/** Gains in order, those of equal scores their mean. */
function shared(hits: readonly number[], order: readonly number[], scores: ArrayLike<number>): number[] {
  const out: number[] = [];
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const gain = hits.slice(start, end).reduce((sum, hit) => sum + hit, 0) / (end - start);
    while (out.length < end) out.push(gain);
    start = end;
  }
  return out;
}

/**
 * The place of the one right answer of each query, from 1: as many as score higher, plus one.
 *
 * @param similarity [n, n], row i's right answer in column i
 */
export function ranksOfPairs(similarity: readonly (readonly number[])[]): number[] {
  return similarity.map((row, i) => row.filter((value) => value > row[i]!).length + 1);
}
