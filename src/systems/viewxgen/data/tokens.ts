/** Studies as tokens: codes of all images, made once and kept, and the tokens of their reports. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, scope, type Tree } from '../../../engine';
import { nextTurn } from '../../../engine/internal';
import { keepRows, readRange } from '../../../files/internal';
import { type Tokenizer, trainBpe } from '../../../tokenizers';
import { encodeToCodes, type VqModel, type VqParams } from '../../../vq';
import type { SequencePart, TextPart } from '../sequence/arrange';
import type { ViewStudies, ViewStudy } from './studies';

/** A study's tokens, its text first. */
export interface TokenisedStudy {
  readonly text: TextPart;
  readonly images: readonly Extract<SequencePart, { kind: 'image' }>[];
}

export interface TokeniseOptions {
  /** Pixels of an image's side. */
  readonly size: number;
  /** Names the autoencoder's weights (`autoencoderHash`): what is kept belongs to them. */
  readonly autoencoder: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images that the encoder sees at a time. */
const AT_ONCE = 32;

/** A vocabulary of bytes and pairs of the reports to learn from. */
export const reportVocabulary = ({ studies }: ViewStudies, vocabularySize: number, maxLength: number): Tokenizer =>
  trainBpe(
    studies.map(({ report }) => report),
    { vocabularySize, maxLength },
  );

/** A report's tokens. @param lost tokens that there was no room for */
export function textPart(tokenizer: Tokenizer, report: string): { readonly part: TextPart; readonly lost: number } {
  const { ids, length, lostTokens } = tokenizer.encode(report);
  return { part: { kind: 'text', ids, length }, lost: lostTokens };
}

/** Codes of images, grid² a row; kept in `.cache/viewxgen`. */
export async function imageCodes(vq: VqModel, { pixels }: Pick<ViewStudies, 'pixels'>, options: TokeniseOptions): Promise<Int32Array> {
  const { size, autoencoder, signal, onProgress } = options;
  const places = (size / 2 ** ((vq.config.block_out_channels?.length ?? 1) - 1)) ** 2;
  const encode = compileNetwork((params: Tree, { images }: { images: tf.Tensor4D }) =>
    scope(() => ({ codes: encodeToCodes(vq.config, params as VqParams, tf.sub(tf.mul(images, 2), 1)) })),
  );
  try {
    const { columns } = await keepRows(
      join('.cache', 'viewxgen'),
      {
        source: { codes: autoencoder, pixels: pixels.identity, size },
        length: pixels.length,
        columns: { codes: { shape: [places], dtype: 'F32' } },
        make: async (from, to) => {
          const out = new Float32Array((to - from) * places);
          for (let at = from; at < to; at += AT_ONCE) {
            signal?.throwIfAborted();
            const count = Math.min(AT_ONCE, to - at);
            const values = new Float32Array(AT_ONCE * size * size);
            values.set(await readRange(pixels, at, at + count));
            const images = tf.tensor4d(values, [AT_ONCE, size, size, 1]);
            const { codes } = encode(vq.params, { images });
            const read = codes.dataSync();
            tf.dispose([images, codes]);
            out.set(read.subarray(0, count * places), (at - from) * places);
            await nextTurn();
          }
          return { values: { codes: out } };
        },
      },
      { ...(signal && { signal }), ...(onProgress && { onProgress }) },
    );
    return Int32Array.from(await readRange(columns.codes, 0, pixels.length));
  } finally {
    encode.dispose();
  }
}

/** All studies as tokens. @returns also how many reports were cut */
export async function tokeniseStudies(
  vq: VqModel,
  tokenizer: Tokenizer,
  data: ViewStudies,
  options: TokeniseOptions,
): Promise<{ readonly studies: readonly TokenisedStudy[]; readonly cut: number }> {
  const codes = await imageCodes(vq, data, options);
  const places = codes.length / data.pixels.length;
  let cut = 0;
  const studies = data.studies.map(({ report, images }: ViewStudy): TokenisedStudy => {
    const { part, lost } = textPart(tokenizer, report);
    if (lost > 0) cut++;
    return {
      text: part,
      images: images.map(({ view, row }) => ({ kind: 'image', view, codes: codes.subarray(row * places, (row + 1) * places) })),
    };
  });
  return { studies, cut };
}
