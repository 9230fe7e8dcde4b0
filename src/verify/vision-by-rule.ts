/** Checks networks of one size whose weights follow from their names: TorchXRayVision's DenseNet, ResNet-50, FID's Inception; and EfficientNet-Lite0 with its own. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, scope, type Tree } from '../engine';
import { readImage, readSafetensors } from '../files';
import { findPublished, published, readJson, toFileLayout } from '../files/internal';
import { resize } from '../imaging';
import {
  calibrate,
  type DenseNetParams,
  densenet,
  efficientNetLite,
  type InceptionParams,
  inception,
  interpolate,
  loadEfficientNetLite,
  type ResNetParams,
  resnet,
  xrvCentreCrop,
  xrvConfig,
  xrvFindings,
  xrvNormalise,
  xrvResize,
} from '../vision';
import { densenetShapes, inceptionShapes, resnetShapes } from '../vision/internal';
import { type Rule, weightsByRule } from './by-rule';
import { type Checker, type Measure, Unsupported } from './checker';
import { channelsLast, type Fixture, fixtureImage, fixtureTensor, has } from './fixture';
import { absolute, exact, rel, relative } from './measure';
import { casesOfClass, compareWith, wantedOf } from './text-run';

const PREPROCESSING = 1e-4;
/** Of 255, for inputs of few pixels. */
const RESIZED = 2e-3;
/** The reference counts positions in float32: one is wrong by up to this part of it, and a grey level by as much of 255 along each axis. */
const POSITION = 2 ** -23;

interface Case extends Rule {
  readonly class: string;
  readonly targets?: readonly string[];
  readonly op_threshs?: Readonly<Record<string, readonly (number | null)[]>>;
}

interface Pixels {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/** ImageNet's, by which torchvision's networks see images. */
const [MEAN, DEVIATION] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];

/** `input0.png`, `input1.png` … as 8-bit values. */
export async function inputImages(folder: string, channels: number): Promise<Pixels[]> {
  const images: Pixels[] = [];
  for (let i = 0; existsSync(join(folder, `input${i}.png`)); i++) {
    const image = await readImage(join(folder, `input${i}.png`));
    if (image.channels !== channels) throw new Unsupported(`input${i}.png has ${image.channels} channels, expected ${channels}`);
    images.push(image);
  }
  return images;
}

/** A batch of images of one size. */
export function batchOf(images: readonly Pixels[], channels: number): tf.Tensor4D {
  const [{ width, height }] = images as [Pixels];
  return scope(() => tf.stack(images.map(({ data }) => tf.tensor3d(Float32Array.from(data), [height, width, channels]))) as tf.Tensor4D);
}

/** Means over maps of inner blocks, as `<block>.mean`. */
export function blockMeans(): { readonly onBlock: (name: string, output: tf.Tensor4D) => void; readonly means: Record<string, tf.Tensor> } {
  const means: Record<string, tf.Tensor> = {};
  return {
    means,
    onBlock: (name, output) => {
      means[`${name}.mean`] = tf.keep(tf.mean(output, [1, 2]));
    },
  };
}

async function* checkXrv(folder: string, spec: Case, fixture: Fixture): AsyncGenerator<Measure> {
  yield exact('findings', xrvFindings, spec.targets ?? []);
  const images = await inputImages(folder, 1);
  const { params, checks } = weightsByRule<DenseNetParams>(densenetShapes(xrvConfig), spec);
  yield* checks;
  const { onBlock, means } = blockMeans();
  try {
    yield* scope(() => {
      const batch = batchOf(
        images.map((image) => ({ ...image, data: xrvNormalise(image.data) })),
        1,
      );
      const { pooled, logits } = densenet(xrvConfig, params, batch, { onBlock });
      const probabilities = tf.sigmoid(logits);
      const got: Record<string, tf.Tensor> = { ...means, pooled, features2: pooled, logits, probabilities };
      for (const [name, thresholds] of Object.entries(spec.op_threshs ?? {}))
        got[`op_norm.${name}`] = tf.tensor(calibrate(probabilities.dataSync() as Float32Array, thresholds), logits.shape);
      return wantedOf(fixture, '').map((key) => compareWith(fixture, key, got[key]));
    });
  } finally {
    dispose(params, means);
  }
  if (has(folder, 'preprocess.safetensors')) yield* checkXrvPreprocessing(await readSafetensors(join(folder, 'preprocess.safetensors')));
}

function* checkXrvPreprocessing(fixture: Fixture): Generator<Measure> {
  for (const key of Object.keys(fixture).filter((name) => name.endsWith('.pixels'))) {
    const name = key.slice(0, -'.pixels'.length);
    const { shape, data } = fixture[key]!;
    const [height, width] = shape as [number, number];
    const cropped = xrvCentreCrop({ width, height, data: xrvNormalise(data) });
    yield rel(`${name}.cropped`, cropped.data, fixture[`${name}.cropped`]!.data, PREPROCESSING);
    const resized = fixture[`${name}.resized`]!;
    yield rel(`${name}.resized`, xrvResize(cropped, resized.shape.at(-1)!).data, resized.data, PREPROCESSING);
    for (const other of wantedOf(fixture, `${name}.fix_resolution`)) {
      const want = fixture[`${name}.fix_resolution${other}`]!;
      const side = want.shape.at(-1)!;
      yield rel(`${name}.fix_resolution${other}`, resize(cropped, { width: side, height: side }).data, want.data, PREPROCESSING);
    }
  }
}

