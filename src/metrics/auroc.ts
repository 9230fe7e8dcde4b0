/** Area under the receiver operating characteristic curve. */

/**
 * The probability that a positive scores above a negative, ties counting one half (Mann and Whitney 1947).
 *
 * @param scores any numbers, larger for "present"
 * @param labels 1 present, 0 absent, same length
 * @returns 0 to 1, or NaN where one of the classes is missing
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  if (scores.length !== labels.length) throw new RangeError(`auroc: ${scores.length} scores for ${labels.length} labels`);
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const rank = (start + end + 1) / 2; // mean of ranks start + 1 … end
    for (let i = start; i < end; i++)
      if (labels[order[i]!] === 1) {
        positives++;
        rankSum += rank;
      }
    start = end;
  }
  const negatives = scores.length - positives;
  return positives === 0 || negatives === 0 ? Number.NaN : (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}
