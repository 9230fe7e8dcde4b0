/** Agreement, paired tests, intervals and AUROCs against scikit-learn, statsmodels, pingouin and scipy. */

import { join } from 'node:path';
import { readSafetensors } from '../files';
import {
  bcaInterval,
  bootstrapMeans,
  bootstrapTest,
  cohenKappa,
  deLong,
  exchangedMeans,
  type IntraclassCorrelations,
  intraclassCorrelations,
  mcNemar,
  multiRaterKappa,
  pairedT,
  percentileInterval,
  type Resamples,
  randomisationTest,
  type WilcoxonOptions,
  wilcoxon,
} from '../metrics';
import type { Checker, Measure } from './checker';
import { type Fixture, has } from './fixture';
import { absolute, exact, unsupported } from './measure';
import { fileChecker } from './one-file';

const TOLERANCE = 1e-9;
/** Of p-values by the t, F and normal distributions. */
const P = 1e-7;
/** The reference rounds intervals of ICC to two digits. */
const TWO_DIGITS = 0.0051;

interface Tested {
  readonly statistic: number;
  readonly p: number;
}

interface Agreement {
  readonly rater1: readonly number[];
  readonly rater2: readonly number[];
  readonly cohen_kappa: Readonly<Record<string, number>>;
  readonly raters: readonly (readonly number[])[];
  readonly categories: number;
  readonly counts: readonly (readonly number[])[];
  readonly fleiss_kappa: number;
  readonly randolph_kappa: number;
  readonly icc_scores: readonly (readonly number[])[];
  readonly icc: readonly {
    readonly type: string;
    readonly icc: number;
    readonly f: number;
    readonly df1: number;
    readonly df2: number;
    readonly p: number;
    readonly ci95: readonly number[];
  }[];
  readonly icc_2_1: number;
  readonly icc_3_1: number;
  readonly icc_mean_squares: { readonly rows: number; readonly columns: number; readonly error: number };
  readonly mcnemar_table: readonly [readonly [number, number], readonly [number, number]];
  readonly mcnemar: Readonly<Record<string, Tested>>;
}

/** Pingouin's names. */
const ICC_FORMS: Readonly<Record<string, Exclude<keyof IntraclassCorrelations, 'meanSquares'>>> = {
  'ICC(1,1)': 'oneWay',
  'ICC(A,1)': 'agreement',
  'ICC(C,1)': 'consistency',
  'ICC(1,k)': 'oneWayMean',
  'ICC(A,k)': 'agreementMean',
  'ICC(C,k)': 'consistencyMean',
};

function* checkAgreement(spec: Agreement): Generator<Measure> {
  for (const [name, want] of Object.entries(spec.cohen_kappa)) {
    const weights = name === 'None' ? 'none' : (name as 'linear' | 'quadratic');
    yield absolute(`Cohen's kappa, weights ${weights}`, [cohenKappa(spec.rater1, spec.rater2, weights)], [want], TOLERANCE);
  }
  const labels = [...new Set(spec.raters.flat())].sort((a, b) => a - b);
  const counts = spec.raters.map((row) => labels.map((label) => row.filter((one) => one === label).length));
  yield exact('counts of the raters', counts.flat(), spec.counts.flat());
  yield absolute("Fleiss' kappa", [multiRaterKappa(counts, 'fleiss')], [spec.fleiss_kappa], TOLERANCE);
  yield absolute("Randolph's kappa", [multiRaterKappa(counts, 'randolph')], [spec.randolph_kappa], TOLERANCE);

  const all = intraclassCorrelations(spec.icc_scores);
  const { rows, columns, error } = all.meanSquares;
  const squares = spec.icc_mean_squares;
  yield absolute('mean squares', [rows, columns, error], [squares.rows, squares.columns, squares.error], TOLERANCE);
  yield absolute('ICC(2,1), ICC(3,1)', [all.agreement.value, all.consistency.value], [spec.icc_2_1, spec.icc_3_1], TOLERANCE);
  for (const row of spec.icc) {
    const form = ICC_FORMS[row.type];
    if (!form) {
      yield unsupported(row.type);
      continue;
    }
    const { value, f, freedom, p, interval } = all[form];
    yield absolute(`${row.type}: value, F, degrees of freedom`, [value, f, ...freedom], [row.icc, row.f, row.df1, row.df2], TOLERANCE);
    yield absolute(`${row.type}: p`, [p], [row.p], P);
    yield absolute(`${row.type}: interval`, interval, row.ci95, TWO_DIGITS);
  }

  for (const [name, want] of Object.entries(spec.mcnemar)) {
    const { statistic, p } = mcNemar(spec.mcnemar_table, name.replace('_', '-') as 'exact' | 'chi2' | 'chi2-corrected');
    yield absolute(`McNemar, ${name}: statistic`, [statistic], [want.statistic], TOLERANCE);
    yield absolute(`McNemar, ${name}: p`, [p], [want.p], P);
  }
}

