/** Checks vector-quantised autoencoders: codes and what they decode to, gradients, and what a discriminator and they learn from each other. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, mapTree, scope, valueAndGrad } from '../engine';
import { detach } from '../engine/internal';
import { readSafetensors } from '../files';
import { loadParameters, readJson, toEngineLayout } from '../files/internal';
import { convLayer } from '../nn';
import { withBatchStatistics } from '../nn/internal';
import {
  adaptiveWeight,
  hingeLoss,
  lastLayerPulls,
  type NLayerDiscriminatorParams,
  nLayerDiscriminator,
  nLayerDiscriminatorShapes,
  renameNLayerDiscriminator,
  vanillaLoss,
} from '../training/internal';
import { loadVq, quantise, type VqConfig, type VqModel, type VqParams } from '../vq';
import { decodeVectors, vqDecoderStates, vqLatents, vqShapes } from '../vq/internal';
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
import { exact, grad, largestOf, rel, relative } from './measure';

const OUTPUT = 5e-5;
const GRADIENT = 1e-4;
const LOSS = 1e-5;
const ADVERSARIAL_GRADIENT = 3e-4;
/** The part of a network's largest gradient below which all is noise where a discriminator's gradient is in it. */
const ADVERSARIAL_FLOOR = 0.01;
/** PyTorch's. */
const MOMENTUM = 0.1;

interface Case {
  readonly class: string;
  readonly indices: readonly (readonly (readonly number[])[])[];
  readonly gradient?: { readonly loss: string; readonly value: number; readonly noise_level?: NoiseLevels };
  readonly adversarial?: {
    readonly config: { readonly ndf: number; readonly n_layers: number; readonly weight: number; readonly codebook_weight: number };
  };
}

const codebookOf = (params: VqParams): tf.Tensor2D => params.quantize.embedding.weight;

function checkOutputs({ config, params }: VqModel, fixture: Fixture, spec: Case): Measure[] {
  return scope(() => {
    const latents = vqLatents(config, params, fixtureImage(fixture, 'image'));
    const { codes, vectors, loss } = quantise(codebookOf(params), latents);
    const got: Record<string, tf.Tensor> = {
      latents,
      quantised: vectors,
      commitment_loss: tf.reshape(loss, [1]),
      reconstruction: decodeVectors(config, params, vectors),
    };
    const measures = Object.entries(got).map(([key, tensor]) => rel(key, tensor, channelsLast(fixtureTensor(fixture, key)), OUTPUT));
    return [exact('indices', codes.dataSync(), spec.indices.flat(2)), ...measures];
  });
}

async function* checkGradient(
  folder: string,
  { config, params }: VqModel,
  fixture: Fixture,
  spec: NonNullable<Case['gradient']>,
): AsyncGenerator<Measure> {
  const weight = Number(/\+ ([\d.e+-]+) \* commitment_loss/.exec(spec.loss)?.[1]);
  if (Number.isNaN(weight)) throw new Unsupported(`loss ${spec.loss}`);
  const image = fixtureImage(fixture, 'image');
  const result = valueAndGrad((p: { params: VqParams; image: tf.Tensor4D }) => {
    const { vectors, loss } = quantise(codebookOf(p.params), vqLatents(config, p.params, p.image));
    const error = tf.mean(tf.square(tf.sub(decodeVectors(config, p.params, vectors), p.image)));
    return tf.add(error, tf.mul(loss, weight)) as tf.Scalar;
  })({ params, image });
  const ofImage = tf.transpose(result.grads.image, [0, 3, 1, 2]);
  try {
    yield relative('loss', result.value, [spec.value], LOSS);
    yield await compareGradients(folder, result.grads.params, { 'input.image': ofImage }, spec.noise_level ?? {}, GRADIENT);
  } finally {
    dispose(result.value, result.grads, ofImage, image);
  }
}

