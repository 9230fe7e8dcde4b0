/** Measures of classifiers and raters against scikit-learn, torchmetrics and scipy. */

import {
  areaUnder,
  auroc,
  averagePrecision,
  balancedAccuracy,
  brierScore,
  calibrationError,
  cohenKappa,
  confusion,
  exactMatch,
  hammingLoss,
  jaccard,
  kendall,
  labelScores,
  logLoss,
  matthews,
  pearson,
  precisionRecallCurve,
  rocCurve,
  spearman,
} from '../metrics';
import type { Checker, Measure } from './checker';
import { absolute, unsupported } from './measure';
import { fileChecker } from './one-file';

const TOLERANCE = 1e-6;
/** Of values in float32. */
const FLOAT = 1e-5;

type Table = readonly (readonly number[])[];
/** Numbers, lists of them, and names of both, as the file has them. */
type Value = number | null | string | readonly Value[] | { readonly [name: string]: Value };
type Section = Readonly<Record<string, Value>>;

interface Cases {
  readonly multilabel: Section & { readonly probabilities: Table; readonly labels: Table; readonly threshold: number };
  readonly binary_label_0: Section;
  readonly multiclass: Section & { readonly probabilities: Table; readonly labels: readonly number[] };
  readonly raters: Section & { readonly a: readonly number[]; readonly b: readonly number[] };
}

const column = (table: Table, j: number): number[] => table.map((row) => row[j]!);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Infinite thresholds are null in the file. */
const finite = (values: readonly number[]): number[] => values.map((value) => (Number.isFinite(value) ? value : 0));

/** Every number of a section that is a result, with ours of the same name. */
function* compareSection(
  where: string,
  want: Section,
  got: Readonly<Record<string, Value>>,
  inputs: readonly string[],
): Generator<Measure> {
  for (const [name, value] of Object.entries(want)) {
    if (inputs.includes(name) || typeof value === 'string') continue;
    const ours = got[name];
    const quantity = `${where}: ${name}`;
    if (ours === undefined) yield unsupported(quantity);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      yield* compareSection(quantity, value as Section, ours as Section, []);
    else {
      const numbers = (x: Value): number[] => [x].flat().map((one) => Number(one ?? 0));
      yield absolute(quantity, numbers(ours), numbers(value), name.includes('torchmetrics') ? FLOAT : TOLERANCE);
    }
  }
}

function multilabel({ probabilities, labels, threshold }: Cases['multilabel']): Record<string, Value> {
  const said = probabilities.map((row) => row.map((p) => Number(p >= threshold)));
  const { perLabel, micro, macro, weighted, samples } = labelScores(labels, said);
  const known = labels[0]!.map((_, j) => j).filter((j) => new Set(column(labels, j)).size > 1);
  const perKnown = (measure: (scores: number[], truth: number[]) => number): number[] =>
    known.map((j) => measure(column(probabilities, j), column(labels, j)));
  const flat = (table: Table): number[] => table.flatMap((row) => known.map((j) => row[j]!));
  const [areas, precisions] = [perKnown(auroc), perKnown(averagePrecision)];
  return {
    f1: { macro: macro.f1, micro: micro.f1, weighted: weighted.f1, samples: samples.f1 },
    f1_per_label: perLabel.map(({ f1 }) => f1),
    precision_macro: macro.precision,
    recall_macro: macro.recall,
    precision_micro: micro.precision,
    recall_micro: micro.recall,
    accuracy_exact_match: exactMatch(labels, said),
    hamming_loss: hammingLoss(labels, said),
    jaccard_macro: mean(perLabel.map(jaccard)),
    auroc_per_label: areas,
    auroc_macro: mean(areas),
    auroc_micro: auroc(flat(probabilities), flat(labels)),
    average_precision_per_label: precisions,
    average_precision_macro: mean(precisions),
  };
}

function binary({ probabilities, labels, threshold }: Cases['multilabel'], want: Section): Record<string, Value> {
  const [scores, truth] = [column(probabilities, 0), column(labels, 0)];
  const table = confusion(
    truth,
    scores.map((p) => Number(p >= threshold)),
  );
  const roc = rocCurve(scores, truth);
  const errors = binsOf(want).map((bins) => calibrationError(scores, truth, bins));
  return {
    brier: brierScore(scores, truth),
    log_loss: logLoss(scores, truth),
    mcc: matthews(table),
    balanced_accuracy: balancedAccuracy(table),
    confusion_tn_fp_fn_tp: [table.trueNegative, table.falsePositive, table.falseNegative, table.truePositive],
    roc: { fpr: roc.falsePositiveRate, tpr: roc.truePositiveRate, thresholds: finite(roc.thresholds) },
    auc_trapezoid: areaUnder(roc.falsePositiveRate, roc.truePositiveRate),
    precision_recall_curve: { ...precisionRecallCurve(scores, truth) },
    ...expectedErrors(want, errors),
    mce_torchmetrics: errors[0]?.maximum ?? null,
  };
}

/** Numbers of bins, in the file's order. */
function binsOf(want: Section): number[] {
  return Object.keys(want).flatMap((name) => {
    const bins = /^ece_l1_(\d+)_bins/.exec(name)?.[1];
    return bins === undefined ? [] : [Number(bins)];
  });
}

const expectedErrors = (want: Section, errors: readonly { readonly expected: number }[]): Record<string, number> =>
  Object.fromEntries(binsOf(want).map((bins, i) => [`ece_l1_${bins}_bins_torchmetrics`, errors[i]!.expected]));

function multiclass(section: Cases['multiclass']): Record<string, Value> {
  const { probabilities, labels } = section;
  const order = probabilities.map((row) => row.map((_, j) => j).sort((a, b) => row[b]! - row[a]!));
  const said = order.map(([first]) => first!);
  const classes = [...new Set([...labels, ...said])].sort((a, b) => a - b);
  const oneHot = (values: readonly number[]): number[][] => values.map((value) => classes.map((one) => Number(one === value)));
  const confidences = probabilities.map((row) => Math.max(...row));
  const correct = said.map((value, i) => Number(value === labels[i]));
  return {
    ...expectedErrors(
      section,
      binsOf(section).map((bins) => calibrationError(confidences, correct, bins)),
    ),
    accuracy: mean(correct),
    f1_macro: labelScores(oneHot(labels), oneHot(said)).macro.f1,
    top2_accuracy: mean(order.map((row, i) => Number(row.slice(0, 2).includes(labels[i]!)))),
  };
}

function* checkClassification(spec: Cases): Generator<Measure> {
  yield* compareSection('multilabel', spec.multilabel, multilabel(spec.multilabel), ['probabilities', 'labels', 'threshold']);
  yield* compareSection('one label', spec.binary_label_0, binary(spec.multilabel, spec.binary_label_0), []);
  yield* compareSection('classes', spec.multiclass, multiclass(spec.multiclass), ['probabilities', 'labels']);
  const { a, b } = spec.raters;
  const raters = {
    cohen_kappa: cohenKappa(a, b),
    cohen_kappa_linear: cohenKappa(a, b, 'linear'),
    cohen_kappa_quadratic: cohenKappa(a, b, 'quadratic'),
    pearson: pearson(a, b),
    spearman: spearman(a, b),
    kendall_tau_b: kendall(a, b),
  };
  yield* compareSection('raters', spec.raters, raters, ['a', 'b']);
}

export const metricsClassificationChecker: Checker = fileChecker('metrics', { classification: checkClassification });
