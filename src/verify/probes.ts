/** Checks probes of representations against scikit-learn, scipy, and formulas in float64. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope, type Tree, unflatten, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import {
  cka,
  consolidationPenalty,
  diagonalFisher,
  energyDistance,
  fitLogistic,
  kolmogorovSmirnov,
  predictLogistic,
  predictNearest,
  principalComponents,
  project,
  type Representation,
  wassersteinDistance,
} from '../probes';
import type { Checker, Measure } from './checker';
import { type Fixture, fixtureTensor } from './fixture';
import { absolute, exact, grad, largestOf, rel, relative, unsupported } from './measure';
import { fileChecker } from './one-file';
import { wantedOf } from './text-run';

const ALIGNMENT = 1e-5;
const OBJECTIVE = 1e-5;
const COEFFICIENTS = 5e-3;
const PROBABILITIES = 2e-3;
const COMPONENTS = 1e-4;
const FISHER = 1e-5;
const GRADIENT = 1e-4;
const DISTANCE = 1e-6;

const representation = ({ shape, data }: Fixture[string]): Representation => ({ values: data, rows: shape[0]!, columns: shape[1]! });

async function* checkCka(
  { values }: { readonly values: Readonly<Record<string, Readonly<Record<string, number>>>> },
  folder: string,
): AsyncGenerator<Measure> {
  const fixture = await readSafetensors(join(folder, 'cka.safetensors'));
  const x = representation(fixture.x!);
  for (const [name, wanted] of Object.entries(values))
    for (const [kind, want] of Object.entries(wanted)) {
      const y = representation(fixture[`y.${name}`]!);
      const bandwidth = /^rbf_([\d.]+)$/.exec(kind)?.[1];
      const kernel = { linear: 'linear', linear_unbiased: 'linear-unbiased' }[kind] as 'linear' | 'linear-unbiased' | undefined;
      const quantity = `${name}: ${kind}`;
      if (bandwidth !== undefined)
        yield absolute(quantity, [cka(x, y, { kernel: 'rbf', bandwidth: Number(bandwidth) })], [want], ALIGNMENT);
      else yield kernel ? absolute(quantity, [cka(x, y, { kernel })], [want], ALIGNMENT) : unsupported(quantity);
    }
}

interface ClassifierCase {
  readonly train_labels: readonly number[];
  readonly test_labels: readonly number[];
  readonly logistic_regression: {
    readonly fits: Readonly<
      Record<
        string,
        {
          readonly C: number;
          readonly class_weight: string | null;
          readonly intercept: readonly number[];
          readonly objective: number;
          readonly accuracy: number;
        }
      >
    >;
  };
  readonly knn: { readonly cases: Readonly<Record<string, { readonly accuracy: number; readonly predictions: readonly number[] }>> };
  readonly pca: {
    readonly explained_variance: readonly number[];
    readonly explained_variance_ratio: readonly number[];
    readonly singular_values: readonly number[];
  };
}

const shareRight = (said: readonly number[], truth: readonly number[]): number =>
  said.filter((value, i) => value === truth[i]).length / truth.length;

function* checkFit(name: string, spec: ClassifierCase, fixture: Fixture): Generator<Measure> {
  const { C, class_weight, intercept, objective, accuracy } = spec.logistic_regression.fits[name]!;
  const isBinary = name.startsWith('binary');
  const labels = (all: readonly number[]): number[] => all.map((label) => (isBinary ? Number(label === 0) : label));
  const fit = fitLogistic(representation(fixture.train!), labels(spec.train_labels), { c: C, balanced: class_weight === 'balanced' });
  yield relative(`${name}: objective`, fit.objective, objective, OBJECTIVE);
  yield rel(`${name}: coefficients`, fit.coefficients, fixture[`${name}.coefficients`]!.data, COEFFICIENTS);
  const centred = (values: ArrayLike<number>): number[] => {
    const list = Array.from(values);
    const mean = isBinary ? 0 : list.reduce((sum, value) => sum + value, 0) / list.length; // several: free up to a constant
    return list.map((value) => value - mean);
  };
  yield rel(`${name}: intercepts`, centred(fit.intercepts), centred(intercept), COEFFICIENTS);
  const probabilities = predictLogistic(fit, representation(fixture.test!));
  yield absolute(`${name}: probabilities`, probabilities, fixture[`${name}.probabilities`]!.data, PROBABILITIES);
  const said = spec.test_labels.map((_, i) => {
    const row = Array.from(probabilities.subarray(i * fit.classes, (i + 1) * fit.classes));
    return row.indexOf(Math.max(...row));
  });
  yield exact(`${name}: accuracy`, [shareRight(said, labels(spec.test_labels))], [accuracy]);
}

function* checkComponents({ pca: want }: ClassifierCase, fixture: Fixture): Generator<Measure> {
  const { shape, data } = fixture['pca.components']!;
  const [count, columns] = shape as [number, number];
  const found = principalComponents(representation(fixture.train!), count);
  yield rel('PCA: variances', found.variance, want.explained_variance, COMPONENTS);
  yield rel('PCA: shares', found.share, want.explained_variance_ratio, COMPONENTS);
  yield rel('PCA: singular values', found.singularValues, want.singular_values, COMPONENTS);
  yield rel('PCA: mean', found.mean, fixture['pca.mean']!.data, COMPONENTS);
  const signs = Array.from({ length: count }, (_, c) => {
    let product = 0;
    for (let k = 0; k < columns; k++) product += found.components[c * columns + k]! * data[c * columns + k]!;
    return Math.sign(product);
  });
  const signed = (values: Float64Array, component: (at: number) => number): Float64Array =>
    values.map((value, at) => value * signs[component(at)]!);
  yield rel(
    'PCA: components',
    signed(found.components, (at) => Math.floor(at / columns)),
    data,
    COMPONENTS,
  );
  for (const part of ['train', 'test'])
    yield rel(
      `PCA: ${part}`,
      signed(project(found, representation(fixture[part]!)), (at) => at % count),
      fixture[`pca.${part}`]!.data,
      COMPONENTS,
    );
}

async function* checkClassifier(spec: ClassifierCase, folder: string): AsyncGenerator<Measure> {
  const fixture = await readSafetensors(join(folder, 'classifier.safetensors'));
  for (const name of Object.keys(spec.logistic_regression.fits)) yield* checkFit(name, spec, fixture);
  for (const [name, { accuracy, predictions }] of Object.entries(spec.knn.cases)) {
    const [, k, metric, weights] = /^k(\d+)_(euclidean|cosine)_(uniform|distance)$/.exec(name) ?? [];
    if (k === undefined) {
      yield unsupported(name);
      continue;
    }
    const options = { k: Number(k), metric: metric as 'euclidean', weights: weights as 'uniform' };
    const said = predictNearest(representation(fixture.train!), spec.train_labels, representation(fixture.test!), options);
    yield exact(`${name}: predictions`, said, predictions);
    yield exact(`${name}: accuracy`, [shareRight(said, spec.test_labels)], [accuracy]);
  }
  yield* checkComponents(spec, fixture);
}

interface EwcCase {
  readonly labels: readonly number[];
  readonly lambda: number;
  readonly penalty: number;
}

/** The fixture's network: layers `0`, `1` … in PyTorch's layout, tanh between. */
function logProbabilities(params: Tree, x: tf.Tensor2D): tf.Tensor1D {
  const layers = params as readonly { weight: tf.Tensor2D; bias: tf.Tensor1D }[];
  return scope(() => {
    const out = layers.reduce((h, { weight, bias }, i) => {
      const y = tf.add(tf.matMul(h, weight, false, true), bias) as tf.Tensor2D;
      return i < layers.length - 1 ? tf.tanh(y) : y;
    }, x);
    return tf.reshape(tf.logSoftmax(out), [-1]);
  });
}