async function* checkAdversarial(
  folder: string,
  { config, params }: VqModel,
  image: tf.Tensor4D,
  spec: NonNullable<Case['adversarial']>,
): AsyncGenerator<Measure> {
  const { ndf, n_layers: layers, weight, codebook_weight } = spec.config;
  const fixture = await readSafetensors(join(folder, 'adversarial.safetensors'));
  const rename = renameNLayerDiscriminator(layers);
  const discriminator = await loadParameters<NLayerDiscriminatorParams>(join(folder, 'discriminator.safetensors'), {
    expected: nLayerDiscriminatorShapes({ channels: image.shape[3], width: ndf, layers }),
    rename,
  });
  const real = fixtureImage(fixture, 'real');
  /** Logits of a batch in training mode, and the discriminator after it. */
  const train = (d: NLayerDiscriminatorParams, x: tf.Tensor4D) => withBatchStatistics(d, MOMENTUM, (all) => nLayerDiscriminator(d, x, all));
  const wanted = (name: string): tf.Tensor => channelsLast(fixtureTensor(fixture, name));

  const generator = valueAndGrad((p: VqParams) => {
    const { vectors, loss: codebook } = quantise(codebookOf(p), vqLatents(config, p, image));
    const states = vqDecoderStates(config, p, vectors);
    const frozen = mapTree(detach, discriminator);
    const nll = (x: tf.Tensor4D): tf.Scalar => tf.mean(tf.abs(tf.sub(image, x)));
    const fool = (x: tf.Tensor4D): tf.Scalar => tf.neg(tf.mean(train(frozen, x).out)) as tf.Scalar;
    const reconstruction = convLayer(p.decoder.conv_out, states, { padding: 1 });
    const [ofNll, ofFool] = lastLayerPulls(states, p.decoder.conv_out, [nll, fool]) as [tf.Scalar, tf.Scalar];
    const adaptive = tf.mul(adaptiveWeight(states, p.decoder.conv_out, nll, fool), weight);
    const fooled = fool(reconstruction);
    const total = tf.addN([nll(reconstruction), tf.mul(adaptive, fooled), tf.mul(codebook, codebook_weight)]) as tf.Scalar;
    const logits = train(frozen, reconstruction).out;
    return {
      loss: total,
      aux: {
        reconstruction: detach(reconstruction),
        logits_fake_in_generator_step: logits,
        nll: nll(reconstruction),
        generator_loss: fooled,
        norm_of_nll_gradient: ofNll,
        norm_of_generator_gradient: ofFool,
        adaptive_weight: adaptive,
      },
    };
  })(params);
  const { reconstruction, ...outputs } = generator.aux!;
  const critic = valueAndGrad((d: NLayerDiscriminatorParams) => {
    const [ofReal, ofFake] = [train(d, real).out, train(d, reconstruction).out] as const;
    return { loss: hingeLoss(ofReal, ofFake), aux: { logits_real: ofReal, logits_fake: ofFake, vanilla: vanillaLoss(ofReal, ofFake) } };
  })(discriminator);
  try {
    const got: Record<string, tf.Tensor> = { ...outputs, total: generator.value, ...critic.aux!, hinge: critic.value };
    for (const [name, tensor] of Object.entries(got))
      yield scope(() => rel(`adversarial ${name}`, tensor.rank === 0 ? tf.reshape(tensor, [1]) : tensor, wanted(name), OUTPUT));
    yield scope(() => rel('adversarial logits_real_eval', nLayerDiscriminator(discriminator, real), wanted('logits_real_eval'), OUTPUT));
    yield* scope(() => {
      const after = [reconstruction, real, reconstruction].reduce((d, x) => train(d, x).params, discriminator);
      return compareByName(fixture, 'after.', flatten(after), rename, (quantity, tensor, want) => rel(quantity, tensor, want, OUTPUT));
    });
    for (const [name, grads, renamed] of [
      ['generator', generator.grads, undefined],
      ['discriminator', critic.grads, rename],
    ] as const) {
      const prefix = `gradient.${name}.`;
      const largest = largestOf(Object.keys(fixture).flatMap((key) => (key.startsWith(prefix) ? [fixture[key]!.data] : [])));
      const floor = (ADVERSARIAL_FLOOR / 1e-6) * largest; // grad takes 1e-6 of it
      yield* compareByName(fixture, prefix, flatten(grads), renamed, (quantity, tensor, want) =>
        grad(quantity, tensor, want, ADVERSARIAL_GRADIENT, floor),
      );
    }
  } finally {
    dispose(discriminator, real, generator.value, generator.grads, generator.aux, critic.value, critic.grads, critic.aux);
  }
}

/** A row for each tensor of the file whose name begins so. */
function compareByName(
  fixture: Fixture,
  prefix: string,
  got: Readonly<Record<string, tf.Tensor>>,
  rename: (key: string) => string = (key) => key,
  compare: (quantity: string, got: tf.Tensor, want: ArrayLike<number>) => Measure,
): Measure[] {
  return Object.entries(fixture).flatMap(([name, { shape, data }]) => {
    if (!name.startsWith(prefix)) return [];
    const key = rename(name.slice(prefix.length));
    const tensor = got[key];
    if (!tensor) throw new Error(`the fixture has ${name}, and there is no ${key} here`);
    return [compare(`adversarial ${name}`, tensor, toEngineLayout(key, shape, data).data)];
  });
}

export const vqChecker: Checker = {
  component: 'vq',

  cases: listCases,

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    if (!has(caseFolder, 'case.json')) throw new Unsupported('a case without case.json');
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    if (spec.class !== 'VQModel') throw new Unsupported(`class ${spec.class}`);
    const config = await readJson<VqConfig>(join(caseFolder, 'config.json'));
    expectSupported(() => vqShapes(config));
    const model = await loadVq(caseFolder);
    const fixture = await readSafetensors(join(caseFolder, 'fixture.safetensors'));
    const image = fixtureImage(fixture, 'image');
    try {
      yield* checkOutputs(model, fixture, spec);
      if (spec.gradient) yield* checkGradient(caseFolder, model, fixture, spec.gradient);
      if (spec.adversarial) yield* checkAdversarial(caseFolder, model, image, spec.adversarial);
    } finally {
      dispose(model.params, image);
    }
  },
};
