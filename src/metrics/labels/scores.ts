/** Precision, recall and F1 of labels, averaged in the ways that papers do; what there is nothing of counts as 0. */

/** A row for each case, a column for each label: 1 present, 0 absent. */
export type LabelTable = readonly (readonly number[])[];

export interface LabelScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Cases that have the label. */
  readonly support: number;
}

export interface LabelScores {
  readonly perLabel: readonly LabelScore[];
  /** From the counts of all labels together. */
  readonly micro: LabelScore;
  /** Means over labels; weighted by how many cases have each. */
  readonly macro: LabelScore;
  readonly weighted: LabelScore;
  /** The mean over cases. */
  readonly samples: LabelScore;
}

/** What is said of one label or one case, counted. */
export interface Confusion {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

/** @param truth 1 present, 0 absent; `said` alike, as many */
export function confusion(truth: readonly number[], said: readonly number[]): Confusion {
  if (truth.length !== said.length) throw new RangeError(`confusion: ${truth.length} and ${said.length} labels`);
  const count = (t: number, s: number): number => truth.filter((value, i) => value === t && said[i] === s).length;
  return { truePositive: count(1, 1), falsePositive: count(0, 1), falseNegative: count(1, 0), trueNegative: count(0, 0) };
}

const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

function scoreOf({ truePositive, falsePositive, falseNegative }: Confusion): LabelScore {
  const support = truePositive + falseNegative;
  return {
    precision: ratio(truePositive, truePositive + falsePositive),
    recall: ratio(truePositive, support),
    f1: ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative),
    support,
  };
}

function averaged(scores: readonly LabelScore[], weight: (score: LabelScore) => number): LabelScore {
  const total = scores.reduce((sum, score) => sum + weight(score), 0);
  const mean = (key: keyof LabelScore): number =>
    ratio(
      scores.reduce((sum, score) => sum + weight(score) * score[key], 0),
      total,
    );
  return {
    precision: mean('precision'),
    recall: mean('recall'),
    f1: mean('f1'),
    support: scores.reduce((sum, { support }) => sum + support, 0),
  };
}

/** @throws RangeError where the tables are not of one form */
export function labelScores(truth: LabelTable, said: LabelTable): LabelScores {
  if (truth.length !== said.length) throw new RangeError(`labelScores: ${truth.length} and ${said.length} rows`);
  const columns =
    truth[0]?.map((_, j) =>
      confusion(
        truth.map((row) => row[j]!),
        said.map((row) => row[j]!),
      ),
    ) ?? [];
  const sum = (key: keyof Confusion): number => columns.reduce((total, one) => total + one[key], 0);
  const perLabel = columns.map(scoreOf);
  return {
    perLabel,
    micro: scoreOf({
      truePositive: sum('truePositive'),
      falsePositive: sum('falsePositive'),
      falseNegative: sum('falseNegative'),
      trueNegative: sum('trueNegative'),
    }),
    macro: averaged(perLabel, () => 1),
    weighted: averaged(perLabel, ({ support }) => support),
    samples: averaged(
      truth.map((row, i) => scoreOf(confusion(row, said[i]!))),
      () => 1,
    ),
  };
}

/** Share of cases of which all labels are right. */
export function exactMatch(truth: LabelTable, said: LabelTable): number {
  return truth.filter((row, i) => row.every((value, j) => value === said[i]![j])).length / truth.length;
}

/** Share of single labels that are wrong. */
export function hammingLoss(truth: LabelTable, said: LabelTable): number {
  const wrong = truth.reduce((sum, row, i) => sum + row.filter((value, j) => value !== said[i]![j]).length, 0);
  return wrong / (truth.length * truth[0]!.length);
}

/** Overlap over union: F / (2 - F). */
export const jaccard = ({ f1 }: Pick<LabelScore, 'f1'>): number => f1 / (2 - f1);

/** Matthews' correlation (1975) of a label. */
export function matthews({ truePositive: tp, falsePositive: fp, falseNegative: fn, trueNegative: tn }: Confusion): number {
  return ratio(tp * tn - fp * fn, Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)));
}

/** The mean of sensitivity and specificity. */
export function balancedAccuracy({ truePositive, falsePositive, falseNegative, trueNegative }: Confusion): number {
  return (ratio(truePositive, truePositive + falseNegative) + ratio(trueNegative, trueNegative + falsePositive)) / 2;
}

/** What a mention of a finding may be, as CheXbert numbers it (Smit et al. 2020, arXiv:2004.09167). */
export const MENTION = { blank: 0, positive: 1, negative: 2, uncertain: 3 } as const;

/** Mentions as present or absent; an uncertain one counts as either. */
export function presentIn(mentions: LabelTable, uncertain: 'positive' | 'negative'): number[][] {
  return mentions.map((row) =>
    row.map((value) => Number(value === MENTION.positive || (value === MENTION.uncertain && uncertain === 'positive'))),
  );
}

/** The five findings that F1-CheXbert is given for besides all fourteen. */
export const chexbertFive: readonly string[] = ['Cardiomegaly', 'Edema', 'Consolidation', 'Atelectasis', 'Pleural Effusion'];
