/** The space of a chest classifier: TorchXRayVision's DenseNet where its folder is given, else the project's own, trained on the data at hand. */

import * as tf from '@tensorflow/tfjs-core';
import { type Dataset, phantomSplit } from '../../datasets';
import { recordsOf } from '../../datasets/internal';
import { keptClassifier } from '../../experiments';
import { hashFile } from '../../files/internal';
import type { Classifier } from '../../metrics';
import { classifier } from '../../metrics/internal';
import { densenet, interpolate, loadDenseNet } from '../../vision';
import type { Bench } from '../bench';
import type { FeatureSpace } from '../features';
import { networkSpace } from './network-space';

/** Pixels a side that TorchXRayVision's networks were trained on. */
const XRV_SIDE = 224;
const XRV_WIDTH = 1024;

/** The space named `chest`. */
export async function chestSpace(bench: Bench): Promise<FeatureSpace> {
  return bench.networks.chest === undefined ? ownSpace(bench) : publishedSpace(bench.networks.chest);
}

async function publishedSpace(folder: string): Promise<FeatureSpace> {
  const { config, params } = await loadDenseNet(folder);
  return networkSpace({
    name: 'chest',
    definition: `DenseNet with TorchXRayVision's normalisation, the mean of its last block after ReLU, ${XRV_WIDTH} wide; images resized to ${XRV_SIDE} bilinearly (v1)`,
    identity: `xrv/1/${await hashFile(`${folder}/model.safetensors`)}`,
    width: XRV_WIDTH,
    params,
    features: (weights, images) =>
      densenet(config, weights, tf.mul(tf.sub(interpolate(images, [XRV_SIDE, XRV_SIDE], 'bilinear'), 0.5), 2048) as tf.Tensor4D).pooled,
  });
}

/** This project's classifier of findings, trained on the training part at the models' size; where that has no labels, on the phantom. */
export interface OwnClassifier extends Classifier {
  readonly data: Dataset;
}

/** The caller disposes its parameters. */
export async function ownClassifier(bench: Bench): Promise<OwnClassifier> {
  const { train, recipe, signal } = bench;
  const labelled = train.findings.length > 0 && recordsOf(train, 200).some(({ labels }) => Object.keys(labels).length > 0);
  const data = labelled ? train : phantomSplit(recipe.data).train;
  if (!labelled)
    bench.note(
      'The data have no labels: the chest classifier is trained on the phantom, and may be blind to what real radiographs differ in.',
    );
  const found = await keptClassifier(recipe, data, {
    ...(signal && { signal }),
    onStep: ({ step, steps }) => bench.progress('training the chest classifier', step, steps),
  });
  return { ...found, data };
}

async function ownSpace(bench: Bench): Promise<FeatureSpace> {
  const { config, params, data } = await ownClassifier(bench);
  const width = config.channels[2];
  return networkSpace({
    name: 'chest',
    definition: `this project's classifier of ${config.findings.length} findings, trained on ${data.name} (${data.length} images of ${config.size} pixels), the mean of its last convolution, ${width} wide (v1)`,
    identity: JSON.stringify(['classifier', 1, bench.recipe.classifier, config, data.name, data.fingerprint, data.length]),
    width,
    params,
    features: (weights, images) => classifier(config, weights, images).features,
  });
}
