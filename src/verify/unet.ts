/** Checks U-Nets: outputs, outputs of inner blocks, gradients, and the timestep embedding. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { timestepEmbedding } from '../nn/internal';
import { loadUNet, type UNetConfig, type UNetModel, type UNetParams, unet, unetShapes } from '../unet';
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
import { absolute, failed, rel, relative } from './measure';

const OUTPUT = 5e-5;
const GRADIENT = 1e-4;
const TIMESTEP = 1e-4;
const LOSS = 1e-5;
const TIMESTEP_CASE = 'timestep_embedding';

interface Run {
  readonly timesteps: readonly number[];
  readonly class_labels?: readonly number[];
}

interface Case {
  readonly class: string;
  readonly runs: Readonly<Record<string, Run>>;
  readonly gradient?: { readonly run: string; readonly value: number; readonly noise_level?: NoiseLevels };
}

interface Inputs {
  readonly sample: tf.Tensor4D;
  readonly timesteps: tf.Tensor1D;
  readonly context: tf.Tensor3D;
  readonly options: { readonly classLabels?: tf.Tensor1D; readonly contextMask?: tf.Tensor2D };
}

function inputsOf(fixture: Fixture, name: string, run: Run): Inputs {
  const mask = `${name}.encoder_attention_mask`;
  const sample = fixtureImage(fixture, `${name}.sample`);
  return {
    sample,
    timesteps: tf.tensor1d(run.timesteps.length === 1 ? new Array(sample.shape[0]).fill(run.timesteps[0]) : [...run.timesteps], 'float32'),
    context: fixtureTensor<tf.Rank.R3>(fixture, `${name}.encoder_hidden_states`),
    options: {
      classLabels: run.class_labels ? tf.tensor1d([...run.class_labels], 'int32') : undefined,
      contextMask: mask in fixture ? fixtureTensor<tf.Rank.R2>(fixture, mask) : undefined,
    },
  };
}

function* checkRun({ config, params }: UNetModel, fixture: Fixture, name: string, run: Run): Generator<Measure> {
  const probes: Record<string, tf.Tensor> = {};
  const onBlock = (block: string, output: tf.Tensor): void => {
    if (`${name}.probe.${block}` in fixture) probes[block] = tf.keep(tf.clone(output));
  };
  const measures = scope(() => {
    const { sample, timesteps, context, options } = inputsOf(fixture, name, run);
    const output = unet(config, params, sample, timesteps, context, { ...options, onBlock });
    const inner = Object.keys(fixture)
      .filter((key) => key.startsWith(`${name}.probe.`))
      .map((key) => {
        const probe = probes[key.slice(`${name}.probe.`.length)];
        return probe
          ? rel(key, probe, channelsLast(fixtureTensor(fixture, key)), OUTPUT)
          : failed(key, 'there is no such block here', OUTPUT);
      });
    return [rel(`${name}.output`, output, fixtureImage(fixture, `${name}.output`), OUTPUT), ...inner];
  });
  dispose(probes);
  yield* measures;
}

async function* checkGradients(folder: string, { config, params }: UNetModel, fixture: Fixture, spec: Case): AsyncGenerator<Measure> {
  const { run, value, noise_level } = spec.gradient!;
  const { sample, timesteps, context, options } = inputsOf(fixture, run, spec.runs[run]!);
  const target = fixtureImage(fixture, 'target');
  const loss = (p: { params: UNetParams; sample: tf.Tensor4D; context: tf.Tensor3D }): tf.Scalar =>
    tf.losses.meanSquaredError(target, unet(config, p.params, p.sample, timesteps, p.context, options)) as tf.Scalar;
  const result = valueAndGrad(loss)({ params, sample, context });
  const inputs = {
    'input.sample': tf.transpose(result.grads.sample, [0, 3, 1, 2]),
    'input.encoder_hidden_states': result.grads.context,
  };
  try {
    yield relative(`${run} loss`, result.value, [value], LOSS);
    yield await compareGradients(folder, result.grads.params, inputs, noise_level ?? {}, GRADIENT);
  } finally {
    dispose(result.value, result.grads, inputs['input.sample'], { sample, timesteps, context, target, ...options });
  }
}

async function* checkTimesteps(folder: string): AsyncGenerator<Measure> {
  const fixture = await readSafetensors(join(folder, `${TIMESTEP_CASE}.safetensors`));
  for (const name of Object.keys(fixture)) {
    const setting = /^dim(\d+)_(no)?flip_shift(\d+)$/.exec(name);
    if (!setting) continue;
    const [, size, noFlip, shift] = setting;
    yield scope(() => {
      const timesteps = fixtureTensor<tf.Rank.R1>(fixture, 'timesteps');
      const got = timestepEmbedding(timesteps, Number(size), { cosFirst: noFlip === undefined, frequencyShift: Number(shift) });
      return absolute(name, got, fixtureTensor(fixture, name), TIMESTEP);
    });
  }
}

export const unetChecker: Checker = {
  component: 'unet',

  cases: listCases,

  async *check(folder, name) {
    if (name === TIMESTEP_CASE) return yield* checkTimesteps(folder);
    const caseFolder = join(folder, name);
    if (!has(caseFolder, 'case.json')) throw new Unsupported('a case without case.json');
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    if (spec.class !== 'UNet2DConditionModel') throw new Unsupported(`class ${spec.class}`);
    const config = await readJson<UNetConfig>(join(caseFolder, 'config.json'));
    expectSupported(() => unetShapes(config));
    const model = await loadUNet(caseFolder);
    try {
      const fixture = await readSafetensors(join(caseFolder, 'fixture.safetensors'));
      for (const [run, settings] of Object.entries(spec.runs)) yield* checkRun(model, fixture, run, settings);
      if (spec.gradient) yield* checkGradients(caseFolder, model, fixture, spec);
    } finally {
      dispose(model.params);
    }
  },
};
