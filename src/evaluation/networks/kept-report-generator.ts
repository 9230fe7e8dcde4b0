/** The report generator of a bench: trained on its training part, kept, and put to use. */

import * as tf from '@tensorflow/tfjs-core';
import { generate, type LanguageModel, languageModel } from '../../decoders';
import { compileNetwork, dispose, foldIn, scope } from '../../engine';
import { nextTurn, overRows } from '../../engine/internal';
import type { Rows } from '../../files';
import { readRange } from '../../files/internal';
import type { Bench } from '../bench';
import { hashOf } from '../hash-of';
import { realImages } from '../image-set';
import { keptNetwork } from '../kept-network';
import { describeImageEncoder, imageEncoderConfig, networkScale } from './image-encoder';
import { tokenizerOf } from './kept-contrastive';
import { optimisationFor } from './optimisation';
import {
  imageContext,
  loadReportGenerator,
  type ReportGenerator,
  type ReportGeneratorConfig,
  type ReportGeneratorParams,
  reportLogits,
  saveReportGenerator,
} from './report-generator';
import { reportTargets, trainReportGenerator } from './train-report-generator';

/** Of the training's definition; part of what a kept network follows from. */
const VERSION = 1;
/** The child of the bench's key that it is trained with. */
const KEY = 6201;

export interface WritingOptions {
  /** Sequences that are followed at a time; 1 takes the likeliest token at each step. */
  readonly beams: number;
  /** No run of so many tokens occurs twice in a text. */
  readonly blockedNgram: number;
}

/** A network that writes the texts of images. The caller disposes it. */
export interface ReportWriter {
  /** Network, data and training, in a sentence. */
  readonly definition: string;
  readonly identity: string;
  /**
   * @param pixels     grey images, size × size a row, 0 to 1
   * @param onProgress called after each batch
   * @returns          a text for each
   * @throws the bench's signal's reason where it was raised
   */
  write(pixels: Rows, options: WritingOptions, onProgress?: (done: number, total: number) => void): Promise<string[]>;
  /**
   * How surprised it is by a text, given its image.
   *
   * @param texts one for each image; tokens beyond the longest text of the training are not counted
   * @returns     of each text the sum of its tokens' negative log-likelihoods, nats, and how many tokens these are, the mark of the end with them
   */
  surprise(pixels: Rows, texts: readonly string[]): Promise<{ readonly nats: Float32Array; readonly tokens: Float32Array }>;
  dispose(): void;
}

/** Of each scale: the learning rate's peak, steps at most, the decoder's width, layers and heads, tokens of the vocabulary and of a text at most. */
const SCALES = {
  quick: { peak: 1.5e-3, steps: 500, width: 96, layers: 2, heads: 4, vocabulary: 1000, longest: 64 },
  small: { peak: 1.5e-3, steps: 2000, width: 128, layers: 3, heads: 4, vocabulary: 2000, longest: 96 },
  full: { peak: 1e-4, steps: 40_000, width: 512, layers: 6, heads: 8, vocabulary: 8000, longest: 128 },
} as const;

/** The bench's report generator: out of the cache, or trained on its training part. @throws the signal's reason where it was raised */
export async function reportWriter(bench: Bench): Promise<ReportWriter> {
  const { size, seed, signal } = bench;
  const scale = networkScale(bench);
  const { peak, steps, width, layers, heads, vocabulary, longest } = SCALES[scale];
  const { pixels, records } = await realImages(bench, 'train', bench.train.length);
  const texts = records.map(({ text }) => text);
  const optimisation = optimisationFor(texts.length, { steps, peak, warmup: 40 });
  const image = imageEncoderConfig(size, scale, width);
  const { network, identity } = await keptNetwork<ReportGenerator>({
    name: 'report-generator',
    source: { version: VERSION, images: pixels.identity, texts: hashOf(texts), image, scale: SCALES[scale], optimisation, seed },
    async make() {
      const tokenizer = tokenizerOf(texts, vocabulary, longest);
      const config: ReportGeneratorConfig = {
        image,
        decoder: {
          model_type: 'gpt2',
          vocab_size: tokenizer.vocabularySize,
          n_positions: tokenizer.maxLength,
          n_embd: width,
          n_layer: layers,
          n_head: heads,
          add_cross_attention: true,
        },
      };
      return trainReportGenerator({
        config,
        tokenizer,
        pixels,
        texts,
        optimisation,
        key: foldIn(bench.key, KEY),
        ...(signal && { signal }),
        onStep: (log) => bench.progress('training of the report generator', log.step, log.steps),
      });
    },
    save: saveReportGenerator,
    load: loadReportGenerator,
  });
  const definition =
    `this project's own report generator, trained on the ${texts.length} images and texts of the training part at hand (not a published model): ` +
    `${describeImageEncoder(image)}, and a GPT-2 of ${layers} layers, ${width} wide, with cross-attention to the image's places; ` +
    `${optimisation.steps} steps of ${optimisation.batch_size}; v${VERSION}`;
  return { definition, identity, ...writerOf(network, signal) };
}

