/** Checks the Performer's features and attention: each kernel with all keys and with those before, gradients, and exact attention. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { attention, dispose, scope, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { causalLinearAttention, linearAttention, type RandomFeatures, randomFeatures } from '../nn/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { type Fixture, fixtureTensor, has, type NoiseLevels } from './fixture';
import { listCases } from './list';
import { grad, largestOf, rel } from './measure';

const OUTPUT = 1e-4;
const GRADIENT = 1e-3;

/** What the fixtures call the kernels. */
const kernels: Readonly<Record<string, RandomFeatures>> = { softmax: 'softmax', relu: 'relu', paper: 'positive' };

interface Case {
  readonly gradient?: { readonly noise_level: NoiseLevels };
}

type Inputs = { query: tf.Tensor4D; key: tf.Tensor4D; value: tf.Tensor4D };

/** Softmax attention, for heads as they are in the file. */
function exactAttention({ query, key, value }: Inputs, causal: boolean): tf.Tensor4D {
  const [B, heads, L, d] = query.shape;
  const together = (x: tf.Tensor4D): tf.Tensor3D => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B, x.shape[2], heads * x.shape[3]!]);
  const later = tf.linalg.bandPart(tf.ones([L, L]), 0, -1);
  const mask = causal ? tf.mul(tf.sub(later, tf.eye(L)), -1e9) : undefined;
  const out = attention(together(query), together(key), together(value), { heads, mask });
  return tf.transpose(tf.reshape(out, [B, L, heads, d]), [0, 2, 1, 3]) as tf.Tensor4D;
}

async function* checkCase(folder: string, name: string): AsyncGenerator<Measure> {
  const spec = await readJson<Case>(join(folder, `${name}.json`));
  const fixture = await readSafetensors(join(folder, `${name}.safetensors`));
  const inputs: Inputs = {
    query: fixtureTensor(fixture, 'query'),
    key: fixtureTensor(fixture, 'key'),
    value: fixtureTensor(fixture, 'value'),
  };
  const projection = fixtureTensor<tf.Rank.R2>(fixture, 'projection');
  try {
    for (const [kernel, kind] of Object.entries(kernels)) yield* checkKernel(fixture, spec, inputs, projection, kernel, kind);
    for (const form of formsOf(fixture, 'exact'))
      yield scope(() => rel(`exact.${form}`, exactAttention(inputs, form === 'causal'), fixtureTensor(fixture, `exact.${form}`), OUTPUT));
  } finally {
    dispose(inputs, projection);
  }
}

/** Those of all keys and of the keys so far that the file has. */
const formsOf = (fixture: Fixture, kernel: string): string[] => ['full', 'causal'].filter((form) => fixture[`${kernel}.${form}`]);

function* checkKernel(
  fixture: Fixture,
  { gradient }: Case,
  inputs: Inputs,
  projection: tf.Tensor2D,
  kernel: string,
  kind: RandomFeatures,
): Generator<Measure> {
  for (const side of ['query', 'key'] as const) {
    const name = `${kernel}.${side}_features`;
    if (fixture[name])
      yield scope(() => rel(name, randomFeatures(kind, inputs[side], projection, side), fixtureTensor(fixture, name), OUTPUT));
  }
  for (const form of formsOf(fixture, kernel)) {
    const attend = form === 'causal' ? causalLinearAttention : linearAttention;
    const result = valueAndGrad((given: Inputs) => {
      const features = (side: 'query' | 'key'): tf.Tensor4D => randomFeatures(kind, given[side], projection, side);
      const out = attend(features('query'), features('key'), given.value);
      return { loss: tf.mean(tf.square(out)) as tf.Scalar, aux: { out } };
    })(inputs);
    try {
      yield scope(() => rel(`${kernel}.${form}`, result.aux!.out, fixtureTensor(fixture, `${kernel}.${form}`), OUTPUT));
      const names = Object.keys(inputs).filter((each) => fixture[`${kernel}.${form}.gradient.${each}`]) as (keyof Inputs)[];
      const largest = largestOf(names.map((each) => fixture[`${kernel}.${form}.gradient.${each}`]!.data));
      for (const each of names) {
        const name = `${kernel}.${form}.gradient.${each}`;
        const noise = gradient?.noise_level[name];
        const isNoise = noise !== undefined && 10 * noise.max_abs_f32_minus_f64 >= noise.max_abs;
        yield grad(name, result.grads[each].dataSync(), fixture[name]!.data, GRADIENT, isNoise ? 1e6 * largest : largest);
      }
    } finally {
      dispose(result.value, result.grads, result.aux);
    }
  }
}

export const performerChecker: Checker = {
  component: 'performer',

  cases: listCases,

  async *check(folder, name) {
    if (!has(folder, `${name}.json`) || !has(folder, `${name}.safetensors`)) throw new Unsupported('a case without its two files');
    yield* checkCase(folder, name);
  },
};
