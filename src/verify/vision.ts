/** Checks image encoders in folders: their inner maps and outputs, gradients, and what a batch in training mode leaves behind. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { clipVision, loadClipVision } from '../encoders';
import { clipVisionShapes } from '../encoders/internal';
import { dispose, flatten, scope, type Tree, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { withBatchStatistics } from '../nn/internal';
import { densenet, loadDenseNet, loadResNet, loadSiglipVision, loadVit, resnet, siglipVision, type VisionOptions, vit } from '../vision';
import { densenetShapes, resnetShapes, siglipVisionShapes, vitShapes } from '../vision/internal';
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
import { rel, relative } from './measure';
import { casesOfClass, compareWith, numberedStates, wantedOf } from './text-run';

const OUTPUT = 5e-5;
const GRADIENT = 1e-4;
const TRAINING_GRADIENT = 3e-4;
/** A scale before a batch norm has almost no gradient: where 1e-6 of the largest one is rounding elsewhere, here 0.01 is. */
const TRAINING_FLOOR = 0.01;
const LOSS = 1e-5;

interface Case {
  readonly class: string;
  readonly runs: Readonly<Record<string, unknown>>;
  readonly bn_momentum?: number;
  readonly training?: { readonly value: number; readonly loss: string };
  readonly gradient?: { readonly run: string; readonly loss: string; readonly value: number; readonly noise_level?: NoiseLevels };
}

type Outputs = Record<string, tf.Tensor | undefined>;

/** A network with its weights, which may be replaced for the gradient. */
interface Loaded {
  readonly params: Tree;
  run(params: Tree, images: tf.Tensor4D, options?: VisionOptions): Outputs;
}

const loaded = <C, P extends Tree>(
  { config, params }: { config: C; params: P },
  run: (config: C, params: P, images: tf.Tensor4D, options?: VisionOptions) => Outputs,
): Loaded => ({ params, run: (weights, images, options) => run(config, weights as P, images, options) });

/** One of the reference's classes: which config is another network's, and how a folder is read and run. */
interface Kind {
  shapes(config: object): unknown;
  load(folder: string): Promise<Loaded>;
}

const kinds: Readonly<Record<string, Kind>> = {
  'torchvision DenseNet': { shapes: densenetShapes, load: async (folder) => loaded(await loadDenseNet(folder), densenet) },
  'torchvision ResNet': { shapes: resnetShapes, load: async (folder) => loaded(await loadResNet(folder), resnet) },
  CLIPVisionModelWithProjection: {
    shapes: (config) => clipVisionShapes(config),
    load: async (folder) =>
      loaded(await loadClipVision(folder), (config, params, images) => {
        const { hiddenStates, lastHiddenState, pooled, imageEmbeds } = clipVision(config, params, images);
        return { ...numberedStates(hiddenStates), last_hidden_state: lastHiddenState, pooled, image_embeds: imageEmbeds };
      }),
  },
  ViTModel: {
    shapes: (config) => vitShapes(config, true),
    load: async (folder) => loaded(await loadVit(folder), (config, params, images) => statesOf(vit(config, params, images))),
  },
  SiglipVisionModel: {
    shapes: siglipVisionShapes,
    load: async (folder) =>
      loaded(await loadSiglipVision(folder), (config, params, images) => statesOf(siglipVision(config, params, images))),
  },
};

function statesOf(out: { hiddenStates: tf.Tensor[]; lastHiddenState: tf.Tensor; poolerOutput?: tf.Tensor }): Outputs {
  return { ...numberedStates(out.hiddenStates), last_hidden_state: out.lastHiddenState, pooler_output: out.poolerOutput };
}

/** What a run's image is called. */
const INPUTS = ['input', 'pixel_values'];

function checkRun({ params, run }: Loaded, fixture: Fixture, name: string): Measure[] {
  const blocks: Record<string, tf.Tensor> = {};
  const onBlock = (block: string, output: tf.Tensor): void => {
    blocks[block] = tf.keep(tf.clone(output));
  };
  const measures = scope(() => {
    const input = INPUTS.find((key) => `${name}.${key}` in fixture);
    const out: Outputs = { ...run(params, fixtureImage(fixture, `${name}.${input}`), { onBlock }), ...blocks };
    return wantedOf(fixture, `${name}.`, INPUTS).flatMap((key) => {
      if (key === input) return [];
      const got = out[key];
      return got?.rank === 4
        ? rel(`${name}.${key}`, got, channelsLast(fixtureTensor(fixture, `${name}.${key}`)), OUTPUT)
        : compareWith(fixture, `${name}.${key}`, got);
    });
  });
  dispose(blocks);
  return measures;
}

