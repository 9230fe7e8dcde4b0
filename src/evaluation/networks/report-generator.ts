/** A report generator: a ResNet on the image, and a GPT-2 that attends to the image's places and writes its text. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type Gpt2Config, type Gpt2Params, gpt2, initGpt2 } from '../../decoders';
import { causalScores, languageModelShapes } from '../../decoders/internal';
import { type Key, scope, split } from '../../engine';
import { writeJson } from '../../files';
import { loadParameters, readJson, saveParameters } from '../../files/internal';
import { type BatchStatistics, type EmbeddingParams, type LinearParams, linearLayer } from '../../nn';
import { embeddingSpec, initialise, linearSpec, specShapes } from '../../nn/internal';
import { loadTokenizer, type Tokenizer } from '../../tokenizers';
import { initResNet, type ResNetParams } from '../../vision';
import { encodeImages, type ImageEncoderConfig, placesOf, resnetShapes } from '../../vision/internal';

export interface ReportGeneratorConfig {
  /** Its vectors are as wide as the decoder. */
  readonly image: ImageEncoderConfig;
  /** With cross-attention. */
  readonly decoder: Gpt2Config;
}

export type ReportGeneratorParams = {
  image: ResNetParams;
  /** From the ResNet's maps to what the decoder attends to; a row of `position` for the vector of the whole image and for each place. */
  places: { projection: LinearParams; position: EmbeddingParams };
  decoder: Gpt2Params;
};

export interface ReportGenerator {
  readonly config: ReportGeneratorConfig;
  /** The caller disposes it. */
  readonly params: ReportGeneratorParams;
  readonly tokenizer: Tokenizer;
}

const placesSpec = ({
  image,
  decoder: { n_embd = 768 },
}: ReportGeneratorConfig): Record<'projection', ReturnType<typeof linearSpec>> & {
  position: ReturnType<typeof embeddingSpec>;
} => {
  const { count, channels } = placesOf(image);
  return { projection: linearSpec(channels, n_embd), position: embeddingSpec(count + 1, n_embd, 0.02) };
};

/** Random weights; the caller disposes the tree. */
export function initReportGenerator(config: ReportGeneratorConfig, key: Key): ReportGeneratorParams {
  const [a, b, c] = split(key, 3) as [Key, Key, Key];
  return {
    image: initResNet(config.image.resnet, a),
    places: initialise<ReportGeneratorParams['places']>(placesSpec(config), b),
    decoder: initGpt2(config.decoder, c),
  };
}

function generatorShapes(config: ReportGeneratorConfig): Record<string, number[]> {
  const below = (path: string, shapes: Record<string, number[]>): Record<string, number[]> =>
    Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [`${path}.${key}`, shape]));
  return {
    ...below('image', resnetShapes(config.image.resnet)),
    ...specShapes({ places: placesSpec(config) }),
    ...below('decoder', languageModelShapes(config.decoder)),
  };
}

/**
 * What the decoder attends to: the image as a whole, then its places.
 *
 * @param images [B, size, size, 1], 0 to 1; with `statistics` in training mode
 * @returns      [B, 1 + places, n_embd]; the caller disposes it
 */
export function imageContext(
  { image }: ReportGeneratorConfig,
  { image: backbone, places: { projection, position } }: ReportGeneratorParams,
  images: tf.Tensor4D,
  statistics?: BatchStatistics,
): tf.Tensor3D {
  return scope(() => {
    const { vector, places } = encodeImages(image, backbone, images, statistics);
    const whole = tf.expandDims(vector, 1) as tf.Tensor3D;
    return tf.add(tf.concat([whole, linearLayer(projection, places)], 1), position.weight) as tf.Tensor3D;
  });
}

/**
 * Logits of the next token at every place of texts that are known, all at once.
 *
 * @param ids     int32 [B, L], padded at the end
 * @param context of `imageContext`
 * @returns       [B, L, vocabulary]; the caller disposes it
 */
export function reportLogits(
  { decoder: config }: ReportGeneratorConfig,
  { decoder }: ReportGeneratorParams,
  ids: tf.Tensor2D,
  context: tf.Tensor3D,
): tf.Tensor3D {
  return scope(() => {
    const [, L] = ids.shape;
    const scores = causalScores({ mask: [new Array<number>(L).fill(1)], from: 0, length: L }); // padding stands behind all tokens
    const positions = tf.reshape(tf.range(0, L, 1, 'int32'), [1, L]) as tf.Tensor2D;
    return gpt2(config, decoder, { ids, positions, scores, context }).logits;
  });
}

/** Writes `config.json`, `model.safetensors` and the tokenizer. */
export async function saveReportGenerator(folder: string, { config, params, tokenizer }: ReportGenerator): Promise<void> {
  await saveParameters(folder, 'model', params);
  await tokenizer.save(join(folder, 'tokenizer'));
  await writeJson(join(folder, 'config.json'), config);
}

/** Reads what `saveReportGenerator` wrote. @throws FileError where a file is missing or not this network's */
export async function loadReportGenerator(folder: string): Promise<ReportGenerator> {
  const config = (await readJson(join(folder, 'config.json'))) as unknown as ReportGeneratorConfig;
  const params = await loadParameters<ReportGeneratorParams>(folder, { file: 'model', expected: generatorShapes(config) });
  return { config, params, tokenizer: await loadTokenizer(join(folder, 'tokenizer')) };
}
