/** The writer put to use. */

import type * as tf from '@tensorflow/tfjs-core';
import { generate, r2genWriter } from '../../decoders';
import { compileNetwork, dispose, scope, type Tree } from '../../engine';
import { nextTurn } from '../../engine/internal';
import type { Rows } from '../../files';
import { imageBatch, STUDIES_AT_ONCE } from './data/images';
import { type TextRows, textBatch, textRows } from './data/texts';
import type { Decoding } from './network/config';
import type { WriterModel } from './network/files';
import { type WriterInputs, type WriterParams, writerContext } from './network/writer';
import type { EncodeOptions } from './retrieve';

/** What reports are written from. */
export interface WrittenFrom {
  /** Grey images, size × size a row, 0 to 1. */
  readonly pixels: Rows;
  /** Core findings of each study's case, and its cleaned indication; undefined where there is none. What the network does not read is passed over. */
  readonly cases?: readonly (string | undefined)[];
  readonly indications?: readonly (string | undefined)[];
}

export interface WrittenReports {
  readonly texts: readonly string[];
  /** Reports of which nothing came: the stock sentence stands in their place. */
  readonly empty: number;
}

/** Writes reports. The caller disposes it; the model stays the caller's. */
export interface SeiWriter {
  /** @param decoding in place of the config's, in part @throws the signal's reason where it was raised */
  write(from: WrittenFrom, decoding?: Partial<Decoding>, options?: EncodeOptions): Promise<WrittenReports>;
  dispose(): void;
}

/** What the paper writes where nothing comes. */
const STOCK = 'there is no evidence of pulmonary.';

/** @throws RangeError (`write`) where there is not one text for each image, or the decoder has no positions for so many tokens */
export function seiWriter({ config, params, tokenizer }: WriterModel): SeiWriter {
  const { size } = config.image;
  const [start, end] = [tokenizer.startId!, tokenizer.endId!];
  const read = tokenizer.withLength(config.text.max_position_embeddings ?? 512);
  const decoder = r2genWriter(config.decoder, params.text_decoder);
  const contextOf = compileNetwork((weights: Tree, inputs: WriterInputs) =>
    scope(() => ({ context: writerContext(config, weights as WriterParams, inputs) })),
  );
  return {
    async write({ pixels, cases, indications }, changed = {}, { signal, onProgress } = {}) {
      const { beams, trigram_penalty, max_tokens } = { ...config.decoding, ...changed };
      const rowsFor = (what: 'case' | 'indication', texts: WrittenFrom['cases']): TextRows | undefined => {
        if (!config.reads.includes(what)) return undefined;
        const given = texts ?? Array<undefined>(pixels.length).fill(undefined);
        if (given.length !== pixels.length)
          throw new RangeError(`sei: expected a ${what} or undefined for each of ${pixels.length} images, got ${given.length}`);
        const missing = Array<undefined>(STUDIES_AT_ONCE).fill(undefined); // of the last batch
        return textRows(read, [...given, ...missing]);
      };
      const [similar, indication] = [rowsFor('case', cases), rowsFor('indication', indications)];
      const texts: string[] = [];
      for (let from = 0; from < pixels.length; from += STUDIES_AT_ONCE) {
        signal?.throwIfAborted();
        const to = Math.min(pixels.length, from + STUDIES_AT_ONCE);
        const chosen = Int32Array.from({ length: STUDIES_AT_ONCE }, (_, i) => from + i);
        const inputs: WriterInputs = {
          images: await imageBatch(pixels, from, to, size),
          ...(similar && { similar: textBatch(similar, chosen) }),
          ...(indication && { indication: textBatch(indication, chosen) }),
        };
        const { context } = contextOf(params as Tree, inputs) as { context: tf.Tensor3D };
        try {
          const { sequences } = generate(
            decoder,
            { ids: Array.from({ length: STUDIES_AT_ONCE }, () => [start]), context },
            {
              maxNewTokens: max_tokens,
              end,
              padding: tokenizer.padId,
              beams,
              lengthPenalty: 0,
              earlyStopping: 'never',
              processors: [{ kind: 'trigram_penalty', value: trigram_penalty }],
            },
          );
          for (let i = 0; i < to - from; i++) texts.push(tokenizer.text(untilEnd(sequences[i * beams]!, end)).trim());
        } finally {
          dispose(inputs as Tree, context);
        }
        onProgress?.(to, pixels.length);
        await nextTurn();
      }
      return { texts: texts.map((text) => text || STOCK), empty: texts.filter((text) => text === '').length };
    },
    dispose: () => contextOf.dispose(),
  };
}

/** The tokens between the mark of the beginning and that of the end. */
function untilEnd(sequence: readonly number[], end: number): readonly number[] {
  const at = sequence.indexOf(end, 1);
  return sequence.slice(1, at < 0 ? sequence.length : at);
}
