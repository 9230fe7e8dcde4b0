/** Checks autoencoders: the posterior, its sample and divergence, reconstructions, decoded latents, gradients. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope, valueAndGrad } from '../engine';
import { readJson, readSafetensors } from '../files';
import { decode, encode, klDivergence, loadVae, samplePosterior, type VaeConfig, type VaeModel, type VaeParams, vaeShapes } from '../vae';
import { type Checker, type Measure, Unsupported } from './checker';
import {
  channelsLast,
  compareGradients,
  expectSupported,
  type Fixture,
  fixtureImage,
  fixtureTensor,
  has,
  type NoiseLevels,
} from './fixture';
import { listCases } from './list';
import { rel, relative } from './measure';

const OUTPUT = 5e-5;
const DIVERGENCE = 1e-4;
const GRADIENT = 1e-4;
const LOSS = 1e-5;

interface Case {
  readonly class: string;
  readonly runs: Readonly<Record<string, unknown>>;
  readonly gradient?: {
    readonly run: string;
    /** The formula in words, with the weight of the divergence. */
    readonly loss: string;
    readonly noise_level?: NoiseLevels;
    readonly values: { readonly mse: number; readonly kl: number; readonly loss: number };
  };
}

function checkRun({ config, params }: VaeModel, fixture: Fixture, name: string): Measure[] {
  return scope(() => {
    const input = (key: string): tf.Tensor4D => fixtureImage(fixture, `${name}.${key}`);
    const { mean, logvar } = encode(config, params, input('image'));
    const z = samplePosterior({ mean, logvar }, input('noise'));
    const got: Record<string, tf.Tensor> = {
      moments: tf.concat([mean, logvar], 3),
      mean,
      logvar,
      std: tf.exp(tf.mul(logvar, 0.5)),
      z,
      reconstruction: decode(config, params, z),
      reconstruction_of_mode: decode(config, params, mean),
      decoded: decode(config, params, input('latents')),
    };
    const want = (key: string): tf.Tensor => channelsLast(fixtureTensor(fixture, `${name}.${key}`));
    const measures = Object.entries(got).map(([key, tensor]) => rel(`${name}.${key}`, tensor, want(key), OUTPUT));
    return [...measures, relative(`${name}.kl`, klDivergence({ mean, logvar }), want('kl'), DIVERGENCE)];
  });
}

async function* checkGradients(
  folder: string,
  { config, params }: VaeModel,
  fixture: Fixture,
  given: NonNullable<Case['gradient']>,
): AsyncGenerator<Measure> {
  const weight = Number(/\+ ([\d.e+-]+) \* mean over the batch of kl/.exec(given.loss)?.[1]);
  if (Number.isNaN(weight)) throw new Unsupported(`loss ${given.loss}`);
  const image = fixtureImage(fixture, `${given.run}.image`);
  const noise = fixtureImage(fixture, `${given.run}.noise`);
  const loss = (p: { params: VaeParams; image: tf.Tensor4D }): { loss: tf.Scalar; aux: { mse: tf.Scalar; kl: tf.Scalar } } => {
    const posterior = encode(config, p.params, p.image);
    const reconstruction = decode(config, p.params, samplePosterior(posterior, noise));
    const mse = tf.mean(tf.square(tf.sub(reconstruction, p.image))) as tf.Scalar;
    const kl = tf.mean(klDivergence(posterior)) as tf.Scalar;
    return { loss: tf.add(mse, tf.mul(kl, weight)), aux: { mse, kl } };
  };
  const result = valueAndGrad(loss)({ params, image });
  const imageGradient = tf.transpose(result.grads.image, [0, 3, 1, 2]);
  try {
    yield relative(`${given.run} loss`, result.value, [given.values.loss], LOSS);
    yield relative(`${given.run} mse`, result.aux!.mse, [given.values.mse], LOSS);
    yield relative(`${given.run} kl`, result.aux!.kl, [given.values.kl], DIVERGENCE);
    yield await compareGradients(folder, result.grads.params, { 'input.image': imageGradient }, given.noise_level ?? {}, GRADIENT);
  } finally {
    dispose(result.value, result.grads, result.aux, imageGradient, image, noise);
  }
}

export const vaeChecker: Checker = {
  component: 'vae',

  cases: listCases,

  async *check(folder, name) {
    const own = join(folder, name);
    if (!has(own, 'case.json')) throw new Unsupported('a case without case.json');
    const given = await readJson<Case>(join(own, 'case.json'));
    if (given.class !== 'AutoencoderKL') throw new Unsupported(`class ${given.class}`);
    const config = await readJson<VaeConfig>(join(own, 'config.json'));
    expectSupported(() => vaeShapes(config));
    const model = await loadVae(own);
    try {
      const fixture = await readSafetensors(join(own, 'fixture.safetensors'));
      for (const run of Object.keys(given.runs)) yield* checkRun(model, fixture, run);
      if (given.gradient) yield* checkGradients(own, model, fixture, given.gradient);
    } finally {
      dispose(model.params);
    }
  },
};
