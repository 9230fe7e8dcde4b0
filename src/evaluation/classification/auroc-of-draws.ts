/** AUROC of cases drawn with replacement, without sorting each draw anew. */

/**
 * Prepares scores once.
 *
 * @param labels 1 present, 0 absent, -1 unknown: left out
 * @returns the AUROC of cases by their numbers, each as often as it is drawn, ties counting one half; NaN where a class is missing
 */
export function aurocOfDraws(scores: ArrayLike<number>, labels: ArrayLike<number>): (rows: Int32Array) => number {
  const order = Array.from({ length: scores.length }, (_, i) => i)
    .filter((i) => labels[i]! >= 0)
    .sort((a, b) => scores[a]! - scores[b]!);
  const times = new Int32Array(scores.length);
  return (rows) => {
    times.fill(0);
    for (const row of rows) times[row]!++;
    let [below, positives, wins] = [0, 0, 0]; // negatives with lower scores, positives so far, pairs that are in order
    for (let start = 0; start < order.length; ) {
      let [end, absent, present] = [start, 0, 0];
      for (; end < order.length && scores[order[end]!] === scores[order[start]!]; end++) {
        const i = order[end]!;
        if (labels[i] === 1) present += times[i]!;
        else absent += times[i]!;
      }
      wins += present * (below + absent / 2);
      below += absent;
      positives += present;
      start = end;
    }
    return positives === 0 || below === 0 ? Number.NaN : wins / (positives * below);
  };
}