/** Images that texts are written for at a time. */
const BATCH = 64;

/** Runs a report generator, whose weights are the result's from now on. */
export function writerOf(
  { config, params, tokenizer }: ReportGenerator,
  signal?: AbortSignal,
): Pick<ReportWriter, 'write' | 'surprise' | 'dispose'> {
  const { size } = config.image;
  const area = size * size;
  const L = tokenizer.maxLength;
  const [start, end] = [tokenizer.startId!, tokenizer.endId!];
  const decoder: LanguageModel = languageModel(config.decoder, params.decoder);
  const contextOf = compileNetwork((weights: ReportGeneratorParams, images: tf.Tensor4D) => ({
    context: imageContext(config, weights, images),
  }));
  const surpriseOf = compileNetwork((weights: ReportGeneratorParams, images: tf.Tensor4D, ids: tf.Tensor2D, labels: tf.Tensor2D) =>
    scope(() => surprises(reportLogits(config, weights, ids, imageContext(config, weights, images)), labels)),
  );
  return {
    async write(pixels, { beams, blockedNgram }, onProgress) {
      const texts: string[] = [];
      for (let from = 0; from < pixels.length; from += BATCH) {
        signal?.throwIfAborted();
        const count = Math.min(BATCH, pixels.length - from);
        const images = new Float32Array(BATCH * area); // of one form, whatever is left
        images.set(await readRange(pixels, from, from + count));
        const input = tf.tensor4d(images, [BATCH, size, size, 1]);
        const { context } = contextOf(params, input);
        try {
          const { sequences } = generate(
            decoder,
            { ids: Array.from({ length: BATCH }, () => [start]), context },
            { maxNewTokens: L - 1, end, padding: end, beams, processors: [{ kind: 'no_repeat_ngram_size', value: blockedNgram }] },
          );
          for (let i = 0; i < count; i++) texts.push(tokenizer.text(untilEnd(sequences[i * beams]!, end)));
        } finally {
          dispose(input, context);
        }
        onProgress?.(from + count, pixels.length);
        await nextTurn();
      }
      return texts;
    },
    async surprise(pixels, texts) {
      const { ids, labels } = reportTargets(tokenizer, texts);
      const network = (...[images, read, wanted]: tf.Tensor[]): { nats: tf.Tensor; tokens: tf.Tensor } =>
        surpriseOf(params, images as tf.Tensor4D, read as tf.Tensor2D, wanted as tf.Tensor2D);
      const result = { nats: new Float32Array(texts.length), tokens: new Float32Array(texts.length) };
      for (let from = 0; from < texts.length; from += BATCH) {
        const to = Math.min(texts.length, from + BATCH);
        const columns = [
          { values: await readRange(pixels, from, to), shape: [size, size, 1] },
          { values: ids.subarray(from * L, to * L), shape: [L], padding: end },
          { values: labels.subarray(from * L, to * L), shape: [L] },
        ];
        const part = await overRows(network, columns, { nats: 1, tokens: 1 }, { batch: BATCH, ...(signal && { signal }) });
        result.nats.set(part.nats, from);
        result.tokens.set(part.tokens, from);
      }
      return result;
    },
    dispose() {
      contextOf.dispose();
      surpriseOf.dispose();
      dispose(params);
    },
  };
}

/** The tokens between the mark of the beginning and that of the end. */
function untilEnd(sequence: readonly number[], end: number): readonly number[] {
  const at = sequence.indexOf(end, 1);
  return sequence.slice(1, at < 0 ? sequence.length : at);
}

/** Of each text: the sum of -log p over its tokens, and their number, [B] each. */
function surprises(logits: tf.Tensor3D, labels: tf.Tensor2D): { nats: tf.Tensor1D; tokens: tf.Tensor1D } {
  const [B, L, vocabulary] = logits.shape;
  return scope(() => {
    const said = tf.logSoftmax(tf.slice(logits, [0, 0, 0], [B, L - 1, vocabulary]));
    const wanted = tf.slice(labels, [0, 1], [B, L - 1]);
    const counts = tf.cast(tf.greaterEqual(wanted, tf.scalar(0, 'int32')), 'float32');
    const right = tf.oneHot(tf.maximum(wanted, tf.scalar(0, 'int32')) as tf.Tensor2D, vocabulary);
    const each = tf.mul(tf.sum(tf.mul(said, right), 2), counts);
    return { nats: tf.neg(tf.sum(each, 1)) as tf.Tensor1D, tokens: tf.sum(counts, 1) as tf.Tensor1D };
  });
}