async function* checkEwc(spec: EwcCase, folder: string): AsyncGenerator<Measure> {
  const fixture = await readSafetensors(join(folder, 'ewc.safetensors'));
  const tree = (prefix: string): Tree =>
    unflatten(Object.fromEntries(wantedOf(fixture, prefix).map((key) => [key, fixtureTensor(fixture, `${prefix}${key}`)])));
  const [anchor, theta, data] = [tree('anchor.'), tree('theta.'), fixtureTensor<tf.Rank.R2>(fixture, 'x')];
  const one = (params: Tree, i: number): tf.Tensor1D => scope(() => logProbabilities(params, tf.slice(data, [i, 0], [1, -1])));
  const fisher = diagonalFisher(one, anchor, data.shape[0], spec.labels);
  const own = diagonalFisher(one, anchor, data.shape[0]);
  const { value, grads } = valueAndGrad((params: Tree) => consolidationPenalty(params, anchor, fisher, spec.lambda))(theta);
  try {
    const leaf = (root: Tree, key: string): tf.Tensor =>
      key.split('.').reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], root) as tf.Tensor;
    for (const [prefix, got] of [
      ['fisher_empirical.', fisher],
      ['fisher_true.', own],
    ] as const)
      for (const key of wantedOf(fixture, prefix)) yield rel(`${prefix}${key}`, leaf(got, key), fixture[`${prefix}${key}`]!.data, FISHER);
    yield relative('penalty', value, [spec.penalty], FISHER);
    const keys = wantedOf(fixture, 'penalty_gradient.');
    const largest = largestOf(keys.map((key) => fixture[`penalty_gradient.${key}`]!.data));
    for (const key of keys)
      yield grad(`penalty_gradient.${key}`, leaf(grads, key), fixture[`penalty_gradient.${key}`]!.data, GRADIENT, largest);
  } finally {
    dispose(anchor, theta, data, fisher, own, value, grads);
  }
}

interface DistanceRow {
  readonly u: readonly number[];
  readonly v: readonly number[];
  readonly u_weights: readonly number[] | null;
  readonly v_weights: readonly number[] | null;
  readonly wasserstein: number;
  readonly energy: number;
  readonly kolmogorov_smirnov?: number;
}

function* checkDistances({ cases }: { readonly cases: readonly DistanceRow[] }): Generator<Measure> {
  for (const [i, row] of cases.entries()) {
    const a = { values: row.u, weights: row.u_weights ?? undefined };
    const b = { values: row.v, weights: row.v_weights ?? undefined };
    yield absolute(`${i}: Wasserstein-1`, [wassersteinDistance(a, b)], [row.wasserstein], DISTANCE);
    yield absolute(`${i}: energy`, [energyDistance(a, b)], [row.energy], DISTANCE);
    if (row.kolmogorov_smirnov !== undefined)
      yield absolute(`${i}: Kolmogorov-Smirnov`, [kolmogorovSmirnov(a, b)], [row.kolmogorov_smirnov], DISTANCE);
  }
}

export const probesChecker: Checker = fileChecker('probes', {
  cka: checkCka,
  classifier: checkClassifier,
  ewc: checkEwc,
  distances: checkDistances,
});