/** In transformers 5 a ViT's modules have other names than its published files. */
function vitTreeKey(key: string): string {
  return key
    .replace(/^layers\.(\d+)\.attention\.([qkv])_proj/, (_, i, which: 'q' | 'k' | 'v') => {
      return `encoder.layer.${i}.attention.attention.${{ q: 'query', k: 'key', v: 'value' }[which]}`;
    })
    .replace(/^layers\.(\d+)\.attention\.o_proj/, 'encoder.layer.$1.attention.output.dense')
    .replace(/^layers\.(\d+)\.mlp\.fc1/, 'encoder.layer.$1.intermediate.dense')
    .replace(/^layers\.(\d+)\.mlp\.fc2/, 'encoder.layer.$1.output.dense')
    .replace(/^layers\./, 'encoder.layer.');
}

async function* checkGradients(folder: string, { params, run }: Loaded, fixture: Fixture, spec: Case): AsyncGenerator<Measure> {
  const { run: name, loss, value, noise_level } = spec.gradient!;
  const key = /^mean\((\w+)\^2\)$/.exec(loss)?.[1];
  if (!key) throw new Unsupported(`loss ${loss}`);
  const images = fixtureImage(fixture, `${name}.pixel_values`);
  const result = valueAndGrad((p: Tree): tf.Scalar => tf.mean(tf.square(run(p, images)[key]!)))(params);
  try {
    yield relative(`${name} loss`, result.value, [value], LOSS);
    yield await compareGradients(
      folder,
      result.grads,
      {},
      noise_level ?? {},
      GRADIENT,
      spec.class === 'ViTModel' ? vitTreeKey : (key) => (key in flatten(params) ? key : `vision_model.${key}`),
    );
  } finally {
    dispose(result.value, result.grads, images);
  }
}

async function* checkTraining(folder: string, { params, run }: Loaded, spec: Case): AsyncGenerator<Measure> {
  if (spec.training!.loss !== 'mean((logits - target)^2)') throw new Unsupported(`loss ${spec.training!.loss}`);
  const fixture = await readSafetensors(join(folder, 'training.safetensors'));
  const images = fixtureImage(fixture, 'input');
  const target = fixtureTensor(fixture, 'target');
  const result = valueAndGrad((p: { params: Tree; images: tf.Tensor4D }) => {
    const { out, params: after } = withBatchStatistics(p.params, spec.bn_momentum ?? 0.1, (statistics) =>
      run(p.params, p.images, { statistics }),
    );
    const logits = out.logits!;
    return { loss: tf.mean(tf.squaredDifference(logits, target)) as tf.Scalar, aux: { logits, after } };
  })({ params, images });
  const { logits, after } = result.aux!;
  const input = scope(() => tf.transpose(result.grads.images, [0, 3, 1, 2]));
  try {
    yield relative('training loss', result.value, fixture.loss!.data, LOSS);
    yield rel('training logits', logits, fixture.logits!.data, OUTPUT);
    const leaves = flatten(after);
    for (const key of wantedOf(fixture, 'after.')) yield scope(() => compareWith(fixture, `after.${key}`, leaves[key]));
    if (has(folder, 'gradients.safetensors'))
      yield await compareGradients(folder, result.grads.params, { input }, {}, TRAINING_GRADIENT, undefined, TRAINING_FLOOR);
  } finally {
    dispose(result.value, result.grads, result.aux, images, target, input);
  }
}

export const visionChecker: Checker = {
  component: 'vision',

  cases: (folder) => casesOfClass(folder, (name) => name in kinds),

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    const kind = kinds[spec.class];
    if (!kind) throw new Unsupported(`class ${spec.class}`);
    const config = await readJson<object>(join(caseFolder, 'config.json'));
    expectSupported(() => kind.shapes(config));
    const network = await kind.load(caseFolder);
    try {
      const fixture = await readSafetensors(join(caseFolder, 'fixture.safetensors'));
      for (const run of Object.keys(spec.runs)) yield* checkRun(network, fixture, run);
      if (spec.gradient) yield* checkGradients(caseFolder, network, fixture, spec);
      if (spec.training) yield* checkTraining(caseFolder, network, spec);
    } finally {
      dispose(network.params);
    }
  },
};