async function* checkResNet50(folder: string, spec: Case, fixture: Fixture): AsyncGenerator<Measure> {
  const images = await inputImages(folder, 3);
  const { params, checks } = weightsByRule<ResNetParams>(resnetShapes({}), spec);
  yield* checks;
  const { onBlock, means } = blockMeans();
  try {
    yield* scope(() => {
      const batch = tf.div(tf.sub(tf.div(batchOf(images, 3), 255), MEAN!), DEVIATION!) as tf.Tensor4D;
      const got: Record<string, tf.Tensor> = { ...resnet({}, params, batch, { onBlock }), ...means };
      return wantedOf(fixture, '').map((key) => compareWith(fixture, key, got[key]));
    });
  } finally {
    dispose(params, means);
  }
}

async function* checkInception(folder: string, spec: Case, fixture: Fixture): AsyncGenerator<Measure> {
  for (const name of Object.keys(fixture).filter((key) => /^resize\d+\.input$/.test(key)))
    yield* checkInterpolation(fixture, name.slice(0, -6));
  const images = await inputImages(folder, 3);
  const { params, checks } = weightsByRule<InceptionParams>(inceptionShapes(), spec);
  yield* checks;
  try {
    for (const [i, image] of images.entries())
      yield* scope(() => {
        const batch = batchOf([image], 3);
        const { logitsUnbiased, ...features } = inception(params, batch);
        const other = inception(params, batch, 'pytorch-fid');
        const got: Record<string, tf.Tensor> = { ...features, logits_unbiased: logitsUnbiased, 'pytorch_fid.2048': other[2048] };
        return wantedOf(fixture, `${i}.`).map((key) => compareWith(fixture, `${i}.${key}`, got[key]));
      });
  } finally {
    dispose(params as Tree);
  }
}

function checkInterpolation(fixture: Fixture, name: string): Measure[] {
  return scope(() => {
    const input = fixtureImage(fixture, `${name}.input`);
    return (['tensorflow1', 'torch'] as const).map((kind) => {
      const want = channelsLast(fixtureTensor<tf.Rank.R4>(fixture, `${name}.${kind}`));
      const got = interpolate(input, [want.shape[1], want.shape[2]], kind === 'torch' ? 'bilinear' : 'bilinear-corner');
      return absolute(`${name}.${kind}`, got, want, Math.max(RESIZED, 255 * POSITION * (input.shape[1] + input.shape[2])));
    });
  });
}

interface LiteCase extends Case {
  readonly weight_samples: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly first: readonly number[]; readonly sum: number }>
  >;
  readonly top5: readonly { readonly classes: readonly number[]; readonly probabilities: readonly number[] }[];
}

const NAME = 'efficientnet-lite0';

async function* checkLite(folder: string, spec: Case, fixture: Fixture): AsyncGenerator<Measure> {
  const path = findPublished(published.find(({ name }) => name === NAME)!);
  if (!path) throw new Unsupported(`the model is not here; get it with "roentgen models get ${NAME}"`);
  const { weight_samples, top5 } = spec as LiteCase;
  const images = await inputImages(folder, 3);
  const params = await loadEfficientNetLite(path);
  const { onBlock, means } = blockMeans();
  try {
    const leaves = flatten(params);
    for (const [name, want] of Object.entries(weight_samples)) {
      const { data } = toFileLayout(name, leaves[name]!.shape, leaves[name]!.dataSync() as Float32Array);
      const sum = (data as Float32Array).reduce((total, value) => total + value, 0);
      yield relative(`weights ${name}`, [...data.subarray(0, 4), sum], [...want.first, want.sum], 1e-6);
    }
    yield* scope(() => {
      const batch = tf.div(tf.sub(batchOf(images, 3), 127), 128) as tf.Tensor4D;
      const { pooled, logits } = efficientNetLite(params, batch, { onBlock });
      const got: Record<string, tf.Tensor> = { ...means, 'blocks_then_head.mean': pooled, logits };
      const probabilities = tf.softmax(logits).dataSync();
      const first = tf.argMax(logits, 1).dataSync();
      const classes = logits.shape[1];
      return [
        ...wantedOf(fixture, '').map((key) => compareWith(fixture, key, got[key])),
        exact(
          'likeliest class',
          first,
          top5.map((one) => one.classes[0]!),
        ),
        absolute(
          'probabilities of the five likeliest',
          top5.flatMap((one, i) => one.classes.map((k) => probabilities[i * classes + k]!)),
          top5.flatMap((one) => [...one.probabilities]),
          1e-4,
        ),
      ];
    });
  } finally {
    dispose(params, means);
  }
}

type Check = (folder: string, spec: Case, fixture: Fixture) => AsyncIterable<Measure>;

/** By the beginning of the reference's class. */
const kinds: Readonly<Record<string, Check>> = {
  'torchxrayvision.models.DenseNet()': checkXrv,
  'torchvision resnet50': checkResNet50,
  'EfficientNet of efficientnet-lite-pytorch': checkLite,
  'torch_fidelity FeatureExtractorInceptionV3': checkInception,
};

const checkOf = (name: string): Check | undefined => Object.entries(kinds).find(([start]) => name.startsWith(start))?.[1];

export const visionByRuleChecker: Checker = {
  component: 'vision',

  cases: (folder) => casesOfClass(folder, (name) => checkOf(name) !== undefined),

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    const check = checkOf(spec.class);
    if (!check) throw new Unsupported(`class ${spec.class}`);
    yield* check(caseFolder, spec, await readSafetensors(join(caseFolder, 'fixture.safetensors')));
  },
};
