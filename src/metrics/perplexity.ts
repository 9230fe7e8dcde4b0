/** How surprised a language model is. */

/**
 * The mean negative log-likelihood of tokens, nats; perplexity is its exponential.
 *
 * @param logits  [n, vocabulary], row-major
 * @param targets n token ids; `ignored` ones don't count
 */
export function meanSurprise(logits: ArrayLike<number>, targets: ArrayLike<number>, ignored: number = -100): number {
  const width = logits.length / targets.length;
  let [sum, count] = [0, 0];
  for (let i = 0; i < targets.length; i++) {
    if (targets[i] === ignored) continue;
    let most = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < width; j++) most = Math.max(most, logits[i * width + j]!);
    let total = 0;
    for (let j = 0; j < width; j++) total += Math.exp(logits[i * width + j]! - most);
    sum += most + Math.log(total) - logits[i * width + targets[i]!]!;
    count++;
  }
  return sum / count;
}

/** exp of `meanSurprise`. */
export function perplexity(logits: ArrayLike<number>, targets: ArrayLike<number>, ignored?: number): number {
  return Math.exp(meanSurprise(logits, targets, ignored));
}
