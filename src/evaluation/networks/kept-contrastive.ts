/** The contrastive network of a bench: trained on its training part, kept, and put to use. */

import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, foldIn, scope } from '../../engine';
import { overRows } from '../../engine/internal';
import { type Tokenizer, trainBpe } from '../../tokenizers';
import type { Bench } from '../bench';
import type { FeatureSpace } from '../features';
import { hashOf } from '../hash-of';
import { realImages } from '../image-set';
import { keptNetwork } from '../kept-network';
import {
  type ContrastiveConfig,
  type ContrastiveModel,
  type ContrastiveParams,
  imageVectors,
  loadContrastive,
  saveContrastive,
  textVectors,
  unitRows,
} from './contrastive';
import { describeImageEncoder, imageEncoderConfig, networkScale } from './image-encoder';
import { optimisationFor } from './optimisation';
import { CONVIRT, trainContrastive } from './train-contrastive';

/** Of the training's definition; part of what a kept network follows from. */
const VERSION = 1;
/** The child of the bench's key that it is trained with. */
const KEY = 6301;

/** A network that places images and texts in one space. The caller disposes it. */
export interface ContrastiveEncoder {
  /** Network, data and training, in a sentence. */
  readonly definition: string;
  readonly identity: string;
  readonly width: number;
  /** @param pixels n grey images, size × size, 0 to 1 @returns [n, width], each at length 1 */
  images(pixels: Float32Array): Promise<Float32Array>;
  /** @returns [n, width], each at length 1 */
  texts(texts: readonly string[]): Promise<Float32Array>;
  dispose(): void;
}

/** A vocabulary of the texts, as long as the longest of them within `longest`. */
export function tokenizerOf(texts: readonly string[], vocabularySize: number, longest: number): Tokenizer {
  const tokenizer = trainBpe(texts, { vocabularySize, maxLength: longest });
  const needed = texts.reduce((most, text) => Math.max(most, tokenizer.ids(text).length), 8);
  return tokenizer.withLength(Math.min(longest, needed));
}

/** Of each scale: the learning rate's peak, steps at most, the space's width and the text encoder's, its layers, tokens of the vocabulary and of a text at most. */
const SCALES = {
  quick: { peak: 1.5e-3, steps: 300, width: 64, layers: 1, vocabulary: 1000, longest: 64 },
  small: { peak: 1.5e-3, steps: 1200, width: 128, layers: 2, vocabulary: 2000, longest: 96 },
  full: { peak: 1e-4, steps: 20_000, width: 512, layers: 6, vocabulary: 8000, longest: 128 },
} as const;

/** The bench's contrastive network: out of the cache, or trained on its training part. @throws the signal's reason where it was raised */
export async function contrastiveEncoder(bench: Bench): Promise<ContrastiveEncoder> {
  const { size, seed, signal } = bench;
  const scale = networkScale(bench);
  const { peak, steps, width, layers, vocabulary, longest } = SCALES[scale];
  const { pixels, records } = await realImages(bench, 'train', bench.train.length);
  const texts = records.map(({ text }) => text);
  const optimisation = optimisationFor(texts.length, { steps, peak, warmup: 30 });
  const image = imageEncoderConfig(size, scale, width);
  const { network, identity } = await keptNetwork<ContrastiveModel>({
    name: 'contrastive',
    source: { version: VERSION, images: pixels.identity, texts: hashOf(texts), image, scale: SCALES[scale], optimisation, seed },
    async make() {
      const tokenizer = tokenizerOf(texts, vocabulary, longest);
      const config: ContrastiveConfig = {
        image,
        width,
        text: {
          model_type: 'bert',
          hidden_size: width,
          intermediate_size: 4 * width,
          num_hidden_layers: layers,
          num_attention_heads: 4,
          max_position_embeddings: tokenizer.maxLength,
          vocab_size: tokenizer.vocabularySize,
          pad_token_id: tokenizer.padId,
        },
      };
      return trainContrastive({
        config,
        tokenizer,
        pixels,
        texts,
        optimisation,
        key: foldIn(bench.key, KEY),
        ...(signal && { signal }),
        onStep: (log) => bench.progress('training of the contrastive network', log.step, log.steps),
      });
    },
    save: saveContrastive,
    load: loadContrastive,
  });
  const definition =
    `this project's own contrastive network, trained on the ${texts.length} images and texts of the training part at hand (not a published model): ` +
    `${describeImageEncoder(network.config.image)} and a BERT of ${layers} ${layers === 1 ? 'layer' : 'layers'}, projected to ${width} numbers at length 1, ` +
    `ConVIRT's loss with temperature ${CONVIRT.tau} and λ ${CONVIRT.lambda}, ${optimisation.steps} steps of ${optimisation.batch_size}; v${VERSION}`;
  return { definition, identity, width, ...contrastiveOf(network) };
}

/** Images of 64 pixels a side that go through at once, and texts. */
const BATCH = 64;

/** Runs a contrastive network, whose weights are the result's from now on. */
export function contrastiveOf({ config, params, tokenizer }: ContrastiveModel): Pick<ContrastiveEncoder, 'images' | 'texts' | 'dispose'> {
  const { size } = config.image;
  const ofImages = compileNetwork((weights: ContrastiveParams, images: tf.Tensor4D) => ({
    vectors: scope(() => unitRows(imageVectors(config, weights, images))),
  }));
  const ofTexts = compileNetwork((weights: ContrastiveParams, ids: tf.Tensor2D, mask: tf.Tensor2D) => ({
    vectors: scope(() => unitRows(textVectors(config, weights, ids, mask))),
  }));
  const sizes = { vectors: config.width };
  return {
    async images(pixels) {
      const columns = [{ values: pixels, shape: [size, size, 1] }];
      return (await overRows((images) => ofImages(params, images as tf.Tensor4D), columns, sizes, { batch: BATCH })).vectors;
    },
    async texts(texts) {
      const { ids, mask } = tokenizer.encodeBatch(texts);
      const shape = [tokenizer.maxLength];
      const columns = [
        { values: ids, shape, padding: tokenizer.padId },
        { values: mask, shape, padding: 1 },
      ];
      const network = (...inputs: tf.Tensor[]): { vectors: tf.Tensor } =>
        ofTexts(params, inputs[0] as tf.Tensor2D, inputs[1] as tf.Tensor2D);
      return (await overRows(network, columns, sizes, { batch: BATCH })).vectors;
    },
    dispose() {
      ofImages.dispose();
      ofTexts.dispose();
      dispose(params);
    },
  };
}

/** The space of a contrastive encoder's images. It disposes the encoder. */
export function imageSpace(encoder: ContrastiveEncoder): FeatureSpace {
  const { identity, width, definition } = encoder;
  return {
    name: 'clip',
    definition: `image vectors of ${definition}`,
    identity,
    width,
    extract: (pixels) => encoder.images(pixels),
    dispose: () => encoder.dispose(),
  };
}

/** The space that stands where the paper has CLIP's: that of the bench's contrastive network. */
export async function contrastiveSpace(bench: Bench): Promise<FeatureSpace> {
  return imageSpace(await contrastiveEncoder(bench));
}