interface Paired {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly level: number;
  readonly observed_difference: number;
  readonly bootstrap_one_sided_p: number;
  readonly bootstrap_shifted_two_sided_p: number;
  readonly randomisation_one_sided_p: number;
  readonly randomisation_two_sided_p: number;
  readonly percentile_interval: readonly number[];
  readonly bca_interval: readonly number[];
  readonly bca: { readonly z0: number; readonly acceleration: number; readonly quantiles: readonly number[] };
  readonly standard_error: number;
  readonly t_test_paired: Tested;
  readonly wilcoxon: readonly (Tested & {
    readonly data: string;
    readonly a: readonly number[];
    readonly b: readonly number[];
    readonly method: WilcoxonOptions['method'];
    readonly zero_method: WilcoxonOptions['zeros'];
    readonly correction: boolean;
    readonly alternative: WilcoxonOptions['alternative'];
  })[];
}

const resamplesOf = ({ shape, data }: Fixture[string]): Resamples => ({ rows: shape[0]!, values: data });

function* checkResampling(spec: Paired, fixture: Fixture): Generator<Measure> {
  const differences = spec.a.map((value, i) => value - spec.b[i]!);
  const observed = differences.reduce((sum, value) => sum + value, 0) / differences.length;
  yield absolute('observed difference', [observed], [spec.observed_difference], TOLERANCE);
  const means = bootstrapMeans(differences, resamplesOf(fixture.index!));
  const { oneSided, twoSided, standardError } = bootstrapTest(observed, means);
  yield absolute('bootstrap, one-sided p', [oneSided], [spec.bootstrap_one_sided_p], TOLERANCE);
  yield absolute('bootstrap, two-sided p', [twoSided], [spec.bootstrap_shifted_two_sided_p], TOLERANCE);
  yield absolute('bootstrap, standard error', [standardError], [spec.standard_error], TOLERANCE);
  const random = randomisationTest(observed, exchangedMeans(differences, resamplesOf(fixture.swap!)));
  yield absolute('randomisation, one-sided p', [random.oneSided], [spec.randomisation_one_sided_p], TOLERANCE);
  yield absolute('randomisation, two-sided p', [random.twoSided], [spec.randomisation_two_sided_p], TOLERANCE);
  yield absolute('percentile interval', percentileInterval(means, spec.level), spec.percentile_interval, TOLERANCE);
  const { interval, bias, acceleration, quantiles } = bcaInterval(differences, means, spec.level);
  const { z0, acceleration: wanted, quantiles: at } = spec.bca;
  yield absolute('BCa: bias, acceleration, quantiles', [bias, acceleration, ...quantiles], [z0, wanted, ...at], TOLERANCE);
  yield absolute('BCa interval', interval, spec.bca_interval, TOLERANCE);
}

async function* checkPaired(spec: Paired, folder: string): AsyncGenerator<Measure> {
  if (has(folder, 'resamples.safetensors')) yield* checkResampling(spec, await readSafetensors(join(folder, 'resamples.safetensors')));
  else yield unsupported('resampling', 'resamples.safetensors is missing');
  const t = pairedT(spec.a, spec.b);
  yield absolute('paired t: statistic', [t.statistic], [spec.t_test_paired.statistic], TOLERANCE);
  yield absolute('paired t: p', [t.p], [spec.t_test_paired.p], P);
  for (const { a, b, data, method, zero_method: zeros, correction, alternative, ...want } of spec.wilcoxon) {
    const got = wilcoxon(a, b, { method, zeros, correction, alternative });
    const name = `Wilcoxon, ${data}: ${method}, ${zeros}, ${alternative}${correction ? ', corrected' : ''}`;
    yield absolute(`${name}: statistic`, [got.statistic], [want.statistic], TOLERANCE);
    yield absolute(`${name}: p`, [got.p], [want.p], P);
  }
}

interface DeLongCase {
  readonly labels: readonly number[];
  readonly score1: readonly number[];
  readonly score2: readonly number[];
  readonly auroc: readonly number[];
  readonly covariance: readonly (readonly number[])[];
  readonly standard_error: readonly number[];
  readonly ci95_normal: readonly (readonly number[])[];
  readonly difference: number;
  readonly variance_of_difference: number;
  readonly z: number;
  readonly p_two_sided: number;
}

function* checkDeLong(spec: DeLongCase): Generator<Measure> {
  const { aurocs, covariance, intervals, z, p } = deLong(spec.score1, spec.score2, spec.labels);
  const [[a, between], [, b]] = covariance;
  yield absolute('AUROCs and their difference', [...aurocs, aurocs[0] - aurocs[1]], [...spec.auroc, spec.difference], TOLERANCE);
  yield absolute('covariance', covariance.flat(), spec.covariance.flat(), TOLERANCE);
  const errors = [Math.sqrt(a), Math.sqrt(b), a + b - 2 * between];
  yield absolute('standard errors, variance of the difference', errors, [...spec.standard_error, spec.variance_of_difference], TOLERANCE);
  yield absolute('intervals', intervals.flat(), spec.ci95_normal.flat(), TOLERANCE);
  yield absolute('z', [z], [spec.z], TOLERANCE);
  yield absolute('p', [p], [spec.p_two_sided], P);
}

export const reportsStatisticsChecker: Checker = fileChecker('reports', {
  agreement: checkAgreement,
  delong: checkDeLong,
  paired: checkPaired,
});
