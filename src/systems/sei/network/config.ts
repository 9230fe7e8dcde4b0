/** What SEI's two networks are like. */

import type { R2GenConfig } from '../../../decoders';
import { completeR2GenConfig } from '../../../decoders/internal';
import type { BertConfig } from '../../../encoders';
import { completeBertConfig } from '../../../encoders/internal';
import { checkSettings, is, type ShapeOf } from '../../../files/internal';
import { type ImageEncoderConfig, placesOf, resnetShapes } from '../../../vision/internal';

/** What both stages have: encoders of images and texts, and the width of what both are projected to. */
export interface SeiEncoders {
  /** Without a last layer (`num_classes` 0). */
  readonly image: ImageEncoderConfig;
  readonly text: BertConfig;
  readonly output_dim: number;
}

/** Stage 1: images and texts in one space. */
export interface AlignmentConfig extends SeiEncoders {
  readonly model_type: 'sei-alignment';
  /** Temperatures of the loss between studies, and of that between words of a report. */
  readonly instance_temp: number;
  readonly region_temp: number;
}

/** What a report is written from besides its image. */
export const writerSources = ['case', 'indication'] as const;
export type WriterSource = (typeof writerSources)[number];

/** Stage 2: a report from an image, a similar case and the indication. */
export interface WriterConfig extends SeiEncoders {
  readonly model_type: 'sei-writer';
  readonly reads: readonly WriterSource[];
  /** Of the layers that bring image, case and indication together. */
  readonly fusion: { readonly layers: number; readonly heads: number; readonly intermediate_size: number };
  /** `d_vf` is `output_dim`. */
  readonly decoder: R2GenConfig;
  readonly decoding: Decoding;
}

/** How reports are searched for. */
export interface Decoding {
  /** Sequences that are followed at a time; their sums of log-probabilities are not divided by their lengths. */
  readonly beams: number;
  /** What R2Gen's soft block takes off a token's log-probability for each run of three that it would repeat; 2 · 0.693 in the paper. */
  readonly trigram_penalty: number;
  /** The most tokens of a report: it changes every measure. */
  readonly max_tokens: number;
}

const size = is.whole(1, 100_000);
const temperature = is.number(1e-6);

const ENCODERS: ShapeOf<SeiEncoders> = {
  image: { size: is.whole(8, 4096), resnet: is.object, places: is.oneOf('layer2', 'layer3', 'layer4') },
  text: is.object,
  output_dim: size,
};

export const fusionShape: ShapeOf<WriterConfig['fusion']> = { layers: is.whole(1, 100), heads: size, intermediate_size: size };

export const decodingShape: ShapeOf<Decoding> = {
  beams: is.whole(1, 100),
  trigram_penalty: is.number(0),
  max_tokens: is.whole(1, 100_000),
};

const ALIGNMENT: ShapeOf<AlignmentConfig> = {
  model_type: is.oneOf('sei-alignment'),
  ...ENCODERS,
  instance_temp: temperature,
  region_temp: temperature,
};

const WRITER: ShapeOf<WriterConfig> = {
  model_type: is.oneOf('sei-writer'),
  ...ENCODERS,
  reads: is.list(is.oneOf(...writerSources), 0, writerSources.length),
  fusion: fusionShape,
  decoder: is.object,
  decoding: decodingShape,
};

function checkEncoders(where: string, { image, text }: SeiEncoders): void {
  resnetShapes(image.resnet);
  if (image.resnet.num_classes !== 0 || image.resnet.in_channels !== 1)
    throw new RangeError(`${where}: image.resnet: expected num_classes 0 and in_channels 1`);
  const { model_type, max_position_embeddings } = completeBertConfig(text);
  if (model_type !== 'bert') throw new RangeError(`${where}: text.model_type: expected bert, got ${model_type}`);
  if (max_position_embeddings < 3)
    throw new RangeError(`${where}: text: expected a window of 3 tokens or more, got ${max_position_embeddings}`);
}

/** @throws RangeError naming what of the config can't be worked with */
export function checkAlignmentConfig(config: AlignmentConfig): void {
  checkSettings('sei', config, ALIGNMENT);
  checkEncoders('sei', config);
}

/** @throws RangeError naming what of the config can't be worked with */
export function checkWriterConfig(config: WriterConfig): void {
  checkSettings('sei', config, WRITER);
  checkEncoders('sei', config);
  const { output_dim, fusion, decoder, reads, decoding } = config;
  if (output_dim % fusion.heads !== 0)
    throw new RangeError(`sei: output_dim is ${output_dim}, not a multiple of fusion.heads, ${fusion.heads}`);
  if (new Set(reads).size !== reads.length) throw new RangeError(`sei: reads: names one twice: ${reads.join(', ')}`);
  const { d_vf, vocab_size, max_seq_length } = completeR2GenConfig(decoder);
  if (decoding.max_tokens >= max_seq_length)
    throw new RangeError(
      `sei: decoding.max_tokens: expected less than decoder.max_seq_length, ${max_seq_length}, got ${decoding.max_tokens}`,
    );
  if (d_vf !== output_dim) throw new RangeError(`sei: decoder.d_vf: expected output_dim, ${output_dim}, got ${d_vf}`);
  const vocabulary = completeBertConfig(config.text).vocab_size;
  if (vocab_size !== vocabulary)
    throw new RangeError(`sei: decoder.vocab_size: expected that of the text encoder, ${vocabulary}, got ${vocab_size}`);
}

/** Channels that an image's whole and its places have before they are projected. */
export function imageChannels({ image }: SeiEncoders): { readonly whole: number; readonly place: number } {
  return { whole: placesOf({ ...image, places: 'layer4' }).channels, place: placesOf(image).channels };
}
