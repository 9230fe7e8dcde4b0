/** Whether probabilities mean what they say. */

/** The mean squared difference of probabilities and labels (Brier 1950). */
export function brierScore(probabilities: ArrayLike<number>, labels: ArrayLike<number>): number {
  return Array.from(probabilities).reduce((sum, p, i) => sum + (p - labels[i]!) ** 2, 0) / probabilities.length;
}

/** The mean negative logarithm of the probability of what is so, nats; probabilities are kept `clip` away from 0 and 1. */
export function logLoss(probabilities: ArrayLike<number>, labels: ArrayLike<number>, clip: number = 1e-7): number {
  const sum = Array.from(probabilities).reduce((total, p, i) => {
    const kept = Math.min(1 - clip, Math.max(clip, p));
    return total - Math.log(labels[i] === 1 ? kept : 1 - kept);
  }, 0);
  return sum / probabilities.length;
}

export interface CalibrationError {
  /** The mean over cases of how far a bin's mean confidence is from its rate (Naeini et al. 2015). */
  readonly expected: number;
  /** The largest of these. */
  readonly maximum: number;
}

/**
 * The calibration error in bins of equal width, a confidence on a bound belonging to the bin above.
 *
 * @param confidences 0 to 1: of a label its probability, of a class that of the likeliest
 * @param correct     1 where the label is there, or the class is right
 */
export function calibrationError(confidences: ArrayLike<number>, correct: ArrayLike<number>, bins: number): CalibrationError {
  const step = 1 / bins;
  // From both ends to the middle, as torch.linspace counts: 3 · 0.1 is above 0.3.
  const bounds = Array.from({ length: bins + 1 }, (_, i) => (i < Math.floor((bins + 1) / 2) ? step * i : 1 - step * (bins - i)));
  const sums = Array.from({ length: bins + 1 }, () => ({ count: 0, confidence: 0, correct: 0 }));
  for (let i = 0; i < confidences.length; i++) {
    const bin = sums[bounds.findLastIndex((bound) => bound <= confidences[i]!)]!;
    bin.count++;
    bin.confidence += confidences[i]!;
    bin.correct += correct[i]!;
  }
  const gaps = sums.filter(({ count }) => count > 0).map((bin) => ({ gap: Math.abs(bin.confidence - bin.correct), count: bin.count }));
  return {
    expected: gaps.reduce((sum, { gap }) => sum + gap, 0) / confidences.length,
    maximum: Math.max(...gaps.map(({ gap, count }) => gap / count)),
  };
}
