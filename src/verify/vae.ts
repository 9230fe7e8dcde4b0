/** Checks autoencoders: the posterior, its sample and divergence, reconstructions, decoded latents, gradients. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { decode, encode, loadVae, samplePosterior, type VaeConfig, type VaeModel, type VaeParams } from '../vae';
import { klDivergence, vaeShapes } from '../vae/internal';
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
  spec: NonNullable<Case['gradient']>,
): AsyncGenerator<Measure> {
  const weight = Number(/\+ ([\d.e+-]+) \* mean over the batch of kl/.exec(spec.loss)?.[1]);
  if (Number.isNaN(weight)) throw new Unsupported(`loss ${spec.loss}`);
  const image = fixtureImage(fixture, `${spec.run}.image`);
  const noise = fixtureImage(fixture, `${spec.run}.noise`);
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
    yield relative(`${spec.run} loss`, result.value, [spec.values.loss], LOSS);
    yield relative(`${spec.run} mse`, result.aux!.mse, [spec.values.mse], LOSS);
    yield relative(`${spec.run} kl`, result.aux!.kl, [spec.values.kl], DIVERGENCE);
    yield await compareGradients(folder, result.grads.params, { 'input.image': imageGradient }, spec.noise_level ?? {}, GRADIENT);
  } finally {
    dispose(result.value, result.grads, result.aux, imageGradient, image, noise);
  }
}

export const vaeChecker: Checker = {
  component: 'vae',

  cases: listCases,

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    if (!has(caseFolder, 'case.json')) throw new Unsupported('a case without case.json');
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    if (spec.class !== 'AutoencoderKL') throw new Unsupported(`class ${spec.class}`);
    const config = await readJson<VaeConfig>(join(caseFolder, 'config.json'));
    expectSupported(() => vaeShapes(config));
    const model = await loadVae(caseFolder);
    try {
      const fixture = await readSafetensors(join(caseFolder, 'fixture.safetensors'));
      for (const run of Object.keys(spec.runs)) yield* checkRun(model, fixture, run);
      if (spec.gradient) yield* checkGradients(caseFolder, model, fixture, spec.gradient);
    } finally {
      dispose(model.params);
    }
  },
};
