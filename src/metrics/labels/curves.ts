/** Curves over all thresholds of a score. */

export interface RocCurve {
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
  /** Scores from which a case counts as positive; the first, infinite, takes none. */
  readonly thresholds: readonly number[];
}

export interface PrecisionRecallCurve {
  /** From the lowest threshold to the highest; the last point is 1 and 0, above all scores. */
  readonly precision: readonly number[];
  readonly recall: readonly number[];
}

interface Steps {
  readonly thresholds: readonly number[];
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
}

/** Counts of positives at each different score, from the highest down. */
function stepsOf(scores: ArrayLike<number>, labels: ArrayLike<number>): Steps {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const steps: { thresholds: number[]; truePositives: number[]; falsePositives: number[] } = {
    thresholds: [],
    truePositives: [],
    falsePositives: [],
  };
  let [tp, fp] = [0, 0];
  order.forEach((index, i) => {
    if (labels[index] === 1) tp++;
    else fp++;
    if (scores[order[i + 1]!] === scores[index]) return;
    steps.thresholds.push(scores[index]!);
    steps.truePositives.push(tp);
    steps.falsePositives.push(fp);
  });
  return steps;
}

/** The receiver operating characteristic, a point for each different score. */
export function rocCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): RocCurve {
  const { thresholds, truePositives, falsePositives } = stepsOf(scores, labels);
  const rates = (counts: readonly number[]): number[] => [0, ...counts.map((count) => count / counts.at(-1)!)];
  return {
    falsePositiveRate: rates(falsePositives),
    truePositiveRate: rates(truePositives),
    thresholds: [Number.POSITIVE_INFINITY, ...thresholds],
  };
}

/** The area under a line through points, by trapezoids. */
export function areaUnder(x: readonly number[], y: readonly number[]): number {
  let area = 0;
  for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2;
  return area;
}

export function precisionRecallCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): PrecisionRecallCurve {
  const { truePositives, falsePositives } = stepsOf(scores, labels);
  const positives = truePositives.at(-1)!;
  const precision = truePositives.map((tp, i) => tp / (tp + falsePositives[i]!));
  const recall = truePositives.map((tp) => tp / positives);
  return { precision: [...precision.reverse(), 1], recall: [...recall.reverse(), 0] };
}

/** Σ (recall - the one before) · precision, from the highest threshold down: the area under the curve in steps. NaN without a positive. */
export function averagePrecision(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { truePositives, falsePositives } = stepsOf(scores, labels);
  const positives = truePositives.at(-1)!;
  return truePositives.reduce((sum, tp, i) => sum + (((tp - (truePositives[i - 1] ?? 0)) / positives) * tp) / (tp + falsePositives[i]!), 0);
}
